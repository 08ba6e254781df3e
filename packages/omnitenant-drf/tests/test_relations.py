"""Tests of related fields and class-level querysets: rows of another tenant do not exist."""

from __future__ import annotations

from typing import Any

import pytest

from omnitenant_context.context import TenantContext
from probe.models import Project, Tag, Task, Tenant


@pytest.fixture
def rows(acme: Tenant, globex: Tenant) -> dict[str, Any]:
    """Give each tenant a project and a tag."""
    found: dict[str, Any] = {}
    for tenant in (acme, globex):
        with TenantContext.use_tenant(tenant):
            found[tenant.tenant_id] = (
                Project.objects.create(name=f"of {tenant.tenant_id}"),
                Tag.objects.create(label=f"tag-{tenant.tenant_id}"),
            )
    return found


@pytest.mark.parametrize("path", ["projects", "plain", "generic"])
def test_querysets_at_class_level_follow_the_tenant(
    speak_both: Any, acme: Tenant, globex: Tenant, rows: Any, path: str
) -> None:
    """Lists, single rows, changes and deletions, in turns; strangers' rows are 404."""
    for tenant, other in ((acme, globex), (globex, acme), (acme, globex)):
        mine, theirs = rows[tenant.tenant_id][0], rows[other.tenant_id][0]
        listed = speak_both(tenant, "get", f"/{path}/").json()
        assert [row["id"] for row in listed] == [mine.pk]
        assert speak_both(tenant, "get", f"/{path}/{mine.pk}/").status_code == 200
        for method in ("get", "put", "patch", "delete"):
            data = None if method in {"get", "delete"} else {"name": "x"}
            answer = speak_both(tenant, method, f"/{path}/{theirs.pk}/", data)
            assert answer.status_code == 404, method
    assert speak_both(acme, "delete", f"/{path}/{rows['acme'][0].pk}/").status_code == 204
    assert len(speak_both(globex, "get", f"/{path}/").json()) == 1


def test_keys_of_another_tenants_rows_do_not_exist(speak_both: Any, acme: Tenant, globex: Tenant, rows: Any) -> None:
    """A foreign key and a many-to-many field by primary key."""
    (project, tag), (theirs, their_tag) = rows["acme"], rows["globex"]
    body = {"title": "a", "project": project.pk, "tags": [tag.pk]}
    assert speak_both(acme, "post", "/tasks/", body).status_code == 201
    body = {"title": "b", "project": theirs.pk, "tags": [tag.pk, their_tag.pk]}
    answer = speak_both(acme, "post", "/tasks/", body)
    assert answer.status_code == 400
    assert answer.json() == {
        "project": [f'Invalid pk "{theirs.pk}" - object does not exist.'],
        "tags": [f'Invalid pk "{their_tag.pk}" - object does not exist.'],
    }
    with TenantContext.use_tenant(globex):
        assert not Task.objects.exists()


def test_bare_numbers_of_another_tenants_rows(speak_both: Any, acme: Tenant, rows: Any) -> None:
    """A number that no field looks up is refused when it is stored: 404, as for a row that is not there."""
    (project, _tag), (theirs, _) = rows["acme"], rows["globex"]
    answer = speak_both(acme, "post", "/numbered/", {"title": "a", "project_id": project.pk})
    assert answer.status_code == 201
    for number in (theirs.pk, 12345):
        for method, path in (("post", "/numbered/"), ("put", f"/numbered/{answer.json()['id']}/")):
            refused = speak_both(acme, method, path, {"title": "b", "project_id": number})
            assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    with TenantContext.use_tenant(acme):
        assert Task.objects.values_list("title", "project").get() == ("a", project.pk)


def test_slugs_of_another_tenants_rows_do_not_exist(speak: Any, acme: Tenant, rows: Any) -> None:
    """The same by any other field, whose querysets stand at class level."""
    body = {"title": "a", "project": "of acme", "tags": ["tag-acme"]}
    assert speak(acme, "post", "/slugs/", body).status_code == 201
    answer = speak(acme, "post", "/slugs/", {**body, "project": "of globex"})
    assert answer.json() == {"project": ["Object with name=of globex does not exist."]}
    answer = speak(acme, "post", "/slugs/", {**body, "title": "b", "tags": ["tag-globex"]})
    assert answer.json() == {"tags": ["Object with label=tag-globex does not exist."]}


def test_links_to_another_tenants_rows_do_not_exist(speak: Any, acme: Tenant, globex: Tenant, rows: Any) -> None:
    """Links are made for the tenant's host. Of a link that comes in only the path is read."""
    mine, theirs = rows["acme"][0], rows["globex"][0]
    link = f"http://acme.example.com/projects/{mine.pk}/"
    answer = speak(acme, "post", "/linked/", {"title": "a", "project": link})
    assert (answer.status_code, answer.json()["project"]) == (201, link)
    assert answer.json()["url"].startswith("http://acme.example.com/linked/")
    link = f"http://globex.example.com/projects/{theirs.pk}/"
    answer = speak(acme, "post", "/linked/", {"title": "b", "project": link})
    wanted = {"project": ["Invalid hyperlink - Object does not exist."]}
    assert (answer.status_code, answer.json()) == (400, wanted)


def test_links_keep_the_part_of_the_path_that_names_the_tenant(
    configure: Any, client: Any, acme: Tenant, rows: Any
) -> None:
    """With tenants in the path, links go out with it and come in with it."""
    configure(TENANT_RESOLVER="omnitenant_models.resolvers.PathTenantResolver")
    mine = rows["acme"][0]
    link = f"http://www.example.com/t/acme/projects/{mine.pk}/"
    answer = client.post(
        "/t/acme/linked/",
        {"title": "a", "project": link},
        content_type="application/json",
        headers={"host": "www.example.com"},
    )
    assert (answer.status_code, answer.json()["project"]) == (201, link)


def test_rows_below_another_tenants_row_do_not_exist(speak: Any, acme: Tenant, rows: Any) -> None:
    """An address that names a parent row finds the tenant's own only."""
    mine, theirs = rows["acme"][0], rows["globex"][0]
    assert speak(acme, "post", f"/projects/{mine.pk}/tasks/", {"title": "a"}).status_code == 201
    assert speak(acme, "post", f"/projects/{theirs.pk}/tasks/", {"title": "a"}).status_code == 404
