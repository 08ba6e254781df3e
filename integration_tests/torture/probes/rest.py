"""The REST API, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.register import topic
from harness.tools import no_secret, only

probe = topic("drf")
filtered = topic("filters")


class Api:
    """A client of the API on the host of a tenant."""

    def __init__(self, side: Any = None) -> None:
        from rest_framework.test import APIClient

        self.client = APIClient()
        self.host = f"{side.tenant.tenant_id}.example.com" if side else "www.example.com"

    def __call__(self, method: str, path: str, data: Any = None) -> Any:
        """Send a request; the answer has no server error."""
        answer = getattr(self.client, method)(f"/api/{path}", data, headers={"host": self.host})
        assert answer.status_code < 500, f"{answer.status_code}: {answer.content[:200]!r}"
        return answer


@probe(essential=True)
def list_of_rows(w: Any) -> None:
    """A list shows own rows, also to one tenant after the other."""
    for side in (w.A, w.B, w.A):
        found = Api(side)("get", "projects/").json()
        only([row["id"] for row in found], side.all("Project"))


PATHS = {
    "project": lambda w: f"projects/{w.B.project_pk}/",
    "task": lambda w: f"tasks/{w.B.task_pk}/",
    "tag": lambda w: f"tags/{w.B.tag_pk}/",
    "all fields": lambda w: f"everything/{w.B.project_pk}/",
}


@probe(essential=True, cases=PATHS)
def row_of_a_stranger(w: Any, path: Callable[[Any], str]) -> None:
    """Another tenant's row is not found, whatever is done with it."""
    api = Api(w.A)
    for method in ("get", "put", "patch", "delete"):
        answer = api(method, path(w), {"name": "stolen", "title": "stolen"} if method[0] == "p" else None)
        assert answer.status_code == 404, f"{method}: {answer.status_code}"


@probe(essential=True)
def new_row(w: Any) -> None:
    """A new row belongs to the tenant whose host was asked."""
    answer = Api(w.A)("post", "tags/", {"name": "new"})
    assert answer.status_code == 201, answer.content
    with w.enter(w.A):
        assert w.Tag.objects.filter(name="new").exists()


@probe(essential=True)
def tenant_in_the_body(w: Any) -> None:
    """A tenant in the body is not looked at."""
    body = {"name": "new", "tenant": w.B.tenant.pk, "tenant_id": w.B.tenant.pk, "budget": 1, "tags": []}
    for path in ("tags/", "everything/"):
        answer = Api(w.A)("post", path, body)
        assert answer.status_code in {201, 400}, answer.content
    with w.enter(w.A):
        assert w.Tag.objects.filter(name="new").exists()


REFERENCES: dict[str, Callable[[Any], tuple[str, dict[str, Any]]]] = {
    "by primary key": lambda w: ("tasks/", {"title": "x", "project": w.B.project_pk}),
    "optional": lambda w: ("tasks/", {"title": "x", "project": w.A.project_pk, "backup": w.B.project_pk}),
    "by name": lambda w: ("named-tasks/", {"title": "x", "project": "beta"}),
    "many-to-many": lambda w: ("projects/", {"name": "x", "tags": [w.B.tag_pk]}),
    "one of many": lambda w: ("projects/", {"name": "x", "tags": [w.A.tag_pk, w.B.tag_pk]}),
}


@probe(essential=True, cases=REFERENCES)
def reference_to_a_stranger(w: Any, send: Callable[[Any], tuple[str, dict[str, Any]]]) -> None:
    """A reference to another tenant's row is a bad request, in the words for one that does not exist."""
    path, body = send(w)
    answer = Api(w.A)("post", path, body)
    assert answer.status_code == 400, answer.content
    assert "does not exist" in answer.content.decode(), answer.content


@probe(essential=True)
def changed_reference_to_a_stranger(w: Any) -> None:
    """A row is not changed to refer to another tenant's."""
    answer = Api(w.A)("patch", f"tasks/{w.A.task_pk}/", {"project": w.B.project_pk})
    assert answer.status_code == 400, answer.content


@probe(essential=True)
def own_references(w: Any) -> None:
    """References to own rows are stored, by key, by name and many at once."""
    api = Api(w.A)
    for path, body in (
        ("tasks/", {"title": "x", "project": w.A.project2_pk, "backup": w.A.project_pk}),
        ("named-tasks/", {"title": "x", "project": "alpha"}),
        ("projects/", {"name": "x", "tags": [w.A.tag_pk, w.A.tag2_pk]}),
    ):
        answer = api("post", path, body)
        assert answer.status_code == 201, answer.content


DUPLICATES = {
    "expressions": ("tags/", {"name": "urgent"}),
    "fields": ("projects/", {"name": "alpha", "tags": []}),
    "together": ("labels/", {"name": "red"}),
    "condition": ("labels/", {"name": "x", "code": "r"}),
    "own message": ("labels/", {"name": "x", "place": 1}),
}


@probe(essential=True, cases=DUPLICATES)
def duplicate(w: Any, send: tuple[str, dict[str, Any]]) -> None:
    """A duplicate of an own row is a bad request, never a server error."""
    path, body = send
    answer = Api(w.A)("post", path, body)
    assert answer.status_code == 400, answer.content


@probe(
    essential=True, cases={"tag": ("tags/", "tag"), "label": ("labels/", "label"), "project": ("projects/", "project")}
)
def duplicate_by_a_change(w: Any, case: tuple[str, str]) -> None:
    """A change that makes a duplicate of an own row is a bad request."""
    path, model = case
    with w.enter(w.A):
        name = getattr(w, model.title()).objects.get(pk=w.A.pks[model]).name
    answer = Api(w.A)("patch", f"{path}{w.A.pks[f'{model}2']}/", {"name": name})
    assert answer.status_code == 400, answer.content


