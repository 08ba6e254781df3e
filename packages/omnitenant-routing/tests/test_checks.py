"""System checks of routing: each finding is shown by making the fault."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from omnitenant_routing.checks.databases import check_databases, check_router
from omnitenant_routing.checks.known_apps import check_known_apps

MODELS = {"TENANT_MODEL": "probe.Tenant", "DOMAIN_MODEL": "probe.Domain"}


def ids(found: list[Any]) -> list[str]:
    """Name what was found; every finding has a remedy."""
    assert all(each.hint for each in found)
    return [each.id for each in found]


@pytest.mark.django_db
def test_a_project_in_order_has_no_findings() -> None:
    """Neither the fast checks nor those for deployment find an error."""
    call_command("check", fail_level="WARNING")
    assert check_router() == []
    assert check_databases() == []


@override_settings(DATABASE_ROUTERS=[])
def test_a_missing_router() -> None:
    """Without it every tenant would be the master."""
    assert ids(check_router()) == ["omnitenant_routing.E001"]


@override_settings(DATABASE_ROUTERS=["probe.routers.DerivedRouter"])
def test_a_router_that_is_derived_counts() -> None:
    """A project may extend it."""
    assert check_router() == []


@pytest.mark.parametrize("name", ["MASTER_DB_ALIAS", "PUBLIC_DB_ALIAS"])
def test_an_alias_that_does_not_exist(name: str) -> None:
    """The finding names the setting and what there is."""
    with override_settings(OMNITENANT_CONFIG={**MODELS, name: "nowhere"}):
        (found,) = check_databases()
    assert found.id == "omnitenant_routing.E002"
    assert name in found.msg
    assert "'default'" in found.hint


@override_settings(OMNITENANT_CONFIG={**MODELS, "MASTER_CACHE_ALIAS": "nowhere"})
def test_a_cache_that_does_not_exist() -> None:
    """The master's cache must be one of the project's."""
    assert ids(check_databases()) == ["omnitenant_routing.E003"]


def test_a_database_that_hides_the_master(monkeypatch: pytest.MonkeyPatch) -> None:
    """``master`` is a reserved alias, unless it is the master's own."""
    monkeypatch.setitem(connections.settings, "master", connections.settings["default"])
    assert ids(check_databases()) == ["omnitenant_routing.E004"]
    with override_settings(OMNITENANT_CONFIG={**MODELS, "MASTER_DB_ALIAS": "master"}):
        assert check_databases() == []


@override_settings(OMNITENANT_CONFIG={**MODELS, "MASTER_DB_ALIAS": "core", "PUBLIC_DB_ALIAS": "default"})
def test_shared_tables_behind_a_name_that_means_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """``default`` follows the context, so it cannot name one database."""
    monkeypatch.setitem(connections.settings, "core", connections.settings["default"])
    assert ids(check_databases()) == ["omnitenant_routing.E005"]


@pytest.mark.django_db
def test_known_apps_are_named_on_request_only(capsys: pytest.CaptureFixture[str]) -> None:
    """Each has its scope and the reason; a check that is run all day says nothing of it."""
    (found,) = check_known_apps()
    assert (found.id, "'contenttypes' is treated as shared" in found.msg) == ("omnitenant_routing.I001", True)
    call_command("check")
    assert "contenttypes" not in "".join(capsys.readouterr())
