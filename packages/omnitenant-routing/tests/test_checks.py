"""System checks of routing: each finding is shown by making the fault."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from omnitenant_routing.checks.databases import check_databases, check_placement, check_router
from omnitenant_routing.checks.engine import check_engine, check_schema_databases
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


@pytest.mark.parametrize("name", ["MASTER_DB_ALIAS", "PUBLIC_DB_ALIAS", "TENANT_DB_ALIASES", "REPLICAS"])
def test_an_alias_that_does_not_exist(name: str) -> None:
    """The finding names the setting and what there is."""
    several = {"TENANT_DB_ALIASES": ["default", "nowhere"], "REPLICAS": {"nowhere": "default"}}
    with override_settings(OMNITENANT_CONFIG={**MODELS, name: several.get(name, "nowhere")}):
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


@pytest.mark.parametrize("setting", [{"PUBLIC_DB_ALIAS": "default"}, {"TENANT_DB_ALIASES": ["core", "default"]}])
def test_places_behind_a_name_that_means_here(monkeypatch: pytest.MonkeyPatch, setting: dict[str, Any]) -> None:
    """``default`` follows the context, so it cannot name one database."""
    monkeypatch.setitem(connections.settings, "core", connections.settings["default"])
    with override_settings(OMNITENANT_CONFIG={**MODELS, "MASTER_DB_ALIAS": "core", **setting}):
        assert ids(check_databases()) == ["omnitenant_routing.E005"]


@pytest.mark.parametrize("rule", ["nowhere.rule", "probe.models.missing", "probe.models.__doc__"])
def test_a_rule_of_placement_that_is_none(rule: str) -> None:
    """It would be missed with the next new tenant only."""
    with override_settings(OMNITENANT_CONFIG={**MODELS, "PLACEMENT": rule}):
        (found,) = check_placement()
    assert (found.id, rule in found.msg) == ("omnitenant_routing.E011", True)
    with override_settings(OMNITENANT_CONFIG={**MODELS, "PLACEMENT": "probe.models.Note"}):
        assert check_placement() == []


@pytest.mark.django_db
def test_known_apps_are_named_on_request_only(capsys: pytest.CaptureFixture[str]) -> None:
    """Each has its scope and the reason; a check that is run all day says nothing of it."""
    (found,) = check_known_apps()
    assert (found.id, "'contenttypes' is treated as shared" in found.msg) == ("omnitenant_routing.I001", True)
    call_command("check")
    assert "contenttypes" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, []),
        ({"OPTIONS": {"options": "-c search_path=a"}}, ["omnitenant_routing.W008"]),
        ({"OPTIONS": {"options": "-c work_mem=8MB", "prepare_threshold": None}}, []),
        ({"OPTIONS": {"prepare_threshold": 0}}, ["omnitenant_routing.W009"]),
        ({"OMNITENANT_POOLED": True}, ["omnitenant_routing.W010"]),
        ({"OMNITENANT_POOLED": True, "DISABLE_SERVER_SIDE_CURSORS": True}, []),
        ({"OMNITENANT_POOLED": False}, []),
    ],
)
@pytest.mark.parametrize("engine", ["omnitenant_routing.postgresql", "django_omnitenant.backends.postgresql"])
def test_options_that_work_against_the_engine(
    settings: dict[str, Any], found: list[str], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of other engines are nobody's business here."""
    monkeypatch.setitem(connections.settings, "other", {"ENGINE": engine, **settings})
    assert ids(check_engine()) == found
    monkeypatch.setitem(connections.settings, "other", {"ENGINE": "django.db.backends.postgresql", **settings})
    assert check_engine() == []


@override_settings(OMNITENANT_CONFIG={**MODELS, "POSTGRES_BASE_ENGINE": "omnitenant_routing.postgresql"})
def test_an_engine_that_is_built_on_itself() -> None:
    """It could not be imported."""
    assert ids(check_engine()) == ["omnitenant_routing.E006"]


@pytest.mark.django_db
def test_schemas_with_an_engine_that_knows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where there are such tenants, and where databases are checked."""
    from probe.models import Tenant

    databases = ["default"]
    assert check_schema_databases(databases=databases) == []
    Tenant.objects.create(tenant_id="acme", name="Acme", isolation_type="schema")
    assert check_schema_databases() == []
    (found,) = check_schema_databases(databases=databases)
    assert found.id == "omnitenant_routing.E007"
    assert "'default'" in found.msg
    assert "sqlite3" in found.msg
    monkeypatch.setattr(connections["default"], "carries_schemas", True, raising=False)
    assert check_schema_databases(databases=databases) == []
