"""The tenant key: it fills itself, and lets nobody else's key through, whatever writes."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core import serializers
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import models, transaction
from django.db.models import F, ForeignKey, OneToOneField, Value
from django.db.transaction import atomic
from django.test.utils import isolate_apps

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.rows import TenantKey, TenantQuerySetManager, VisibleTenantKey
from omnitenant_models.rows.keys import find_tenant_keys, teach
from probe.models import Project, Tenant
from shapes.models import (
    Badge,
    Booking,
    Contact,
    Gadget,
    Label,
    Member,
    Membership,
    Note,
    OddKey,
    Preferences,
    Report,
    Task,
    Template,
    Ticket,
    Vehicle,
    Voucher,
)

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped


def key_of(model: Any) -> Any:
    """Return the field of the key."""
    return model._meta.get_field("organisation" if model is Membership else "tenant")


def wait_for(start: Any) -> Any:
    """Await in an event loop what a function starts there."""

    async def run() -> Any:
        return await start()

    return async_to_sync(run)()


class TestFilling:
    """An empty key is filled with the active tenant, early and late."""

    def test_when_an_instance_is_built(self, acme):
        """Inside a tenant a new instance knows its tenant before it is saved."""
        with use_tenant(acme):
            project = Project(name="p")
            assert project.tenant_id == acme.pk
            assert project.tenant == acme
            project.full_clean()

    def test_when_an_instance_from_outside_is_saved(self, acme):
        """What was built with nobody active is filled when it is saved."""
        project = Project(name="p")
        assert project.tenant_id is None
        with use_tenant(acme):
            project.save()
        assert project.tenant_id == acme.pk

    def test_when_the_key_was_emptied(self, acme):
        """A key that was set to None is filled again on saving."""
        with use_tenant(acme):
            project = Project.objects.create(name="p")
            project.tenant = None
            project.save()
            assert project.tenant == acme

    @pytest.mark.parametrize(
        "create",
        [
            lambda: Project.objects.create(name="p"),
            lambda: Project(name="p").save() or Project.objects.get(),
            lambda: Project.objects.get_or_create(name="p")[0],
            lambda: Project.objects.update_or_create(name="p", defaults={"name": "p"})[0],
            lambda: Project.objects.bulk_create([Project(name="p")])[0],
            lambda: Project.objects.bulk_create([Project(name="p", tenant=None)])[0],
            lambda: wait_for(lambda: Project.objects.acreate(name="p")),
            lambda: wait_for(lambda: Project.objects.aget_or_create(name="p"))[0],
            lambda: wait_for(lambda: Project.objects.abulk_create([Project(name="p")]))[0],
        ],
    )
    def test_whatever_creates(self, acme, globex, create):
        """Every way to create a row gives it to the active tenant."""
        with use_tenant(acme):
            assert create().tenant_id == acme.pk
        with use_tenant(globex):
            assert Project.objects.count() == 0

    def test_get_or_create_does_not_find_strangers(self, acme, globex):
        """A row of another tenant with the same values is not found, and a new one is created."""
        with use_tenant(globex):
            Project.objects.create(name="p")
        with use_tenant(acme):
            _project, created = Project.objects.get_or_create(name="p")
            assert created
            _project, created = Project.objects.update_or_create(name="p", defaults={"name": "q"})
            assert not created
        with use_tenant(globex):
            assert Project.objects.get().name == "p"

    def test_keys_of_every_shape(self, acme, globex):
        """One-to-one, composite, renamed, inherited, own kinds of and differently targeted keys fill as well."""
        with use_tenant(globex):
            assert Preferences.objects.create(name="x").pk == globex.pk
            assert Ticket.objects.create(name="x", number=3).pk == (globex.pk, 3)
            assert Ticket.objects.get(pk=(globex.pk, 3)).name == "x"
            assert Badge.objects.create(name="x").tenant_id == "globex"
            assert Membership.objects.create(name="x").organisation == globex
            assert Report.objects.create(name="x").tenant == globex
            assert Vehicle.objects.create(name="x").tenant == globex
            assert Gadget.objects.create(name="x").tenant == globex
            contact = Contact.objects.create(name="x")
            assert (contact.tenant, contact.met_through) == (globex, None)
            late = Preferences(name="late", tenant=None)
        with use_tenant(acme):
            late.save()
            assert late.pk == acme.pk

    def test_a_default_of_the_projects_own(self, acme, globex):
        """The active tenant goes before the field's default, which counts where no tenant is active."""
        assert Voucher(name="x").tenant_id == 1
        with use_tenant(globex):
            assert Voucher.objects.create(name="x").tenant_id == globex.pk
        with unscoped():
            assert Voucher(name="x").tenant_id == 1

    def test_a_key_that_may_be_empty(self, acme):
        """Inside a tenant such a key is filled; a row of nobody is made unscoped, and no tenant sees it."""
        with use_tenant(acme):
            assert Template.objects.create(name="x", tenant=None).tenant == acme
        with unscoped():
            assert Template.objects.create(name="of nobody").tenant is None
        with use_tenant(acme):
            assert [template.name for template in Template.objects.all()] == ["x"]
            with pytest.raises(TenantMismatchError, match=r"Template\.tenant would be set to no tenant"):
                Template.objects.update(tenant=None)

    def test_with_nobody(self, db):
        """Saving with nobody active, or in the master, names the model and both remedies."""
        for guard in (TenantContext.use_master_db(), TenantContext.use_schema("x")):
            with guard, pytest.raises(TenantRequiredError, match=r"probe\.Project .*use_tenant.*unscoped"):
                Project(name="p").save()
        with pytest.raises(TenantRequiredError):
            Project.objects.bulk_create([Project(name="p")])

    def test_unscoped_code_must_say_whose_row_it_is(self, acme):
        """Unscoped there is nobody to fill with, which is said before the database is asked."""
        with unscoped():
            with (
                pytest.raises(TenantRequiredError, match=r"probe\.Project belongs .*\(unscoped\)"),
                atomic(),
            ):
                Project.objects.create(name="p")
            assert Project.objects.create(name="p", tenant=acme).tenant == acme

    def test_an_unscoped_row_may_be_moved(self, acme, globex):
        """Moving a row from tenant to tenant is possible unscoped, and only there."""
        with use_tenant(acme):
            project = Project.objects.create(name="p")
        with unscoped():
            project.tenant = globex
            project.save()
        with use_tenant(globex):
            assert Project.objects.get() == project


