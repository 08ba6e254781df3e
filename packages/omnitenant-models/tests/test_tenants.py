"""The tenant model: what it may be, when it may be entered, and what deleting it takes along."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.forms import modelform_factory
from django.template import Context, Engine
from django.test.utils import isolate_apps

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError, TenantInactiveError, TenantRequiredError
from omnitenant_models.models import BaseTenant, IsolationType, TenantState
from omnitenant_models.tenants import MIRROR, validate_config, validate_tenant_id
from probe.models import Domain, Project, Tenant
from shapes.models import Memo, Note, Preferences, Report, Template, Ticket

use_tenant = TenantContext.use_tenant


class TestIds:
    """An id is a DNS label that is not reserved."""

    @pytest.mark.parametrize("value", ["acme", "a", "0", "a-b", "a--b", "a1", "x" * 63])
    def test_good_ones(self, value):
        """DNS labels in lower case are accepted."""
        validate_tenant_id(value)

    @pytest.mark.parametrize(
        "value",
        ["", "ACME", "a_b", "-a", "a-", "a.b", "a b", "é", "../a", "a/b", "a\n", "\x00", "x" * 64, "a'b"],
    )
    def test_bad_ones(self, db, value):
        """Anything else is refused, by the validator and on saving, with the rule."""
        for attempt in (validate_tenant_id, lambda each: Tenant.objects.create(tenant_id=each, name="x")):
            with pytest.raises(ValidationError, match="lower case letters, digits and hyphens"):
                attempt(value)
        assert not Tenant.objects.exists()

    def test_reserved_ones(self, configure):
        """The names of the master and the public place are no tenant's, under whatever setting."""
        for value in ("public", "master"):
            with pytest.raises(ValidationError, match="is a reserved name; choose another") as caught:
                validate_tenant_id(value)
            assert caught.value.code == "reserved"
        configure(PUBLIC_TENANT_NAME="everyone", MASTER_TENANT_NAME="boss")
        validate_tenant_id("public")
        with pytest.raises(ValidationError):
            validate_tenant_id("everyone")

    def test_two_tenants_cannot_share_one(self, acme):
        """An id belongs to one tenant; the model's own validation says so."""
        with pytest.raises(ValidationError) as caught:
            Tenant(tenant_id="acme", name="Other").full_clean()
        assert "tenant_id" in caught.value.error_dict


