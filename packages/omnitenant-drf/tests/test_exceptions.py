"""Tests of omnitenant_drf.exceptions: errors that have an answer, and those that stay what they are."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import IntegrityError, connection
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.views import exception_handler as stock_handler

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantNotFound
from omnitenant_drf.exceptions import as_api_exception
from probe.models import Plan, Project, Tenant

TAKEN = {"name": ["project with this name already exists."]}

stored = pytest.mark.django_db(transaction=True)
"""For tests in which the database itself refuses a row, which breaks the transaction of a usual test."""


def make(tenant: Tenant, model: Any, **values: Any) -> Any:
    """Store a row of a tenant."""
    with TenantContext.use_tenant(tenant):
        return model.objects.create(**values)


@stored
def test_a_duplicate_of_a_plain_serializer_is_a_400(speak_both: Any, acme: Tenant) -> None:
    """Nothing checked it; the database refused it, and the connection goes on."""
    make(acme, Project, name="Roof")
    answer = speak_both(acme, "post", "/plain/", {"name": "Roof"})
    assert (answer.status_code, answer.json()) == (400, TAKEN)
    assert speak_both(acme, "post", "/plain/", {"name": "Cellar"}).status_code == 201
    assert len(speak_both(acme, "get", "/plain/").json()) == 2


@stored
def test_without_the_handler_it_is_a_server_error(speak: Any, acme: Tenant, settings: Any) -> None:
    """What the handler is for."""
    settings.REST_FRAMEWORK = {"TEST_REQUEST_DEFAULT_FORMAT": "json"}
    make(acme, Project, name="Roof")
    assert speak(acme, "post", "/plain/", {"name": "Roof"}).status_code == 500


@stored
def test_the_clients_name_of_a_field_is_told(speak: Any, acme: Tenant) -> None:
    """The same body as where the serializer had found out itself."""
    make(acme, Project, name="Roof")
    for path in ("/plain-renamed/", "/renamed/"):
        answer = speak(acme, "post", path, {"title": "Roof"})
        assert (answer.status_code, answer.json()) == (400, {"title": TAKEN["name"]})


@stored
def test_a_rule_whose_fields_the_serializer_has_not_all(speak: Any, acme: Tenant) -> None:
    """The address says which project it is, so the serializer cannot check; its save answers."""
    project = make(acme, Project, name="Roof")
    address = f"/projects/{project.pk}/tasks/"
    assert speak(acme, "post", address, {"title": "a"}).status_code == 201
    answer = speak(acme, "post", address, {"title": "a"})
    wanted = {"non_field_errors": ["The fields project, title must make a unique set."]}
    assert (answer.status_code, answer.json()) == (400, wanted)


@stored
def test_unique_together_with_all_fields_of_a_plain_serializer(speak: Any, acme: Tenant) -> None:
    """The taught key stands among the fields; a duplicate is 400 there too."""
    body = {"label": "red", "group": "few"}
    answer = speak(acme, "post", "/plain-all-tags/", body)
    assert (answer.status_code, answer.json()["tenant"]) == (201, acme.pk)
    assert speak(acme, "post", "/plain-all-tags/", body).status_code == 400
    assert speak(acme, "post", "/plain-all-tags/", {**body, "group": "all"}).status_code == 201


@stored
def test_what_is_unique_among_all_tenants_is_a_400(speak: Any, acme: Tenant, globex: Tenant) -> None:
    """A stranger's row is not seen by any check, so only the database knows of it."""
    make(globex, Plan, title="Basic", voucher="x1")
    answer = speak(acme, "post", "/plans/", {"title": "Basic", "voucher": "x1"})
    wanted = {"voucher": ["plan with this voucher already exists."]}
    assert (answer.status_code, answer.json()) == (400, wanted)


