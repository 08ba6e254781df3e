"""The base manager, which Django itself uses: saving, refreshing, related objects and cascades stay at home."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models
from django.db.transaction import atomic
from django.test.utils import isolate_apps

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.rows import TenantQuerySetManager, get_tenant_key
from omnitenant_models.rows.base_manager import ScopedOptions, scope_model
from probe.models import Project, Tenant
from shapes.models import Asset, Country, Document, Memo, ProjectView, Report, Step, Task, Vehicle

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped


@pytest.fixture
def theirs(globex):
    """Give a project of globex's."""
    with use_tenant(globex):
        return Project.objects.create(name="theirs")


def stored(project: Any) -> tuple[str, int]:
    """Return what the database holds."""
    with unscoped():
        return Project.objects.values_list("name", "tenant_id").get(pk=project.pk)


class TestSaving:
    """A row of somebody else's cannot be written by its primary key."""

    def test_stealing_by_primary_key(self, acme, globex, theirs):
        """An instance with another tenant's primary key is no update: the row stays what it was."""
        with pytest.raises(TenantMismatchError, match="is a row of tenant 'globex'"), atomic(), use_tenant(acme):
            Project(pk=theirs.pk, name="stolen").save()
        assert stored(theirs) == ("theirs", globex.pk)

    def test_forced_updates(self, acme, globex, theirs):
        """Updating by force, or some fields only, finds no row."""
        for options in ({"force_update": True}, {"update_fields": ["name"]}):
            with pytest.raises(TenantMismatchError, match="would be written"), atomic(), use_tenant(acme):
                Project(pk=theirs.pk, name="stolen").save(**options)
        assert stored(theirs) == ("theirs", globex.pk)

    def test_stealing_through_a_child(self, acme, globex):
        """Saving a child writes its parent's table, which is guarded, scoped or not."""
        for child, parent in ((Vehicle, Asset), (Report, Document), (Memo, Document)):
            with use_tenant(globex):
                row = child(name="theirs")
                row.save()
            with pytest.raises(TenantMismatchError, match="would be written"), atomic(), use_tenant(acme):
                child(pk=row.pk, name="stolen").save()
            with unscoped():
                assert parent.objects.get(pk=row.pk).name == "theirs"

    def test_updates_and_bulk_updates(self, acme, globex, theirs):
        """``bulk_update`` of a stranger's instance changes nothing."""
        theirs.name = "stolen"
        with use_tenant(acme):
            assert Project.objects.bulk_update([theirs], ["name"]) == 0
        assert stored(theirs) == ("theirs", globex.pk)

    def test_saving_its_own(self, acme):
        """A tenant's own row is updated, with a manager that filters more too."""
        with use_tenant(acme):
            step = Step.objects.create(name="s", is_done=True)
            step.name = "t"
            step.save()
            assert Step.objects.get().name == "t"
            assert Step.objects.count() == 1


class TestLoading:
    """What Django loads by itself is loaded as the active tenant."""

    def test_refreshing(self, acme, theirs):
        """A stranger's instance cannot be refreshed, whole or in part."""
        with use_tenant(acme):
            for fields in (None, ["name"]):
                with pytest.raises(Project.DoesNotExist):
                    theirs.refresh_from_db(fields=fields)
        with pytest.raises(TenantRequiredError):
            theirs.refresh_from_db()

    def test_deferred_fields(self, acme, globex):
        """A deferred field of a stranger's instance is not loaded."""
        with use_tenant(globex):
            Project.objects.create(name="theirs")
            deferred = Project.objects.only("id").get()
        with use_tenant(acme), pytest.raises(Project.DoesNotExist):
            _ = deferred.name

    def test_forward_keys(self, acme, globex, theirs):
        """A reference to a stranger's row leads nowhere."""
        with unscoped():
            task = Task.objects.create(name="t", tenant=acme, project=theirs)
        with use_tenant(acme):
            task = Task.objects.get()
            assert task.project_id == theirs.pk
            with pytest.raises(Project.DoesNotExist):
                _ = task.project
            assert Task.objects.prefetch_related("project").get().project is None

    def test_forward_keys_to_the_tenant(self, acme):
        """The tenant itself can be reached from its rows, whoever is active."""
        with use_tenant(acme):
            Project.objects.create(name="p")
            project = Project.objects.get()
        assert project.tenant == acme

    def test_validation(self, acme, theirs):
        """A foreign key to a stranger's row does not validate."""
        with use_tenant(acme), pytest.raises(ValidationError) as caught:
            Task(name="t", project_id=theirs.pk).full_clean()
        assert list(caught.value.error_dict) == ["project"]

    def test_generic_keys(self, acme, theirs):
        """A generic reference to a stranger's row leads nowhere."""
        kind = ContentType.objects.get_for_model(Project)
        with use_tenant(acme):
            mine = Project.objects.create(name="mine")
            assert kind.get_object_for_this_type(pk=mine.pk) == mine
            with pytest.raises(Project.DoesNotExist):
                kind.get_object_for_this_type(pk=theirs.pk)
            assert kind.get_all_objects_for_this_type(pk__in=[mine.pk, theirs.pk]).get() == mine
            with isolate_apps("shapes"):

                class Mark(models.Model):
                    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
                    object_id = models.IntegerField()
                    target = GenericForeignKey()

                    class Meta:
                        app_label = "shapes"

                assert Mark(content_type=kind, object_id=theirs.pk).target is None
                assert Mark(content_type=kind, object_id=mine.pk).target == mine