class TestSaving:
    """What is saved can be entered; what has data stays what it is."""

    def test_defaults(self, db):
        """A tenant shares tables and is pending, unless it says otherwise."""
        tenant = Tenant.objects.create(tenant_id="acme", name="Acme")
        tenant.refresh_from_db()
        assert tenant.isolation is IsolationType.TABLE is Tenant.IsolationType.TABLE
        assert tenant.state == TenantState.PENDING == Tenant.State.PENDING
        assert tenant.config == {}
        assert str(tenant) == "Acme"

    def test_isolation_types_that_do_not_exist(self, acme):
        """An unknown isolation type is refused on creating and on changing, with those that exist."""
        with pytest.raises(ValidationError, match="'tabel' is no isolation type; use one of 'database'"):
            Tenant.objects.create(tenant_id="x", name="x", isolation_type="tabel")
        acme.isolation_type = "tabel"
        with pytest.raises(ValidationError, match="'tabel' is no isolation type"):
            acme.save()

    @pytest.mark.parametrize("config", [None, [], "text", 5])
    def test_a_config_is_a_dictionary(self, acme, config):
        """Any other JSON is refused, by the validator and on saving."""
        with pytest.raises(ValidationError, match="is a dictionary, not"):
            validate_config(config)
        with pytest.raises(ValidationError, match="is a dictionary, not"):
            Tenant.objects.create(tenant_id="x", name="x", config=config)
        acme.config = config
        with pytest.raises(ValidationError, match="is a dictionary, not"):
            acme.save()
        form = modelform_factory(Tenant, fields=["config"])({"config": "[1]"}, instance=acme)
        assert "config" in form.errors

    def test_an_expression_may_set_the_config(self, acme):
        """What the database computes cannot be looked into."""
        acme.config = models.F("config")
        acme.save()
        acme.refresh_from_db()
        assert acme.config == {}

    def test_the_id_never_changes(self, acme):
        """Another id is refused with both ids and what to do instead, sync and async."""
        acme.tenant_id = "other"
        for save in (acme.save, lambda: acme.save(update_fields=["tenant_id"])):
            with pytest.raises(OmnitenantError, match=r"'acme' cannot become 'other': .*; change its name"):
                save()
        with pytest.raises(OmnitenantError):
            async_to_sync(acme.asave)()
        assert Tenant.objects.get().tenant_id == "acme"

    def test_other_fields_do(self, acme, django_assert_num_queries):
        """The name may change; where only other fields are written nothing is asked."""
        acme.name = "New"
        acme.save()
        acme.tenant_id = "other"
        with django_assert_num_queries(1):
            acme.save(update_fields=["name"])
        partly = Tenant.objects.only("name").get()
        partly.name = "Newer"
        with django_assert_num_queries(1):
            partly.save()
        assert Tenant.objects.get().name == "Newer"
        assert Tenant.objects.get().tenant_id == "acme"

    def test_deferred_fields_that_were_set(self, acme):
        """An id that was not loaded, but set, is noticed."""
        partly = Tenant.objects.only("name").get()
        partly.tenant_id = "other"
        with pytest.raises(OmnitenantError, match="'acme' cannot become 'other'"):
            partly.save()

    @pytest.mark.parametrize("state", [state for state in TenantState if state != TenantState.PENDING])
    def test_the_isolation_type_stays_once_there_is_a_place(self, db, state):
        """A provisioned tenant keeps its isolation type."""
        tenant = Tenant.objects.create(tenant_id="acme", name="Acme", isolation_type="schema", state=state)
        tenant.isolation_type = "database"
        with pytest.raises(OmnitenantError, match=r"has its place in isolation type 'schema' .*'database'"):
            tenant.save()

    def test_the_isolation_type_may_change_before(self, db):
        """A tenant without a place and without rows may still become of another type."""
        tenant = Tenant.objects.create(tenant_id="acme", name="Acme", isolation_type="database")
        for isolation in ("schema", "table", "cache", "database"):
            tenant.isolation_type = isolation
            tenant.save()
        assert Tenant.objects.get().isolation is IsolationType.DATABASE

    def test_rows_are_a_place_too(self, db):
        """A pending tenant that already has rows in shared tables cannot leave them behind."""
        tenant = Tenant.objects.create(tenant_id="acme", name="Acme")
        with use_tenant(tenant):
            Report.objects.create(name="r")
        tenant.isolation_type = "database"
        with pytest.raises(OmnitenantError, match=r"has rows of shapes\.\w+ in isolation type 'table'"):
            tenant.save()
        tenant.isolation_type = "cache"
        tenant.save()
        Tenant.objects.update(state="active")
        tenant.isolation_type = "table"
        tenant.save()

    def test_forms_say_the_same(self, acme):
        """A form reports what saving would refuse, and accepts what it would not."""
        form_class = modelform_factory(Tenant, fields=["tenant_id", "name", "isolation_type"])
        data = {"tenant_id": "other", "name": "Acme", "isolation_type": "table"}
        form = form_class(data, instance=acme)
        assert "a tenant_id never changes" in str(form.errors)
        acme.refresh_from_db()
        assert form_class({**data, "tenant_id": "acme"}, instance=acme).is_valid()
        assert form_class({**data, "tenant_id": "new"}).is_valid()
        assert "tenant_id" in form_class({**data, "tenant_id": "A_B"}).errors
        assert "isolation_type" in form_class({**data, "isolation_type": "x"}).errors
        assert "state" not in modelform_factory(Tenant, fields="__all__").base_fields

    def test_a_row_that_is_gone_is_made_again(self, acme):
        """Saving what somebody else deleted inserts it, as Django does."""
        Tenant.objects.get().delete()
        acme.save()
        assert Tenant.objects.get().tenant_id == "acme"

    def test_a_mirrored_row_is_not_saved(self, acme):
        """An instance from the tenant's own database would erase the configuration in the master."""
        acme.config = {MIRROR: True}
        with pytest.raises(OmnitenantError, match="was read from the tenant's own database"):
            acme.save()