@pytest.fixture
def project(acme):
    """Give a project of acme's."""
    with use_tenant(acme):
        return Project.objects.create(name="p")


def strange_fixture(globex: Any) -> None:
    """Load a fixture with a row of another tenant."""
    data = [{"model": "probe.project", "fields": {"name": "x", "tenant": globex.pk}}]
    for each in serializers.deserialize("json", json.dumps(data)):
        each.save()


WRITES: dict[str, Any] = {
    "create": lambda project, other: Project.objects.create(name="x", tenant=other),
    "create by id": lambda project, other: Project.objects.create(name="x", tenant_id=other.pk),
    "create by text": lambda project, other: Project.objects.create(name="x", tenant_id=str(other.pk)),
    "save": lambda project, other: Project(name="x", tenant=other).save(),
    "move": lambda project, other: (setattr(project, "tenant", other), project.save()),
    "move one field": lambda project, other: (
        setattr(project, "tenant", other),
        project.save(update_fields=["tenant"]),
    ),
    "update": lambda project, other: Project.objects.update(tenant=other),
    "update by id": lambda project, other: Project.objects.filter(name="p").update(tenant_id=other.pk),
    "update to itself": lambda project, other: Project.objects.update(tenant=F("tenant")),
    "update to a value": lambda project, other: Project.objects.update(tenant=Value(other.pk)),
    "update to nothing": lambda project, other: Project.objects.update(tenant=None),
    "update to nonsense": lambda project, other: Project.objects.update(tenant_id="nonsense"),
    "update to a stranger": lambda project, other: Project.objects.update(tenant_id=99_999),
    "bulk create": lambda project, other: Project.objects.bulk_create([Project(name="x", tenant=other)]),
    "bulk update": lambda project, other: Project.objects.bulk_update([given_to(project, other)], ["tenant"]),
    "reverse create": lambda project, other: other.project_set.create(name="x"),
    "reverse add": lambda project, other: other.project_set.add(project, bulk=False),
    "reverse bulk add": lambda project, other: other.project_set.add(project),
    "reverse set": lambda project, other: other.project_set.set([project]),
    "get or create": lambda project, other: Project.objects.get_or_create(tenant=other, name="x"),
    "upsert": lambda project, other: Project.objects.update_or_create(name="p", defaults={"tenant": other}),
    "fixture": lambda project, other: strange_fixture(other),
    "raw save": lambda project, other: Project(name="x", tenant=other).save_base(raw=True),
    "save of a stranger's": lambda project, other: strangers(other).save(),
    "async create": lambda project, other: wait_for(lambda: Project.objects.acreate(name="x", tenant=other)),
    "async update": lambda project, other: wait_for(lambda: Project.objects.aupdate(tenant=other)),
}


