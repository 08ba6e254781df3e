"""Declaring row-level security, where no PostgreSQL is near."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from omnitenant_context.context import TenantContext
from omnitenant_models.checks import policies
from omnitenant_models.models import TenantPolicy, TenantQuerySetManager
from omnitenant_models.rows.policies import policies_of, variable_of
from probe.models import Tenant


def declare(**attributes: object) -> type[models.Model]:
    """Make a model that belongs to tenants."""

    class Meta:
        app_label = "shapes"
        constraints = (TenantPolicy(through=attributes.pop("through", ())),)

    attributes = {
        "tenant": models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+"),
        "objects": TenantQuerySetManager(),
        "__module__": __name__,
        "Meta": Meta,
        **attributes,
    }
    return type("Guarded", (models.Model,), attributes)


@isolate_apps("shapes")
def test_migrations_can_write_it():
    """The name comes from the model, and the import path is the public one."""
    (declared,) = declare()._meta.constraints
    text, imports = MigrationWriter.serialize(declared)
    assert text == "omnitenant_models.models.TenantPolicy(name='shapes_guarded_tenant_policy')"
    assert imports == {"import omnitenant_models.models"}
    through = TenantPolicy(name="x", through=["tags"])
    assert through.clone() == through != TenantPolicy(name="x")
    assert through != models.UniqueConstraint(fields=["name"], name="x")
    assert len({through, through.clone()}) == 1
    assert repr(through) == "<TenantPolicy name='x' through=['tags']>"


@isolate_apps("shapes")
@pytest.mark.django_db(transaction=True)
def test_sqlite_does_without(acme):
    """Where there is no such thing, nothing is done and rows are as ever."""
    model = declare(name=models.CharField(max_length=10))
    with connection.schema_editor() as editor:
        editor.create_model(model)
        editor.remove_constraint(model, model._meta.constraints[0])
        editor.add_constraint(model, model._meta.constraints[0])
    try:
        with TenantContext.use_tenant(acme):
            row = model.objects.create(name="x")
            row.full_clean()
            assert model.objects.get() == row
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(model)


@isolate_apps("shapes")
def test_the_variable_follows_what_the_key_holds():
    """A key that holds something else than the tenant's primary key has a variable of its own."""
    by_id = declare()
    assert variable_of(by_id._meta.get_field("tenant")) == "omnitenant.tenant_id"


@isolate_apps("shapes")
def test_the_variable_of_a_name():
    """The key may hold the tenant's id."""
    key = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", to_field="tenant_id")
    assert variable_of(declare(tenant=key)._meta.get_field("tenant")) == "omnitenant.tenant_tenant_id"


@isolate_apps("shapes")
def test_bad_declarations():
    """What no policy can stand for is refused in words."""
    with pytest.raises(TypeError, match="takes a list of names of fields, not the text 'tags'"):
        TenantPolicy(through="tags")
    model = declare(through=["name"], name=models.CharField(max_length=10))
    with pytest.raises(ImproperlyConfigured, match="'name' has no automatic table"):
        list(policies_of(model, model._meta.constraints[0], connection))


@isolate_apps("shapes")
def test_a_table_without_the_key():
    """The key of a child stands in its parent's table, where the policy belongs."""
    parent = declare()

    class Child(parent):  # type: ignore[misc, valid-type]  # made above
        class Meta:
            app_label = "shapes"
            constraints = (TenantPolicy(),)

    with pytest.raises(ImproperlyConfigured, match=r"shapes\.Child has a TenantPolicy but its table has no"):
        list(policies_of(Child, Child._meta.constraints[0], connection))


@pytest.mark.parametrize("is_wrong", [True, False])
def test_the_check(monkeypatch, is_wrong):
    """What no policy can stand for is reported before anything is migrated."""
    with isolate_apps("shapes") as apps:
        model = declare(through=["name"] if is_wrong else [], name=models.CharField(max_length=10))
        monkeypatch.setattr(policies, "apps", apps)
        found = [(each.id, each.obj) for each in policies.check_policies()]
    assert found == ([("omnitenant_models.E028", model)] if is_wrong else [])