class TestEntering:
    """A tenant is entered when its place is ready, and says what to do when it is not."""

    @pytest.mark.parametrize(
        ("state", "remedy"),
        [
            ("suspended", "resume it"),
            ("provisioning", "wait until"),
            ("failed", "mending the cause"),
            ("deleting", "being removed"),
            ("odd", "set a state that exists"),
        ],
    )
    @pytest.mark.parametrize("isolation", IsolationType.values)
    def test_states(self, db, state, remedy, isolation):
        """Only active tenants are entered, others on purpose."""
        tenant = Tenant.objects.create(tenant_id="acme", name="Acme", state=state, isolation_type=isolation)
        with pytest.raises(TenantInactiveError, match=f"'acme' is {state}; .*{remedy}") as caught:
            use_tenant(tenant).__enter__()
        assert (caught.value.tenant_id, caught.value.state) == ("acme", state)
        assert pickle.loads(pickle.dumps(caught.value)).state == state
        with use_tenant(tenant, allow_inactive=True):
            pass

    @pytest.mark.parametrize(
        ("isolation", "entered"),
        [("table", True), ("cache", True), ("database", False), ("schema", False)],
    )
    def test_pending_ones(self, db, isolation, entered):
        """A pending tenant is entered where it needs no place."""
        tenant = Tenant.objects.create(tenant_id="acme", name="Acme", isolation_type=isolation)
        if entered:
            with use_tenant(tenant):
                pass
        else:
            with pytest.raises(TenantInactiveError, match="is pending; provision it"):
                use_tenant(tenant).__enter__()

    def test_unsaved_and_deleted_ones(self, acme):
        """Without a row a tenant is never entered, not even on purpose."""
        unsaved = Tenant(tenant_id="new", name="New")
        copied = Tenant(pk=acme.pk, tenant_id="acme", name="Acme", state="active")
        gone = Tenant.objects.get()
        gone.delete()
        for tenant, state, remedy in (
            (unsaved, "unsaved", "save it first"),
            (copied, "unsaved", "save it first"),
            (gone, "deleted", "load one"),
        ):
            with pytest.raises(TenantInactiveError, match=f"is {state}; {remedy}") as caught:
                use_tenant(tenant, allow_inactive=True).__enter__()
            assert caught.value.state == state

    def test_primary_keys_that_are_there_before(self):
        """A primary key with a default does not make an unsaved tenant a saved one."""
        with isolate_apps("shapes"):

            class KeyedTenant(BaseTenant):
                id = models.IntegerField(primary_key=True, default=7)

                class Meta:
                    app_label = "shapes"

            with pytest.raises(TenantInactiveError, match="unsaved"):
                use_tenant(KeyedTenant(tenant_id="x", name="x")).__enter__()

    def test_rows_that_were_not_loaded_whole(self, acme, django_assert_num_queries):
        """Entering reads nothing, so what it needs must be there."""
        for tenant in (Tenant.objects.defer("config").get(), Tenant.objects.only("tenant_id").get()):
            with (
                django_assert_num_queries(0),
                pytest.raises(TenantInactiveError, match="not fully loaded; load it without only"),
            ):
                use_tenant(tenant).__enter__()
        nameless = Tenant.objects.defer("name").get()
        with django_assert_num_queries(0), use_tenant(nameless):
            pass

    def test_rows_that_were_changed_past_saving(self, acme):
        """A row whose config or isolation type makes no sense is refused with what to set."""
        Tenant.objects.update(config=[])
        with pytest.raises(TenantInactiveError, match="misconfigured; its config is no dictionary"):
            use_tenant(Tenant.objects.get()).__enter__()
        Tenant.objects.update(config={}, isolation_type="odd", state="pending")
        with pytest.raises(TenantInactiveError, match="misconfigured; set its isolation_type to one of"):
            use_tenant(Tenant.objects.get()).__enter__()

    def test_mirrored_rows(self, acme):
        """A row of the tenant's own database has no configuration to enter with."""
        acme.config = {MIRROR: True}
        with pytest.raises(TenantInactiveError, match="mirrored; this row stands in the tenant's own"):
            use_tenant(acme, allow_inactive=True).__enter__()