def given_to(project: Any, other: Any) -> Any:
    """Let a row of the active tenant say that it is the other's."""
    project.tenant = other
    return project


def strangers(other: Any) -> Project:
    """Create a row of another tenant and bring the instance here."""
    with use_tenant(other):
        return Project.objects.create(name="theirs")


@pytest.mark.parametrize("write", WRITES)
def test_every_write_is_guarded(acme, globex, project, write):
    """Whatever would put another tenant, nobody or something unknown into a key is refused by a typed error."""
    refusal = r"^probe\.Project\.tenant would be set to .*'acme'; "
    with pytest.raises(TenantMismatchError, match=refusal) as caught, atomic(), use_tenant(acme):
        WRITES[write](project, globex)
    assert caught.value.active == "acme"
    with unscoped():
        assert [row.tenant_id for row in Project.objects.exclude(name="theirs")] == [acme.pk]


def test_every_write_needs_somebody(acme, globex, project):
    """With nobody active no write goes through, even with the right key."""
    for write in (
        lambda: Project.objects.create(name="x", tenant=acme),
        project.save,
        lambda: Project.objects.bulk_create([Project(name="x", tenant=acme)]),
        lambda: Project(name="x", tenant=acme).save_base(raw=True),
    ):
        with pytest.raises(TenantRequiredError, match=r"probe\.Project"), atomic():
            write()


def test_the_error_names_both_tenants(acme, globex, project):
    """The message says which row, whose it would be, who is active, and what to do."""
    with use_tenant(acme), pytest.raises(TenantMismatchError) as caught, atomic():
        Project.objects.create(name="x", tenant=globex)
    assert str(caught.value) == (
        "probe.Project.tenant would be set to tenant 'globex', but the active tenant is 'acme'; leave "
        "'tenant' out to have it filled, or enter the tenant that the row is for"
    )
    assert (caught.value.active, caught.value.wanted) == ("acme", "globex")
    assert pickle.loads(pickle.dumps(caught.value)).wanted == "globex"
    for value, said in (
        (Value(globex.pk), "an expression, which cannot be checked"),
        (None, "no tenant"),
        ("nonsense", "the key 'nonsense'"),
        (99_999, "the key 99999"),
    ):
        with (
            use_tenant(acme),
            pytest.raises(TenantMismatchError, match=f"set to {said}, but"),
            atomic(),
        ):
            Project.objects.update(tenant=value)
    with use_tenant(acme), atomic():
        transaction.set_rollback(True)  # where the database cannot be asked for the name
        with pytest.raises(TenantMismatchError, match=f"set to the key {globex.pk}, but"):
            Project.objects.update(tenant=globex)


def test_the_right_key_may_be_written_out(acme, project):
    """Naming the active tenant, by object, key or text, is no mistake."""
    with use_tenant(acme):
        Project.objects.create(name="x", tenant=acme)
        Project.objects.create(name="y", tenant_id=acme.pk)
        Project.objects.create(name="z", tenant_id=str(acme.pk))
        assert Project.objects.update(tenant=acme) == 4
        assert Project.objects.bulk_create([Project(name="b", tenant=acme)])
        Badge.objects.create(name="x", tenant=acme)
        Badge.objects.create(name="y", tenant_id="acme")


def test_other_fields_are_left_alone(acme, project):
    """Saving or updating other fields does not write the key, deferred or not."""
    with use_tenant(acme):
        project.name = "q"
        project.save(update_fields=["name"])
        deferred = Project.objects.defer("tenant").get()
        deferred.name = "r"
        deferred.save()
        barely = Project.objects.only("id").get()
        barely.save()
        Project.objects.bulk_update([project], ["name"])
        assert Project.objects.update(name=F("name")) == 1


def test_another_database_is_refused(acme, project):
    """A row is not written into a database that is not the tenant's."""
    with use_tenant(acme):
        TenantContext.get_scope().memo["aliases"] = frozenset({"tenant:acme"})
        with pytest.raises(TenantMismatchError, match="'default', but rows of the active tenant 'acme'"):
            Project.objects.bulk_create([Project(name="x")])