@probe(essential=True)
def duplicate_before_it_is_stored(w: Any) -> None:
    """A serializer says of a duplicate of an own row, before it is stored, which field is wrong."""
    from world.api import LabelSerializer, TagSerializer

    with w.enter(w.A):
        for serializer, wrong in (
            (TagSerializer(data={"name": "urgent"}), "name"),
            (LabelSerializer(data={"name": "red"}), "name"),
            (LabelSerializer(data={"name": "x", "code": "r"}), "code"),
        ):
            assert not serializer.is_valid(), wrong
            only(serializer.errors, [wrong])


@probe(essential=True, commits=True)
def duplicate_that_only_the_database_finds(w: Any) -> None:
    """A duplicate that no serializer looked for is a bad request all the same, and another tenant's is none."""
    api = Api(w.A)
    assert api("post", "plain-tags/", {"name": "urgent"}).status_code == 400
    assert api("patch", f"plain-tags/{w.A.tag2_pk}/", {"name": "urgent"}).status_code == 400
    assert api("post", "plain-tags/", {"name": f"{w.secret} tag"}).status_code == 201


@probe(essential=True)
def value_of_a_stranger(w: Any) -> None:
    """A value that another tenant has may be used."""
    api = Api(w.A)
    for path, body in (
        ("tags/", {"name": f"{w.secret} tag"}),
        ("projects/", {"name": "beta", "tags": []}),
        ("labels/", {"name": w.secret}),
        ("labels/", {"name": "x", "code": "only b"}),
        ("labels/", {"name": "y", "place": 3}),
    ):
        answer = api("post", path, body)
        assert answer.status_code == 201, answer.content


@probe(essential=True)
def from_rows_of_nobody(w: Any) -> None:
    """Rows of nobody's show own rows in what hangs on them."""
    found = {row["code"]: row["projects"] for row in Api(w.A)("get", "countries/").json()}
    only(found["de"], w.A.all("Project"))
    assert found["fr"] == []


@probe(essential=True)
def nested_rows(w: Any) -> None:
    """What is nested in a row is an own row's."""
    no_secret(w, Api(w.A)("get", "projects/").content.decode())
    no_secret(w, Api(w.A)("get", "tasks/").content.decode())


@probe(essential=True)
def options_of_a_field(w: Any) -> None:
    """The description of an endpoint lists own rows as choices, if any."""
    answer = Api(w.A)("options", "tasks/")
    no_secret(w, answer.content.decode())


@probe(essential=True)
def host_of_the_master(w: Any) -> None:
    """The master's host shows no tenant's rows."""
    answer = Api()("get", "projects/")
    assert answer.status_code in {400, 403, 404}, f"{answer.status_code}: {answer.content[:100]!r}"
    no_secret(w, answer.content.decode())


@probe(essential=True)
def unknown_host(w: Any) -> None:
    """An unknown host is not found."""
    api = Api()
    api.host = "c.example.com"
    assert api("get", "projects/").status_code == 404


@probe(essential=True)
def serializer_that_was_made_by_another(w: Any) -> None:
    """A serializer that was made as another tenant asks about the active tenant's rows."""
    from world.api import TaskSerializer

    with w.enter(w.B):
        serializer = TaskSerializer(data={"title": "x", "project": w.B.project_pk})
    with w.enter(w.A):
        assert not serializer.is_valid()


@filtered(essential=True)
def by_a_row_of_a_stranger(w: Any) -> None:
    """A filter by another tenant's row is a bad request."""
    api = Api(w.A)
    assert api("get", f"tasks/?project={w.B.project_pk}").status_code == 400
    assert api("get", f"tasks/?tag={w.B.tag_pk}").status_code == 400


@filtered(essential=True)
def by_an_own_row(w: Any) -> None:
    """A filter by an own row finds own rows."""
    api = Api(w.A)
    only([row["id"] for row in api("get", f"tasks/?project={w.A.project_pk}").json()], w.A.all("Task"))
    only([row["id"] for row in api("get", f"tasks/?tag={w.A.tag_pk}").json()], w.A.all("Task"))


@filtered(essential=True)
def by_a_value_of_a_stranger(w: Any) -> None:
    """A filter by a value that another tenant has finds nothing."""
    assert Api(w.A)("get", "tasks/?title__contains=known").json() == []
    assert Api(w.A)("get", "tasks/?hours__gt=1500").json() == []


@filtered(essential=True)
def choices(w: Any) -> None:
    """The form of a filter shows own rows."""
    from world.api import TaskFilter

    with w.enter(w.A):
        filterset = TaskFilter({}, queryset=w.Task.objects.all())
        no_secret(w, filterset.form.as_p())
        assert 'value="1001"' in filterset.form.as_p()


@filtered(essential=True)
def generated(w: Any) -> None:
    """A generated filter over relations finds own rows."""
    import django_filters

    class Generated(django_filters.FilterSet):
        class Meta:
            model = w.Task
            fields = ["project", "project__tags", "project__name", "backup"]

    with w.enter(w.A):
        only(
            [row.pk for row in Generated({"project__name": "alpha"}, queryset=w.Task.objects.all()).qs], w.A.all("Task")
        )
        assert not Generated({"project__name": "beta"}, queryset=w.Task.objects.all()).qs.exists()
        assert not Generated({"project": w.B.project_pk}, queryset=w.Task.objects.all()).is_valid()
        no_secret(w, Generated({}, queryset=w.Task.objects.all()).form.as_p())