class TestDeleting:
    """Deleting a tenant takes all of its rows along, whoever may do it."""

    @pytest.fixture
    def full(self, acme: Any, globex: Any) -> tuple[Any, Any]:
        """Give two tenants with rows of many shapes."""
        for tenant in (acme, globex):
            with use_tenant(tenant):
                project = Project.objects.create(name="p")
                project.tasks.create(name="t")
                Note.objects.create(name="n")
                Report.objects.create(name="r")
                Memo.objects.create(name="m")
                Preferences.objects.create(name="f")
                Ticket.objects.create(name="i", number=1)
        with TenantContext.unscoped():
            Template.objects.create(name="of nobody")
        return acme, globex

    @pytest.mark.parametrize("who", ["nobody", "master", "itself", "unscoped"])
    def test_all_rows_go(self, full, who):
        """The tenant's rows and domains are gone, and nobody else's."""
        acme, globex = full
        guard = {
            "nobody": transaction.atomic(),
            "master": TenantContext.use_master_db(),
            "itself": use_tenant(acme),
            "unscoped": TenantContext.unscoped(),
        }[who]
        with guard:
            count, kinds = Tenant.objects.get(tenant_id="acme").delete()
            assert count == sum(kinds.values()) > 9
        with TenantContext.unscoped():
            for model in (Project, Note, Report, Memo, Preferences, Ticket):
                assert model.objects.get().tenant == globex
            assert Template.objects.get().name == "of nobody"
        assert [domain.tenant for domain in Domain.objects.all()] == [globex]

    def test_in_an_event_loop(self, full):
        """The asynchronous twin does the same."""
        acme, _globex = full
        async_to_sync(acme.adelete)()
        assert Tenant.objects.get().tenant_id == "globex"

    def test_nothing_stays_unscoped(self, full):
        """The filter is lifted for the deletion only, also when that fails."""
        acme, _globex = full
        acme.delete()
        with pytest.raises(TenantRequiredError):
            Project.objects.count()
        with pytest.raises(ValueError, match=r"can't be deleted|pk"):
            acme.delete()
        with pytest.raises(TenantRequiredError):
            Project.objects.count()

    def test_querysets_are_deleted_unscoped(self, full):
        """Deleting a queryset of tenants with nobody active is refused, and works unscoped."""
        with pytest.raises(TenantRequiredError), transaction.atomic():
            Tenant.objects.filter(tenant_id="acme").delete()
        with TenantContext.unscoped():
            Tenant.objects.filter(tenant_id="acme").delete()
        assert Tenant.objects.get().tenant_id == "globex"

    def test_templates_cannot_do_it(self, acme):
        """A template that calls the methods changes nothing."""
        template = Engine().from_string("{{ tenant.delete }}{{ tenant.save }}")
        assert template.render(Context({"tenant": acme})) == ""
        assert Tenant.objects.exists()


class TestStaleCopies:
    """An instance that was read before the tenant's state changed."""

    def test_saving_one_does_not_open_a_suspended_tenant(self, make_tenant):
        """Its other changes are written; the state stays what the database says."""
        stale = Tenant.objects.get(pk=make_tenant("acme").pk)
        Tenant.objects.filter(pk=stale.pk).update(state="suspended")
        stale.name = "Renamed"
        stale.save()
        assert Tenant.objects.values_list("name", "state").get() == ("Renamed", "suspended")
        assert stale.state == "suspended"

    @pytest.mark.parametrize("refresh", [False, True])
    def test_a_state_that_was_set_on_purpose_is_written(self, make_tenant, refresh):
        """The project may set a state itself, more than once."""
        tenant = Tenant.objects.get(pk=make_tenant("acme").pk)
        for state in ("suspended", "active", "suspended"):
            if refresh:
                tenant.refresh_from_db()
            tenant.state = state
            tenant.save()
            assert Tenant.objects.get().state == state

    def test_an_isolation_type_that_is_not_stored_decides_nothing(self, make_tenant):
        """A change in memory would lead to the rows of other tenants; it must be saved, or taken back."""
        tenant = Tenant.objects.get(pk=make_tenant("acme").pk)
        tenant.isolation_type = "database"
        with pytest.raises(TenantInactiveError, match="'acme' is changed in memory.*was 'table' and is now 'database'"):
            use_tenant(tenant, allow_inactive=True).__enter__()
        tenant.isolation_type = "cache"
        tenant.save()
        with use_tenant(tenant):
            tenant.refresh_from_db()
        with use_tenant(Tenant.objects.create(tenant_id="fresh", name="fresh")):
            pass