class TestDeleting:
    """Cascades reach the active tenant's rows only."""

    def test_cascades(self, acme, globex):
        """Deleting a row takes the tenant's own rows with it."""
        with use_tenant(acme):
            project = Project.objects.create(name="p")
            project.tasks.create(name="t")
            assert project.delete()[0] == 2

    def test_cascades_into_strangers(self, acme, globex):
        """A stranger's row that refers to a deleted one is not deleted: the database refuses instead."""
        with use_tenant(acme):
            project = Project.objects.create(name="p")
        with unscoped():
            Task.objects.create(name="theirs", tenant=globex, project=project)
        with use_tenant(acme):
            project.delete()
        with pytest.raises(IntegrityError):
            connection.check_constraints()
        with unscoped():
            assert Task.objects.get().name == "theirs"
            Task.objects.all().delete()

    def test_querysets_of_strangers(self, acme, theirs):
        """Deleting by the primary key of a stranger's row deletes nothing."""
        with use_tenant(acme):
            assert Project.objects.filter(pk=theirs.pk).delete()[0] == 0
        assert stored(theirs)


class TestInstalling:
    """The options of a model are of a subclass that survives Django's own clearing."""

    def test_it_survives_the_clearing_of_caches(self, acme, theirs):
        """After ``apps.clear_cache()`` the base manager still filters."""
        apps.clear_cache()
        assert isinstance(Project._meta, ScopedOptions)
        with use_tenant(acme):
            assert not Project._base_manager.exists()
            with pytest.raises(Project.DoesNotExist):
                theirs.refresh_from_db()

    def test_children_and_proxies(self):
        """Children and proxies have the scoped base manager, whatever managers they have."""
        for model in (Report, Memo, Vehicle, ProjectView):
            assert isinstance(model._base_manager, TenantQuerySetManager)
            assert model._base_manager.auto_created
        assert isinstance(Asset._base_manager, TenantQuerySetManager)
        assert not isinstance(Asset._default_manager, TenantQuerySetManager)

    def test_it_filters_by_nothing_else(self, acme):
        """The base manager does not have the conditions of the model's own manager."""
        with use_tenant(acme):
            Step.objects.create(name="s", is_done=True)
            assert Step._default_manager.count() == 0
            assert Step._base_manager.count() == 1

    def test_others_keep_theirs(self):
        """A model of no tenant, and the tenant model, keep Django's options."""
        for model in (Country, Tenant):
            assert not isinstance(model._meta, ScopedOptions)
            assert type(model._base_manager) is models.Manager

    def test_scoping_twice_changes_nothing(self):
        """A second call keeps the leaf and the manager."""
        before = Project._meta.tenant_leaf, Project._base_manager
        key = get_tenant_key(Project)
        assert key is not None
        scope_model(Project, key)
        assert (Project._meta.tenant_leaf, Project._base_manager) == before

    def test_a_named_base_manager_is_used(self):
        """``Meta.base_manager_name`` counts, on the model itself and inherited from a parent."""
        with isolate_apps("shapes"):

            class Named(models.Model):
                tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
                objects = TenantQuerySetManager()
                mine = TenantQuerySetManager()

                class Meta:
                    app_label = "shapes"
                    base_manager_name = "mine"

            class Child(Named):
                class Meta:
                    app_label = "shapes"

            assert Named._base_manager.name == "mine"
            assert Child._base_manager.name == "mine"

    def test_a_base_manager_that_does_not_exist(self):
        """A name that is no manager's is Django's own error."""
        with isolate_apps("shapes"):

            class Misnamed(models.Model):
                tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
                objects = TenantQuerySetManager()

                class Meta:
                    app_label = "shapes"
                    base_manager_name = "nothing"

            with pytest.raises(ValueError, match="no manager named 'nothing'"):
                _ = Misnamed._base_manager


def test_a_strangers_instance_cannot_be_saved(acme, theirs):
    """Saving another tenant's instance as it is names both tenants."""
    both = "tenant 'globex', but the active tenant is 'acme'"
    with pytest.raises(TenantMismatchError, match=both), atomic(), use_tenant(acme):
        theirs.save()