class TestFixtures:
    """Fixtures are saved raw; the key fills and guards there too."""

    def test_rows_without_a_tenant_are_the_active_ones(self, acme, tmp_path):
        """A fixture that names no tenant can be loaded for each."""
        path = tmp_path / "rows.json"
        path.write_text(json.dumps([{"model": "probe.project", "fields": {"name": "x"}}]))
        with use_tenant(acme):
            call_command("loaddata", str(path), verbosity=0)
            assert Project.objects.get().tenant == acme
        with pytest.raises(CommandError, match="belongs to tenants and no tenant is active"):
            call_command("loaddata", str(path), verbosity=0)

    def test_rows_of_all_tenants_are_dumped_and_loaded_unscoped(self, acme, globex, tmp_path):
        """The way there and back of all rows is unscoped; a tenant dumps its own."""
        for tenant in (acme, globex):
            with use_tenant(tenant):
                Project.objects.create(name=tenant.tenant_id)
        path = tmp_path / "rows.json"
        with use_tenant(acme):
            call_command("dumpdata", "probe.Project", output=str(path), verbosity=0)
            assert [row["fields"]["name"] for row in json.loads(path.read_text())] == ["acme"]
        with unscoped():
            call_command("dumpdata", "probe.Project", output=str(path), verbosity=0)
            Project.objects.all().delete()
            call_command("loaddata", str(path), verbosity=0)
            assert Project.objects.count() == 2


class TestTeaching:
    """The user's own field is changed in place, and nothing else of it."""

    @pytest.mark.parametrize(
        ("model", "written"),
        [
            (Project, ForeignKey),
            (Preferences, OneToOneField),
            (Gadget, OddKey),
            (Booking, VisibleTenantKey),
        ],
    )
    def test_the_class_is_a_subclass_under_the_same_name(self, model, written):
        """A taught field is an instance of the class that was written, and says so."""
        key = key_of(model)
        assert isinstance(key, TenantKey)
        assert isinstance(key, written)
        assert (type(key).__module__, type(key).__qualname__) == (written.__module__, written.__qualname__)
        assert type(key.clone()) is written
        assert not isinstance(key.clone(), TenantKey)

    def test_teaching_twice_changes_nothing(self):
        """A key that children share stays the same object of the same class."""
        key = key_of(Project)
        before = type(key)
        assert teach(key) is key
        assert type(key) is before
        assert key_of(Report) is key_of(Report.__base__)

    def test_fields_of_abstract_bases_are_taught_one_by_one(self):
        """Each child of an abstract base has a key of its own."""
        assert key_of(Note) is not key_of(Label)
        assert key_of(Note).model is Note
        assert key_of(Label).model is Label

    def test_the_key_can_be_copied_and_pickled(self):
        """Copies behave like the key, and a pickle finds the key again."""
        key = key_of(Project)
        assert type(copy.deepcopy(key)) is type(key)
        assert copy.copy(key).deconstruct() == key.deconstruct()
        assert pickle.loads(pickle.dumps(key)) is key

    def test_factories_leave_the_key_alone(self):
        """A factory that looks at exact classes or at defaults is told that there is one."""
        assert key_of(Project).has_default()
        assert key_of(Voucher).has_default()
        assert key_of(Project).get_default() is None

    def test_who_reads_the_default_gets_the_active_tenant(self, acme):
        """REST framework and factories call the attribute ``default``; what the project wrote stays there."""
        assert key_of(Project).default() is None
        with use_tenant(acme):
            assert key_of(Project).default() is acme
        assert key_of(Voucher).default == 1
        assert "default" not in key_of(Project).deconstruct()[3]
        assert key_of(Voucher).deconstruct()[3]["default"] == 1

    def test_which_key_is_the_one(self):
        """The key named tenant goes before others, then the first; links to a parent do not count."""
        assert [key.name for key in find_tenant_keys(Contact)] == ["tenant", "met_through"]
        assert [key.name for key in find_tenant_keys(Membership)] == ["organisation"]
        assert not isinstance(Contact._meta.get_field("met_through"), TenantKey)
        assert find_tenant_keys(Tenant) == []
        with isolate_apps("shapes"):

            class BigTenant(Tenant):
                class Meta:
                    app_label = "shapes"

            assert find_tenant_keys(BigTenant) == []

    def test_a_child_keeps_the_key_of_its_parent(self):
        """A second key in a child does not change whose the rows are."""
        with isolate_apps("shapes"):

            class Club(models.Model):
                organisation = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
                objects = TenantQuerySetManager()

                class Meta:
                    app_label = "shapes"

            class Guest(Club):
                tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")

                class Meta:
                    app_label = "shapes"

            assert Guest._meta.tenant_key is Club._meta.tenant_key

    def test_relations_named_by_text(self, settings):
        """Labels with and without the app, in any case, and classes, all lead to the tenant model."""
        with isolate_apps("probe"):

            class Named(models.Model):
                one = models.ForeignKey("Tenant", on_delete=models.CASCADE, related_name="+")
                two = models.ForeignKey("tenant", on_delete=models.CASCADE, related_name="+")
                three = models.ForeignKey("probe.Tenant", on_delete=models.CASCADE, related_name="+")
                four = models.ForeignKey("PROBE.TENANT", on_delete=models.CASCADE, related_name="+")
                five = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
                boss = models.ForeignKey("self", on_delete=models.CASCADE, null=True)
                strange = models.ForeignKey("shapes.Tenant", on_delete=models.CASCADE)

                class Meta:
                    app_label = "probe"

            found = [key.name for key in find_tenant_keys(Named)]
            assert found == ["one", "two", "three", "four", "five"]
            settings.OMNITENANT_CONFIG = {}
            assert find_tenant_keys(Named) == []

    def test_a_model_of_no_tenant_is_left_alone(self):
        """Without the manager a foreign key to the tenant is an ordinary one."""
        with isolate_apps("shapes"):

            class Plain(models.Model):
                tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")

                class Meta:
                    app_label = "shapes"

            assert type(Plain._meta.get_field("tenant")) is ForeignKey
            with pytest.raises(AttributeError):
                _ = Plain._meta.tenant_key


