"""The admin on a tenant's host."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from harness.browser import Site
from harness.register import topic
from harness.tools import no_secret, only

probe = topic("admin")


def admin_form(w: Any, page: str, **changes: Any) -> dict[str, Any]:
    """Return what the add page of a project sends."""
    management = {"tasks-TOTAL_FORMS": "0", "tasks-INITIAL_FORMS": "0"}
    return {"name": "new", "budget": "1", "settings": "{}", **(management if page == "project" else {}), **changes}


PAGES = {
    "index": "",
    "projects": "world/project/",
    "tasks": "world/task/",
    "tags": "world/tag/",
    "new project": "world/project/add/",
    "new task": "world/task/add/",
    "search": "world/project/?q=known",
    "search over a relation": "world/project/?q=task",
    "facets": "world/project/?_facets=True",
    "everything": "world/project/?all=",
    "ordering": "world/project/?o=-2",
}


@probe(needs="shared", cases=PAGES)
def page(w: Any, path: str) -> None:
    """A page of the admin shows nothing of another tenant's."""
    answer = Site(w, w.A)(path)
    assert answer.status_code == 200, answer.status_code
    text = answer.content.decode()
    no_secret(w, text)
    found = re.search(r'.{0,40}(value="20\d\d"|/(project|task|tag)/20\d\d/).{0,20}', text)
    assert not found, f"a stranger's key: {found[0]}"


@probe(needs="shared")
def list_of_own_rows(w: Any) -> None:
    """The list of a model holds own rows."""
    rows = Site(w, w.A)("world/project/").context["cl"].queryset
    with w.enter(w.A):
        only({row.pk for row in rows}, w.A.all("Project"))


FACETS = {
    "tags": lambda w: f"world/project/?tags__id__exact={w.B.tag_pk}",
    "project": lambda w: f"world/task/?project__id__exact={w.B.project_pk}",
    "lookup": lambda w: "world/project/?budget__gt=2000",
    "over a relation": lambda w: "world/project/?tasks__title__contains=known",
}


@probe(needs="shared", cases=FACETS)
def filter_by_a_stranger(w: Any, path: Callable[[Any], str]) -> None:
    """A filter by another tenant's row, in the address, finds nothing."""
    answer = Site(w, w.A)(path(w))
    no_secret(w, answer.content.decode())
    if answer.status_code == 200:
        with w.enter(w.A):
            assert not list(answer.context["cl"].result_list)


@probe(needs="shared", cases={"change": "change/", "delete": "delete/", "history": "history/"})
def page_of_a_row_of_a_stranger(w: Any, what: str) -> None:
    """The pages of another tenant's row are those of a row that does not exist."""
    site = Site(w, w.A)
    theirs, nothing = site(f"world/project/{w.B.project_pk}/{what}"), site(f"world/project/987654/{what}")
    assert theirs.status_code == nothing.status_code, (theirs.status_code, nothing.status_code)
    no_secret(w, theirs.content.decode())
    answer = site(f"world/project/{w.B.project_pk}/{what}", {"post": "yes", **admin_form(w, "project")})
    assert answer.status_code in {302, 404, 405}, answer.status_code


@probe(needs="shared")
def new_row(w: Any) -> None:
    """A row that is made in the admin belongs to the tenant, and so does its entry in the log."""
    answer = Site(w, w.A)("world/project/add/", admin_form(w, "project", tags=[w.A.tag_pk], people=[]))
    assert answer.status_code == 302, answer.context["errors"]
    with w.enter(w.A):
        made = w.Project.objects.get(name="new")
        only(made.tags.values_list("pk", flat=True), [w.A.tag_pk])


REFERENCES: dict[str, Callable[[Any], tuple[str, dict[str, Any]]]] = {
    "picker": lambda w: ("task", {"title": "new", "project": w.B.project_pk, "hours": "1"}),
    "raw id": lambda w: ("task", {"title": "new", "project": w.A.project_pk, "parent": w.B.task_pk, "hours": "1"}),
    "many-to-many": lambda w: ("project", admin_form(w, "project", tags=[w.B.tag_pk])),
}


@probe(needs="shared", cases=REFERENCES)
def reference_to_a_stranger(w: Any, send: Callable[[Any], tuple[str, dict[str, Any]]]) -> None:
    """A row cannot be made to refer to another tenant's, and the answer shows nothing of it."""
    model, data = send(w)
    answer = Site(w, w.A)(f"world/{model}/add/", data)
    assert answer.status_code == 200, "it was stored"
    assert answer.context["errors"]
    no_secret(w, answer.content.decode())


@probe(needs="shared")
def duplicate(w: Any) -> None:
    """A duplicate of an own row is an error on the page, and one of another tenant's is none."""
    site = Site(w, w.A)
    assert site("world/tag/add/", {"name": "urgent"}).status_code == 200
    assert site("world/tag/add/", {"name": f"{w.secret} tag"}).status_code == 302
    assert site("world/project/add/", admin_form(w, "project", name="alpha")).status_code == 200
    assert site("world/project/add/", admin_form(w, "project", name="beta")).status_code == 302


@probe(needs="shared")
def autocomplete(w: Any) -> None:
    """What completes a text are own rows."""
    site = Site(w, w.A)
    question = "autocomplete/?app_label=world&model_name=task&field_name=project&term="
    only([row["id"] for row in site(question).json()["results"]], [str(pk) for pk in w.A.all("Project")])
    assert site(f"{question}beta").json()["results"] == []


@probe(needs="shared")
def action_on_rows_of_strangers(w: Any) -> None:
    """An action on keys that the client made up reaches own rows only."""
    data = {"action": "delete_selected", "_selected_action": [w.A.tag2_pk, w.B.tag_pk, w.B.tag2_pk], "post": "yes"}
    Site(w, w.A)("world/tag/", data)
    with w.enter(w.A):
        only(w.Tag.objects.values_list("pk", flat=True), [w.A.tag_pk])


@probe(needs="shared")
def list_that_is_edited(w: Any) -> None:
    """A list that is edited in place does not change a row whose key the client made up."""
    data = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": w.B.project_pk,
        "form-0-budget": "0",
        "_save": "Save",
    }
    answer = Site(w, w.A)("world/project/", data)
    no_secret(w, answer.content.decode())


@probe(needs="shared")
def inline_of_a_stranger(w: Any) -> None:
    """A row in a page does not change another tenant's child whose key the client made up."""
    data = admin_form(w, "project", name="alpha")
    data |= {
        "tasks-TOTAL_FORMS": "1",
        "tasks-INITIAL_FORMS": "1",
        "tasks-0-id": w.B.task_pk,
        "tasks-0-project": w.A.project_pk,
        "tasks-0-title": "stolen",
        "tasks-0-hours": "1",
    }
    answer = Site(w, w.A)(f"world/project/{w.A.project_pk}/change/", data)
    no_secret(w, answer.content.decode())


@probe(needs="shared")
def deletion_page(w: Any) -> None:
    """The page that asks before deleting lists own rows that go along."""
    text = Site(w, w.A)(f"world/project/{w.A.project_pk}/delete/").content.decode()
    no_secret(w, text)
    assert "Invoice object (1001)" in text
    assert "(2001)" not in text
