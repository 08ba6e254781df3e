"""Every guard is needed: with it a harm does not happen, and without it the same code does the harm."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple

import pytest
from django.core.exceptions import FullResultSet, ValidationError
from django.db import DatabaseError, connection, models, transaction
from django.db.models import ForeignKey
from django.db.models.options import Options
from django.db.models.signals import pre_save
from django.forms import modelform_factory
from django.test.utils import isolate_apps

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError
from omnitenant_models import scopes, tenants
from omnitenant_models.domains import DomainNameField
from omnitenant_models.rows import (
    TenantKey,
    TenantMatch,
    TenantQuerySetManager,
    _active,
    _results,
    deletion,
    instances,
    keys,
    querysets,
    raw,
    uniqueness,
    writes,
)
from omnitenant_models.rows.base_manager import ScopedOptions
from omnitenant_models.rows.instances import TenantRow
from omnitenant_models.rows.querysets import TenantQuerySet
from omnitenant_models.tenants import BaseTenant
from probe.models import Domain, Project, Tenant
from relations.models import Article, Tag
from rules.models import JobQuerySet, Product
from shapes.models import Booking, Document, Preferences, ProjectView, Report, Step, Task

use_tenant = TenantContext.use_tenant


def no_filter(*_: Any) -> Any:
    raise FullResultSet


class Guard(NamedTuple):
    """A part that keeps a harm away.

    Attributes:
        harm: does it, and returns whether it happened.
        owner: what holds the part.
        name: the part's name there.
        without: what stands in its place when it is taken out.
    """

    harm: Callable[[Any, Any], bool]
    owner: Any
    name: str
    without: Any


def theirs(other: Any) -> Project:
    """Create a row of the other tenant."""
    with use_tenant(other):
        return Project.objects.create(name="theirs")


def read_strangers(mine: Any, other: Any) -> bool:
    theirs(other)
    with use_tenant(mine):
        return Project.objects.exists()


def read_as_nobody(mine: Any, other: Any) -> bool:
    theirs(other)
    return Project.objects.exists()


def change_strangers(mine: Any, other: Any) -> bool:
    theirs(other)
    with use_tenant(mine):
        return Project.objects.update(name="changed") > 0


def steal_by_primary_key(mine: Any, other: Any) -> bool:
    row = theirs(other)
    with use_tenant(mine):
        Project(pk=row.pk, name="stolen").save()
    return True


def refresh_strangers(mine: Any, other: Any) -> bool:
    row = theirs(other)
    with use_tenant(mine):
        try:
            row.refresh_from_db()
        except Project.DoesNotExist:
            return False
    return True


def create_for_a_stranger(mine: Any, other: Any) -> bool:
    def give_away(instance: Any, **_: Any) -> None:
        instance.tenant = other

    # The project's own receiver comes after what refuses early.
    pre_save.connect(give_away, sender=Project)
    try:
        with use_tenant(mine):
            return Project.objects.create(name="x").pk is not None
    finally:
        pre_save.disconnect(give_away, sender=Project)


def give_away(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        Project.objects.create(name="x")
        return Project.objects.update(tenant=other) > 0


def write_elsewhere(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        TenantContext.get_scope().memo["aliases"] = frozenset({"tenant:acme"})
        return bool(Project.objects.bulk_create([Project(name="x")]))


def read_elsewhere(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        TenantContext.get_scope().memo["aliases"] = frozenset({"tenant:acme"})
        return Project.objects.count() == 0


def lose_the_tenant_of_an_instance(mine: Any, other: Any) -> bool:
    project = Project(name="x")
    with use_tenant(mine):
        try:
            project.save()
        except (DatabaseError, OmnitenantError):
            return True
    return False


def lose_the_tenant_of_a_new_instance(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        return Project(name="x").tenant_id is None


def read_as_an_impostor(mine: Any, other: Any) -> bool:
    row = theirs(other)

    class Impostor:
        tenant_id = "acme"
        id = other.pk

    with use_tenant(Impostor()):
        return Project.objects.get() == row


def show_the_key(mine: Any, other: Any) -> bool:
    key = ForeignKey(Tenant, on_delete=models.CASCADE)
    keys.teach(key)
    return key.editable


def leave_a_trace_in_migrations(mine: Any, other: Any) -> bool:
    return isinstance(Task._meta.get_field("tenant").clone(), TenantKey)


def describe_a_hidden_key(mine: Any, other: Any) -> bool:
    return "editable" in Task._meta.get_field("tenant").deconstruct()[3]


def offer_no_default_to_factories(mine: Any, other: Any) -> bool:
    return not Task._meta.get_field("tenant").has_default()


def show_a_class_as_initial_value(mine: Any, other: Any) -> bool:
    return Task._meta.get_field("tenant").formfield().show_hidden_initial


def change_an_id(mine: Any, other: Any) -> bool:
    mine.tenant_id = "other"
    mine.save()
    return Tenant.objects.filter(tenant_id="other").exists()


def change_an_id_in_a_form(mine: Any, other: Any) -> bool:
    form = modelform_factory(Tenant, fields=["tenant_id"])({"tenant_id": "other"}, instance=mine)
    return form.is_valid()


def make_an_id_of_nonsense(mine: Any, other: Any) -> bool:
    return Tenant.objects.create(tenant_id="../x", name="x").pk is not None


def save_a_list_as_config(mine: Any, other: Any) -> bool:
    mine.config = []
    mine.save()
    return Tenant.objects.get(pk=mine.pk).config == []


def enter_a_copy(mine: Any, other: Any) -> bool:
    with use_tenant(Tenant(pk=mine.pk, tenant_id="x", state="active")):
        return True


def leave_rows_behind(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        Project.objects.create(name="x")
    try:
        mine.delete()
    except OmnitenantError:
        return True
    with TenantContext.unscoped():
        return Project.objects.exists()


def store_what_is_no_host(mine: Any, other: Any) -> bool:
    return bool(Domain.objects.bulk_create([Domain(domain="a b", tenant=mine)]))


def lose_a_name(mine: Any, other: Any) -> bool:
    Domain.objects.create(domain="X.Example", tenant=mine)
    return not Domain.objects.filter(domain="X.Example.:80").exists()


def part_a_proxy_from_its_table(mine: Any, other: Any) -> bool:
    scopes._scope_of.cache_clear()
    ProjectView.tenant_scope = "master"
    try:
        return scopes.get_model_scope(ProjectView) != scopes.get_model_scope(Project)
    finally:
        del ProjectView.tenant_scope
        scopes._scope_of.cache_clear()


def show_what_was_fetched(mine: Any, other: Any) -> bool:
    theirs(other)
    projects = Project.objects.all()
    with use_tenant(other):
        list(projects)
    with use_tenant(mine):
        return bool(list(projects))


def take_rows_out_of_a_pickle(mine: Any, other: Any) -> bool:
    theirs(other)
    with use_tenant(other):
        pickled = pickle.dumps(Project.objects.all())
    with use_tenant(mine):
        return bool(pickle.loads(pickled))


def go_on_with_a_strangers_iterator(mine: Any, other: Any) -> bool:
    theirs(other)
    theirs(other)
    with use_tenant(other):
        iterator = Project.objects.iterator()
        next(iterator)
    with use_tenant(mine):
        return next(iterator).tenant_id == other.pk


def keep_rows_by_the_projects_class(mine: Any, other: Any) -> bool:
    with use_tenant(other):
        Step.objects.create(name="theirs")
        steps = Step.objects.all()
        list(steps)
    with use_tenant(mine):
        return bool(steps)


def filter_nothing_by_as_manager(mine: Any, other: Any) -> bool:
    return not isinstance(JobQuerySet.as_manager(), TenantQuerySetManager)


def overwrite_by_an_upsert(mine: Any, other: Any) -> bool:
    row = theirs(other)
    with use_tenant(mine):
        upsert = {"update_conflicts": True, "update_fields": ["name"], "unique_fields": ["pk"]}
        Project.objects.bulk_create([Project(pk=row.pk, name="overwritten")], **upsert)
    with use_tenant(other):
        return Project.objects.get().name == "overwritten"


def breaks_the_transaction(write: Callable[[], Any]) -> bool:
    """Return whether what is refused has the transaction rolled back."""
    try:
        write()
    except OmnitenantError:
        broken = connection.needs_rollback
        transaction.set_rollback(False)
        return broken
    return False


def lose_the_transaction_by_a_value(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        return breaks_the_transaction(lambda: Project.objects.update(tenant=other))


def lose_the_transaction_as_nobody(mine: Any, other: Any) -> bool:
    return breaks_the_transaction(lambda: Project.objects.update(name="x"))


def lose_the_transaction_in_bulk(mine: Any, other: Any) -> bool:
    rows = [Project(name="x", tenant=other), Project(pk=1, name="x", tenant=other)]
    with use_tenant(mine):
        return breaks_the_transaction(lambda: Project.objects.bulk_create(rows))


def lose_the_transaction_by_a_reference(mine: Any, other: Any) -> bool:
    rows = [Task(name="x", project=theirs(other)), Task(pk=1, name="x")]
    with use_tenant(mine):
        return breaks_the_transaction(lambda: Task.objects.bulk_create(rows))


def lose_the_transaction_by_updating_references(mine: Any, other: Any) -> bool:
    row = theirs(other)
    with use_tenant(mine):
        task = Task.objects.create(name="x")
        task.project_id = row.pk
        return breaks_the_transaction(lambda: Task.objects.bulk_update([task], ["project"]))


def read_raw(mine: Any, other: Any) -> bool:
    theirs(other)
    with use_tenant(mine):
        return bool(Project.objects.raw("SELECT * FROM probe_project"))


def read_raw_as_nobody(mine: Any, other: Any) -> bool:
    theirs(other)
    return bool(Project.objects.raw("SELECT * FROM probe_project"))


def read_raw_connections(mine: Any, other: Any) -> bool:
    with use_tenant(other):
        Article.objects.create().tags.add(Tag.objects.create())
    with use_tenant(mine):
        return bool(Article.tags.through.objects.raw("SELECT * FROM relations_article_tags"))


def read_raw_elsewhere(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        TenantContext.get_scope().memo["aliases"] = frozenset({"tenant:acme"})
        return not Project.objects.raw("SELECT * FROM probe_project")


def delete_by_number(mine: Any, other: Any) -> bool:
    row = theirs(other)
    with use_tenant(mine):
        return Project(pk=row.pk).delete()[0] == 1


def delete_a_strangers_parent(mine: Any, other: Any) -> bool:
    with use_tenant(other):
        row = Report.objects.create(name="theirs")
    with use_tenant(mine):
        own = Report.objects.create(name="mine")
        Report(document_ptr_id=own.pk, id=row.pk).delete()
    with TenantContext.unscoped():
        return not Document.objects.filter(pk=row.pk).exists()


def make_a_model_without_guards(mine: Any, other: Any) -> bool:
    with isolate_apps("shapes"):

        class Unguarded(models.Model):
            tenant = ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
            objects = TenantQuerySetManager()

            class Meta:
                app_label = "shapes"

        return not issubclass(Unguarded, TenantRow)


def pass_a_duplicate(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        Product.objects.create(name="x")
        return modelform_factory(Product, fields=["name"])({"name": "x"}).is_valid()


def pass_a_stranger_in_a_form(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        return modelform_factory(Booking, fields="__all__")({"name": "x", "tenant": other.pk}).is_valid()


def blame_a_field_that_is_not_there(mine: Any, other: Any) -> bool:
    with use_tenant(mine):
        Preferences.objects.create(name="x")
        try:
            modelform_factory(Preferences, fields=["name"])({"name": "x"}).is_valid()
        except ValueError:
            return True
    return False


def tell_of_the_tenant(mine: Any, other: Any) -> bool:
    return "Tenant" in str(Product().unique_error_message(Product, ("tenant", "name")))


def plain_pre_save(self: Any, instance: Any, add: bool) -> Any:
    return ForeignKey.pre_save(self, instance, add)


def unguarded(self: Any, value: Any, connection: Any) -> Any:
    return ForeignKey.get_db_prep_save(self, value, connection)


def unchecked(*_: Any, **__: Any) -> None:
    return None


def uncreated(*_: Any, **__: Any) -> Any:
    return nullcontext()


PLAIN_AS_MANAGER = models.QuerySet.__dict__["as_manager"]
PLAIN_BASE = Options.__dict__["base_manager"]
WRITTEN_DEFAULT = property(lambda key: key.__dict__["default"])

GUARDS = {
    "filter on reading": Guard(read_strangers, TenantMatch, "as_sql", no_filter),
    "filter with nobody": Guard(read_as_nobody, TenantMatch, "as_sql", no_filter),
    "filter on changing": Guard(change_strangers, TenantMatch, "as_sql", no_filter),
    "scoped base manager on saving": Guard(steal_by_primary_key, ScopedOptions, "base_manager", PLAIN_BASE),
    "scoped base manager on refreshing": Guard(refresh_strangers, ScopedOptions, "base_manager", PLAIN_BASE),
    "guard of the key on creating": Guard(create_for_a_stranger, TenantKey, "get_db_prep_save", unguarded),
    "guard of the key on updating": Guard(give_away, TenantKey, "get_db_prep_save", unguarded),
    "alias of the key": Guard(write_elsewhere, _active, "check_alias", unchecked),
    "alias of the filter": Guard(read_elsewhere, _active, "check_alias", unchecked),
    "late filling": Guard(lose_the_tenant_of_an_instance, TenantKey, "pre_save", plain_pre_save),
    "early filling": Guard(lose_the_tenant_of_a_new_instance, TenantKey, "get_default", lambda _: None),
    "class of the tenant": Guard(read_as_an_impostor, _active, "isinstance", lambda *_: True),
    "hiding": Guard(show_the_key, keys, "getattr", lambda *_: False),
    "class in migrations": Guard(leave_a_trace_in_migrations, TenantKey, "clone", models.Field.clone),
    "description in migrations": Guard(describe_a_hidden_key, TenantKey, "deconstruct", ForeignKey.deconstruct),
    "default for factories": Guard(offer_no_default_to_factories, TenantKey, "default", WRITTEN_DEFAULT),
    "initial value of forms": Guard(show_a_class_as_initial_value, TenantKey, "formfield", ForeignKey.formfield),
    "immutable id": Guard(change_an_id, tenants, "refuse_to_part", unchecked),
    "immutable id in forms": Guard(change_an_id_in_a_form, BaseTenant, "clean", unchecked),
    "valid id": Guard(make_an_id_of_nonsense, tenants, "validate_tenant_id", unchecked),
    "valid config": Guard(save_a_list_as_config, BaseTenant, "_refuse_unsavable", unchecked),
    "entering": Guard(enter_a_copy, BaseTenant, "check_active", unchecked),
    "deleting unscoped": Guard(leave_rows_behind, BaseTenant, "delete", models.Model.delete),
    "valid host": Guard(store_what_is_no_host, DomainNameField, "get_db_prep_save", models.Field.get_db_prep_save),
    "one form of host": Guard(lose_a_name, DomainNameField, "to_python", models.CharField.to_python),
    "stamp of rows": Guard(show_what_was_fetched, _results, "belongs_to", lambda *_: True),
    "stamp of pickled rows": Guard(take_rows_out_of_a_pickle, _results, "belongs_to", lambda *_: True),
    "steps of iterators": Guard(go_on_with_a_strangers_iterator, _results, "check_step", unchecked),
    "class of querysets": Guard(keep_rows_by_the_projects_class, querysets, "guard_queryset", unchecked),
    "as_manager": Guard(filter_nothing_by_as_manager, TenantQuerySet, "as_manager", PLAIN_AS_MANAGER),
    "upserts": Guard(overwrite_by_an_upsert, writes, "refuse_upsert", unchecked),
    "early values": Guard(lose_the_transaction_by_a_value, writes, "refuse_values", unchecked),
    "early place": Guard(lose_the_transaction_as_nobody, writes, "refuse_place", unchecked),
    "early keys": Guard(lose_the_transaction_in_bulk, writes, "refuse_keys", unchecked),
    "early references": Guard(lose_the_transaction_by_a_reference, writes, "creating_references", uncreated),
    "early references in bulk": Guard(lose_the_transaction_by_updating_references, writes, "check_values", unchecked),
    "raw rows": Guard(read_raw, raw, "refuse_row", unchecked),
    "raw rows of nobody": Guard(read_raw_as_nobody, raw, "refuse_place", unchecked),
    "raw rows of connections": Guard(read_raw_connections, raw, "refuse_links", unchecked),
    "raw rows of elsewhere": Guard(read_raw_elsewhere, raw, "refuse_place", unchecked),
    "deleting": Guard(delete_by_number, deletion, "refuse_deletion", unchecked),
    "deleting parents": Guard(delete_a_strangers_parent, deletion, "_keys_of_parents", lambda _: {}),
    "guards of instances": Guard(make_a_model_without_guards, instances, "guard_instances", unchecked),
    "rules with the key": Guard(pass_a_duplicate, uniqueness, "with_key", lambda _, exclude: exclude),
    "keys in forms": Guard(pass_a_stranger_in_a_form, uniqueness, "refuse_key", unchecked),
    "blame": Guard(blame_a_field_that_is_not_there, uniqueness, "blame", lambda _, __, error: error),
    "words of rules": Guard(tell_of_the_tenant, uniqueness, "names_shown", lambda _, names: names),
    "scope of proxies": Guard(part_a_proxy_from_its_table, scopes, "_concrete", lambda model: model),
}


def happens(guard: Guard, mine: Any, other: Any) -> bool:
    """Try to do the harm, and undo it; a refusal is no harm."""
    try:
        with transaction.atomic():
            done = guard.harm(mine, other)
            transaction.set_rollback(True)
            return done
    except (OmnitenantError, DatabaseError, ValidationError, ValueError):
        return False


@pytest.mark.parametrize("name", GUARDS)
def test_the_guard_is_needed(acme, globex, monkeypatch, name):
    """The harm is kept away by this guard, and by no other."""
    guard = GUARDS[name]
    assert not happens(guard, acme, globex)
    acme, globex = Tenant.objects.get(tenant_id="acme"), Tenant.objects.get(tenant_id="globex")
    monkeypatch.setattr(guard.owner, guard.name, guard.without, raising=False)
    Project._meta.__dict__.pop("base_manager", None)
    try:
        assert happens(guard, acme, globex)
    finally:
        monkeypatch.undo()
        Project._meta.__dict__.pop("base_manager", None)