def test_a_tenant_that_is_gone_gives_no_key(acme):
    """A tenant that was deleted while it is active sees and fills nothing."""
    with use_tenant(acme):
        Project.objects.create(name="p")
        acme.delete()
        assert list(Project.objects.all()) == []
        with pytest.raises(TenantMismatchError, match="would be set to no tenant"), atomic():
            Project.objects.create(name="p")


def test_a_missing_setting_is_said_so(settings):
    """Without a tenant model a manager says which setting is missing."""
    with isolate_apps("shapes"):
        settings.OMNITENANT_CONFIG = {}

        class Orphan(models.Model):
            tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
            objects = TenantQuerySetManager()

            class Meta:
                app_label = "shapes"

        with pytest.raises(ImproperlyConfigured, match="OMNITENANT_CONFIG"):
            Orphan.objects.all()


def test_other_keys_are_not_guarded_here(acme, globex):
    """A second key to a tenant may name anybody: it says nothing about whose the row is."""
    with use_tenant(acme):
        contact = Contact.objects.create(name="x", met_through=globex)
        assert contact.met_through == globex
        assert Task.objects.create(name="t").tenant == acme


def test_instances_can_be_copied_and_pickled(acme, project):
    """An instance keeps its tenant on its way through a copy or a pickle."""
    for same in (copy.deepcopy(project), pickle.loads(pickle.dumps(project))):
        assert (same, same.tenant_id) == (project, acme.pk)
        with use_tenant(acme):
            same.save()


def test_a_manager_with_two_parents(acme, globex):
    """A manager that is also another kind of manager, such as one of users, is scoped and fills."""
    for tenant in (acme, globex):
        with use_tenant(tenant):
            Member.objects.create_user("same@example.com")
    with use_tenant(acme):
        member = Member.objects.get_by_natural_key("same@example.com")
        assert (member.tenant, Member.objects.count()) == (acme, 1)
        member.set_unusable_password()
        member.save()


def test_a_model_that_was_swapped_out(settings):
    """A model that another one stands in for is taught without being asked anything."""
    settings.SHAPES_OTHER = "shapes.Member"
    with isolate_apps("shapes"):

        class Swapped(models.Model):
            tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
            objects = TenantQuerySetManager()

            class Meta:
                app_label = "shapes"
                swappable = "SHAPES_OTHER"

        assert isinstance(Swapped._meta.get_field("tenant"), TenantKey)
        with pytest.raises(AttributeError, match=r"swapped for 'shapes\.Member'"):
            _ = Swapped.objects