@stored
def test_a_transaction_of_the_request_is_rolled_back(
    speak_both: Any, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ATOMIC_REQUESTS nothing of a refused request stays; without, what was committed does."""
    make(acme, Project, name="Roof")
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    answer = speak_both(acme, "post", "/first-then-duplicate/", {"name": "Roof"})
    assert (answer.status_code, answer.json()) == (400, TAKEN)
    assert len(speak_both(acme, "get", "/plain/").json()) == 1
    assert speak_both(acme, "post", "/plain/", {"name": "Cellar"}).status_code == 201
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", False)
    assert speak_both(acme, "post", "/first-then-duplicate/", {"name": "Roof"}).status_code == 400
    names = [row["name"] for row in speak_both(acme, "get", "/plain/").json()]
    assert names == ["Roof", "Cellar", "first"]


def test_a_transaction_around_save_stays_usable(speak: Any, acme: Tenant) -> None:
    """The serializer's own savepoint takes the refusal: the view goes on with its statements."""
    answer = speak(acme, "post", "/careful/", {"name": "Roof"})
    assert answer.json() == {"caught": TAKEN, "count": 1}


@pytest.mark.parametrize(
    ("kind", "status", "detail", "code"),
    [
        ("required", 400, "This request needs a tenant.", "tenant_required"),
        ("notfound", 404, "Not found.", "tenant_not_found"),
        ("domain", 404, "Not found.", "tenant_not_found"),
        ("mismatch", 404, "Not found.", "not_found"),
        (
            "inactive",
            503,
            "Service temporarily unavailable, try again later.",
            "tenant_inactive",
        ),
    ],
)
def test_errors_about_tenants_have_answers(
    speak_both: Any, acme: Tenant, kind: str, status: int, detail: str, code: str
) -> None:
    """Each has its status and a code, and tells nothing about any tenant."""
    answer = speak_both(acme, "get", f"/fail/{kind}/")
    assert answer.status_code == status
    assert answer.json() == {"detail": detail, "code": code}
    assert answer.headers.get("Retry-After") == ("300" if status == 503 else None)


@pytest.mark.parametrize("kind", ["required", "notfound", "domain", "mismatch", "inactive"])
def test_the_reason_is_shown_to_developers_only(
    speak: Any, acme: Tenant, settings: Any, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With DEBUG it is in the body; in the log always, once, and never as an error."""
    settings.DEBUG = True
    assert "secret" in speak(acme, "get", f"/fail/{kind}/").json()["reason"]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "secret" in record.getMessage()
    assert bool(record.exc_info) is (kind in {"required", "mismatch"})


@pytest.mark.parametrize("kind", ["check", "foreign", "value", "provisioning"])
def test_all_other_errors_stay_what_they_are(speak: Any, acme: Tenant, kind: str) -> None:
    """What the client cannot be blamed for is the server's error."""
    assert speak(acme, "get", f"/fail/{kind}/").status_code == 500


@stored
def test_another_tenants_key_in_a_body_is_a_404(speak: Any, acme: Tenant, globex: Tenant) -> None:
    """A plain serializer that takes the visible key does not get it past the row scope."""
    body = {"name": "top", "tenant": globex.pk}
    answer = speak(acme, "post", "/plain-shelves/", body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert speak(acme, "post", "/plain-shelves/", {**body, "tenant": acme.pk}).status_code == 201


def test_entering_a_suspended_tenant_is_a_503(speak: Any, acme: Tenant, make_tenant: Any) -> None:
    """A view that works for another tenant meets one that is closed."""
    make_tenant("globex")
    make_tenant("initech", state=Tenant.State.SUSPENDED)
    assert speak(acme, "get", "/elsewhere/globex/").status_code == 200
    assert speak(acme, "get", "/elsewhere/initech/").status_code == 503


@pytest.mark.parametrize("path", ["/projects/", "/plain/", "/tasks/"])
def test_tenants_rows_on_the_masters_host_are_a_400(client: Any, acme: Tenant, path: str) -> None:
    """Where no tenant is active there is nothing to list and nowhere to store."""
    body = {"name": "Roof", "title": "a", "project": 1}
    headers = {"host": "www.example.com"}
    for answer in (
        client.get(path, headers=headers),
        client.post(path, body, content_type="application/json", headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "tenant_required")


def test_projects_can_convert_in_a_handler_of_their_own(acme: Tenant) -> None:
    """The exception is REST framework's, so its own handler and others can answer it."""
    converted = as_api_exception(TenantNotFound("secret is unknown"))
    assert isinstance(converted, APIException)
    answer = stock_handler(converted, {})
    assert answer is not None
    assert (answer.status_code, answer.data) == (404, {"detail": "Not found."})
    text = "UNIQUE constraint failed: probe_project.tenant_id, probe_project.name"
    refused = as_api_exception(IntegrityError(text))
    assert isinstance(refused, ValidationError)
    assert refused.get_codes() == {"name": ["unique"]}
    error = ValueError("anything")
    assert as_api_exception(error) is error


@stored
def test_a_view_whose_serializer_cannot_be_made_is_answered_too(acme: Tenant) -> None:
    """Names of fields are a courtesy: without them the model's are told."""

    class View:
        def get_serializer(self) -> Any:
            raise AssertionError

    text = "UNIQUE constraint failed: probe_project.tenant_id, probe_project.name"
    for view in (View(), object(), None):
        converted = as_api_exception(IntegrityError(text), {"view": view})
        assert isinstance(converted, ValidationError)
        assert converted.detail == TAKEN


@stored
def test_another_models_rule_keeps_that_models_names(acme: Tenant) -> None:
    """The names of a serializer are not used for a model that it is not for."""
    from probe.serializers import RenamedProjectSerializer

    class View:
        def get_serializer(self) -> Any:
            return RenamedProjectSerializer()

    text = "UNIQUE constraint failed: probe_shelf.tenant_id, probe_shelf.name"
    converted = as_api_exception(IntegrityError(text), {"view": View()})
    assert isinstance(converted, ValidationError)
    assert converted.detail == {"name": ["shelf with this name already exists."]}
