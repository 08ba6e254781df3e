"""The small doors: the project's models, the active tenant, and tenants by their id."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantNotFound
from omnitenant_context.loaders import aload_tenant, load_tenant
from omnitenant_models.utils import get_current_tenant, get_domain_model, get_tenant_model
from probe.models import Domain, Tenant


def test_the_models():
    """Both models are found by the settings, in any case."""
    assert get_tenant_model() is Tenant
    assert get_domain_model() is Domain


def test_models_in_any_case(configure):
    """Labels are looked up as Django looks them up."""
    configure(TENANT_MODEL="probe.tenant")
    assert get_tenant_model() is Tenant


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "is not set"),
        ("probe.Tennant", "is no installed model"),
        ("nowhere.Tenant", "is no installed model"),
        ("Tenant", "'app_label.ModelName'"),
        ("a.b.c", "'app_label.ModelName'"),
    ],
)
def test_settings_that_name_no_model(configure, value, said):
    """A missing or wrong setting is an error that names it and shows what to write."""
    configure(TENANT_MODEL=value, DOMAIN_MODEL=value)
    for find, name in ((get_tenant_model, "TENANT_MODEL"), (get_domain_model, "DOMAIN_MODEL")):
        with pytest.raises(ImproperlyConfigured, match=said) as caught:
            find()
        assert name in str(caught.value)


def test_the_current_tenant(acme):
    """The tenant that is active, or None."""
    assert get_current_tenant() is None
    with TenantContext.use_tenant(acme):
        assert get_current_tenant() is acme
        with TenantContext.use_master_db():
            assert get_current_tenant() is None


def test_tenants_by_their_id(acme, globex):
    """The context finds tenants by id through the app, whoever is active."""
    assert load_tenant("acme") == acme
    with TenantContext.use_tenant(globex):
        assert load_tenant("acme") == acme
    assert async_to_sync(aload_tenant)("acme") == acme


@pytest.mark.parametrize("tenant_id", ["nobody", "", "ACME", "../acme", "a" * 300])
def test_ids_of_nobody(acme, tenant_id):
    """An unknown id is an error that carries it."""
    with pytest.raises(TenantNotFound, match="showtenants") as caught:
        load_tenant(tenant_id)
    assert caught.value.tenant_id == tenant_id
    with pytest.raises(TenantNotFound):
        async_to_sync(aload_tenant)(tenant_id)


@pytest.mark.django_db(transaction=True)
def test_tenants_by_their_id_in_an_event_loop():
    """Loading does not block the loop that waits for it."""
    Tenant.objects.create(tenant_id="acme", name="Acme")

    async def both() -> list[str]:
        found = await asyncio.gather(aload_tenant("acme"), aload_tenant("acme"))
        return [tenant.name for tenant in found]

    assert async_to_sync(both)() == ["Acme", "Acme"]
