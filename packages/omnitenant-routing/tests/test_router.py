"""The router: rows are looked for where whoever is active keeps them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, connections, router

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantRequiredError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.databases.aliases import alias_of
from omnitenant_routing.places import MASTER_ALIAS
from omnitenant_routing.router import TenantRouter
from probe.models import Country, Domain, Invoice, Note, Project, Tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("model", [Tenant, Domain, Invoice])
def test_models_of_the_master_are_there_for_everybody(acme: BaseTenant, model: type[Tenant]) -> None:
    """Tenants, domains and what says MASTER go to the master, from inside a tenant too."""
    assert router.db_for_read(model) == MASTER_ALIAS
    with TenantContext.use_tenant(acme):
        assert router.db_for_write(model) == MASTER_ALIAS


@pytest.mark.parametrize("model", [Note, Project, User, User.groups.through])
def test_models_of_tenants_follow_the_context(acme: BaseTenant, initech: BaseTenant, model: type[Note]) -> None:
    """Each place has its own; automatic through tables go with the model that made them."""
    with TenantContext.use_tenant(acme):
        assert router.db_for_read(model) == alias_of("acme")
    with TenantContext.use_tenant(initech):
        assert router.db_for_write(model) == MASTER_ALIAS
    with TenantContext.use_master_db():
        assert router.db_for_write(model) == MASTER_ALIAS
    with TenantContext.unscoped():
        assert router.db_for_read(model) == MASTER_ALIAS


@pytest.mark.parametrize("model", [Note, User])
def test_models_of_tenants_have_no_place_with_nobody_active(model: type[Note]) -> None:
    """A model without a tenant key is as closed as one with it."""
    with pytest.raises(TenantRequiredError, match=f"{model._meta.label} lives with the tenants"):
        model.objects.count()
    with pytest.raises(TenantRequiredError):
        model.objects.create()


def test_an_explicit_alias_needs_nobody() -> None:
    """``using()`` says where, so that Django's own commands work on the master."""
    assert User.objects.using(DEFAULT_DB_ALIAS).count() == 0
    assert User.objects.db_manager(MASTER_ALIAS).count() == 0


@pytest.mark.parametrize("model", [Country, ContentType])
def test_shared_models_are_those_of_the_active_database(
    acme: BaseTenant, initech: BaseTenant, model: type[Country]
) -> None:
    """One table per database; with nobody active it is the master's."""
    assert router.db_for_read(model) == MASTER_ALIAS
    with TenantContext.use_tenant(acme):
        assert router.db_for_read(model) == alias_of("acme")
    with TenantContext.use_tenant(initech):
        assert router.db_for_read(model) == MASTER_ALIAS


def test_tables_of_a_tenants_database(acme: BaseTenant) -> None:
    """A tenant's database has what belongs to tenants, what is shared, and the tenant's own row."""
    with TenantContext.use_tenant(acme):
        tables = set(connections[DEFAULT_DB_ALIAS].introspection.table_names())
    assert {"probe_note", "probe_project", "probe_country", "auth_user", "probe_tenant"} <= tables
    assert not {"probe_invoice", "probe_domain"} & tables


def test_databases_that_are_no_place_are_left_to_other_routers() -> None:
    """The router has no opinion about an alias that it does not manage."""
    assert TenantRouter().allow_migrate("warehouse", "probe", "note") is None


def test_relations_between_two_places_are_refused(acme: BaseTenant, globex: BaseTenant) -> None:
    """Rows of two tenants cannot be joined in memory either."""
    with TenantContext.use_tenant(acme):
        mine = User.objects.create(username="mine")
    with TenantContext.use_tenant(globex):
        theirs = ContentType.objects.get(app_label="probe", model="note")
    assert TenantRouter().allow_relation(mine, theirs) is False
    assert TenantRouter().allow_relation(mine, User()) is True


def test_a_tenants_own_row_may_be_referred_to_from_its_database(acme: BaseTenant) -> None:
    """The tenant comes from the master, the project lives with the tenant."""
    with TenantContext.use_tenant(acme):
        project = Project(name="first", tenant=Tenant.objects.get(pk=acme.pk))
        project.save()
        assert project._state.db == alias_of("acme")


def test_default_and_master_are_one_place_in_the_master() -> None:
    """An object that was read by its alias ``default`` is the master's."""
    by_alias = Invoice.objects.using(DEFAULT_DB_ALIAS).create(number=1)
    by_router = Invoice.objects.create(number=2)
    assert (by_alias._state.db, by_router._state.db) == (DEFAULT_DB_ALIAS, MASTER_ALIAS)
    assert TenantRouter().allow_relation(by_alias, by_router) is True
