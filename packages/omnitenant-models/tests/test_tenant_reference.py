"""``TenantReference``: the database refuses what leads to another tenant's row, whoever writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Value
from django.test.utils import isolate_apps

from linked.models import Building, Errand, Linked, Locker, Plan, Room, Seat, Watch
from omnitenant_context.context import TenantContext
from omnitenant_models.models import TenantReference
from probe.models import Tenant

use_tenant = TenantContext.use_tenant
unscoped = TenantContext.unscoped


@pytest.fixture
def mine(acme: Tenant) -> Plan:
    """Give a plan of the active tenant."""
    with use_tenant(acme):
        return Plan.objects.create(name="mine", code="m")


@pytest.fixture
def theirs(globex: Tenant) -> Plan:
    """Give a plan of another tenant."""
    with use_tenant(globex):
        return Plan.objects.create(name="theirs", code="t")


@pytest.fixture
def errand(acme: Tenant, mine: Plan) -> Errand:
    """Give a errand of the active tenant."""
    with use_tenant(acme):
        return Errand.objects.create(name="j", plan=mine)


def refused(name: str, write: Callable[[], Any]) -> None:
    """See a write refused when its transaction ends, by the constraint of this name where it is told."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write()
        connection.check_constraints()
    if connection.vendor == "postgresql":
        assert f'"{name}"' in str(caught.value)


def raw(statement: str, *values: Any) -> Callable[[], Any]:
    """Give a write through a cursor."""

    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    return write


class TestStrangers:
    """What Python cannot see is refused by the database."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_an_expression(self, acme, theirs, errand):
        """An expression, whose value nobody knows before the database does; inside a tenant Python refuses it."""

        def write() -> None:
            with unscoped():
                Errand.objects.update(plan=Value(theirs.pk))

        refused("linked_errand_plan_same_tenant", write)
        with use_tenant(acme):
            assert Errand.objects.get().plan_id == errand.plan_id

    def test_a_cursor(self, theirs, errand):
        """SQL of one's own."""
        write = raw("UPDATE linked_errand SET plan_id = %s WHERE id = %s", theirs.pk, errand.pk)
        refused("linked_errand_plan_same_tenant", write)

    def test_the_commit_itself_refuses(self, theirs, errand):
        """Without anybody asking earlier, it is the end of the transaction that fails."""
        with pytest.raises(IntegrityError), transaction.atomic():
            raw("UPDATE linked_errand SET backup_id = %s WHERE id = %s", theirs.pk, errand.pk)()
        with unscoped():
            assert Errand.objects.get().backup_id is None

    def test_unscoped_code(self, theirs, errand):
        """Code for all tenants may write every row, and is held to the tenants of both."""

        def write() -> None:
            with unscoped():
                Errand.objects.filter(pk=errand.pk).update(backup=theirs)

        refused("linked_errand_backup_same_tenant", write)

    def test_moving_either_end(self, globex, mine, errand):
        """A row that others refer to cannot change its tenant, nor can one that refers."""
        for table, pk in ((Plan, mine.pk), (Errand, errand.pk)):
            statement = f"UPDATE {table._meta.db_table} SET tenant_id = %s WHERE id = %s"
            refused("linked_errand_plan_same_tenant", raw(statement, globex.pk, pk))

    def test_a_row_of_its_own_kind(self, acme, globex, theirs, errand):
        """A reference to the same table."""
        with use_tenant(globex):
            other = Errand.objects.create(name="o", plan=theirs)
        write = raw("UPDATE linked_errand SET parent_id = %s WHERE id = %s", other.pk, errand.pk)
        refused("linked_errand_parent_same_tenant", write)

    def test_by_another_column(self, theirs, errand):
        """A reference that holds another column than the primary key."""
        write = raw("UPDATE linked_errand SET by_code_id = %s WHERE id = %s", "t", errand.pk)
        refused("linked_errand_by_code_same_tenant", write)

    def test_through_a_table_in_between(self, acme, theirs, errand):
        """Either end of a many-to-many relation with a model of its own."""
        statement = "INSERT INTO linked_watch (tenant_id, errand_id, plan_id) VALUES (%s, %s, %s)"
        refused("linked_watch_plan_same_tenant", raw(statement, acme.pk, errand.pk, theirs.pk))
        refused("watched_errand", raw(statement, theirs.tenant_id, errand.pk, theirs.pk))

    def test_names_that_must_be_quoted(self, acme, theirs):
        """Tables and columns with odd names."""
        write = raw('INSERT INTO "Seats of plans" ("The Owner", "the plan") VALUES (%s, %s)', acme.pk, theirs.pk)
        refused("linked_seat_plan_same_tenant", write)

    def test_keys_that_hold_another_column(self, acme, globex):
        """Both keys hold the tenant's id, and one of them has another name."""
        with use_tenant(globex):
            other = Building.objects.create(name="b")
        write = raw("INSERT INTO linked_room (organisation_id, building_id) VALUES ('acme', %s)", other.pk)
        refused("linked_room_building_same_tenant", write)

    def test_what_belongs_to_nobody(self, acme, mine):
        """A row of a tenant cannot refer to a row without one."""
        with unscoped():
            nobodys = Locker.objects.create(plan=mine, tenant=None)
        statement = "INSERT INTO linked_coat (tenant_id, locker_id) VALUES (%s, %s)"
        refused("linked_coat_locker_same_tenant", raw(statement, acme.pk, nobodys.pk))


class TestOwnRows:
    """Right code does not notice."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_every_relation(self, acme, mine, errand):
        """Rows of one tenant refer to each other in every way, and to nothing."""
        with use_tenant(acme):
            Errand.objects.create(name="c", plan=mine, backup_id=mine.pk, parent=errand, by_code=mine)
            errand.watchers.add(mine, through_defaults={"tenant": acme})
            Seat.objects.create(plan=mine)
            Room.objects.create(building=Building.objects.create(name="b"))
            assert (Errand.objects.count(), Watch.objects.count(), Seat.objects.count()) == (2, 1, 1)

    def test_in_any_order(self, acme):
        """It is the end of a transaction that counts, not the order in it."""
        with use_tenant(acme), transaction.atomic():
            raw("INSERT INTO linked_errand (id, tenant_id, plan_id, name) VALUES (1, %s, 4711, 'early')", acme.pk)()
            Plan.objects.create(pk=4711, name="late")
        with use_tenant(acme):
            assert Errand.objects.get().plan.name == "late"

    def test_cascades(self, acme, mine, errand):
        """Deleting what is referred to takes along what refers to it."""
        with use_tenant(acme):
            child = Errand.objects.create(name="c", plan=mine, parent=errand)
            errand.watchers.add(mine, through_defaults={"tenant": acme})
            errand.delete()
            assert not Errand.objects.filter(pk=child.pk).exists()
            Errand.objects.create(name="again", plan=mine)
            mine.delete()
            assert (Errand.objects.count(), Watch.objects.count(), Plan.objects.count()) == (0, 0, 0)

    def test_set_null_empties_the_reference_alone(self, acme, mine):
        """The tenant of the row stays."""
        with use_tenant(acme):
            spare = Plan.objects.create(name="spare")
            errand = Errand.objects.create(name="j", plan=mine, backup_id=spare.pk)
            spare.delete()
            errand.refresh_from_db()
            assert (errand.tenant, errand.backup) == (acme, None)

    def test_deleting_a_tenant(self, acme, mine, errand):
        """All of it goes, in whatever order."""
        acme.delete()
        with unscoped():
            assert not Plan.objects.exists()
            assert not Errand.objects.exists()

    def test_rows_of_nobody_are_not_checked(self, mine):
        """A row without a tenant may refer to any."""
        with unscoped():
            Seat.objects.create(plan=mine, tenant=None)
            connection.check_constraints()


@pytest.mark.django_db
class TestValidation:
    """``full_clean()`` says it beside the field, and alike for what another tenant has and for what nobody has."""

    def errors(self, instance: models.Model) -> dict[str, Any]:
        """Return what the constraints alone find."""
        try:
            instance.validate_constraints(exclude={"id"})
        except ValidationError as error:
            return error.error_dict
        return {}

    def test_own_rows(self, acme, mine):
        """A row of the same tenant is right, before and after the key is filled."""
        errand = Errand(name="j", plan=mine)
        assert errand.tenant_id is None
        with use_tenant(acme):
            assert self.errors(errand) == {}
            assert self.errors(Errand(name="j", plan=mine)) == {}

    def test_rows_of_others_and_of_nobody(self, acme, theirs):
        """Both get the same answer."""
        with use_tenant(acme):
            [[stranger]] = self.errors(Errand(name="j", plan_id=theirs.pk)).values()
            [[nobody]] = self.errors(Errand(name="j", plan_id=987654)).values()
        assert stranger.message == nobody.message == "Choose a row that exists and belongs to the same tenant."
        assert stranger.code == nobody.code == "tenant_reference"

    def test_unscoped(self, acme, globex, mine, theirs):
        """Without a scope the row's own tenant counts; a row without one is not checked."""
        with unscoped():
            assert self.errors(Errand(name="j", tenant=acme, plan=mine)) == {}
            assert list(self.errors(Errand(name="j", tenant=globex, plan=mine))) == ["plan"]
            assert self.errors(Seat(plan=theirs)) == {}

    def test_what_is_left_out(self, acme, theirs):
        """A field that a form leaves out is not checked, nor is one that is empty."""
        with use_tenant(acme):
            Errand(name="j", plan_id=theirs.pk).validate_constraints(exclude={"plan"})
            assert self.errors(Errand(name="j")) == {}

    def test_code_and_message_of_ones_own(self, acme, mine, theirs):
        """As in Django's constraints."""
        with use_tenant(acme):
            [[error]] = self.errors(Errand(name="j", plan=mine, by_code_id="t")).values()
        assert (error.code, error.messages) == ("no_plan", ["no such plan"])

    def test_full_clean_says_it_once(self, acme, theirs):
        """Django's own check of the foreign key comes first, and is enough."""
        with use_tenant(acme), pytest.raises(ValidationError) as caught:
            Errand(name="j", plan_id=theirs.pk).full_clean()
        assert [len(each) for each in caught.value.error_dict.values()] == [1]


class TestDeclaration:
    """What is written, and what becomes of it."""

    def test_one_field(self):
        """Exactly one foreign key, named in one way."""
        assert TenantReference("a", name="x") == TenantReference(fields=["a"], name="x")
        assert TenantReference("a").fields == ("a",)
        for arguments in ({}, {"fields": ["a", "b"]}, {"fields": "ab"}, {"field": "a", "fields": ["b"]}):
            with pytest.raises(TypeError, match="a TenantReference is for one foreign key"):
                TenantReference(**arguments)

    def test_names(self):
        """The name is made from those of app, model and field; an abstract base gives each child its own."""
        names = [each.name for each in Errand._meta.constraints if isinstance(each, TenantReference)]
        assert names == [f"linked_errand_{field}_same_tenant" for field in ("plan", "backup", "parent", "by_code")]
        assert [each.name for each in Watch._meta.constraints] == ["linked_watch_plan_same_tenant", "watched_errand"]
        assert Linked.Meta.constraints[0].name == "%(app_label)s_%(class)s_plan_same_tenant"

    def test_long_names_are_cut_and_stay_apart(self):
        """PostgreSQL keeps 63 bytes of a name, and would cut the rest off in silence."""
        names = {"app_label": "linked", "class": "é" * 40}
        first, second = TenantReference("plan").name % names, TenantReference("play").name % names
        assert len(first.encode()) <= 63
        assert first != second
        assert first[:30] == second[:30]

    def test_the_tenant_key_is_noted(self):
        """Migrations name it, so that they do not depend on settings of another day."""
        assert {each.tenant for each in Watch._meta.constraints} == {"tenant"}
        assert [each.tenant for each in Room._meta.constraints] == ["organisation"]

    def test_the_description(self):
        """A path that does not move, and what was written."""
        [constraint] = Room._meta.constraints
        path, args, kwargs = constraint.deconstruct()
        assert path == "omnitenant_models.models.TenantReference"
        assert (args, kwargs) == (
            ("building",),
            {"name": "linked_room_building_same_tenant", "tenant": "organisation"},
        )
        again = constraint.clone()
        assert again == constraint
        assert hash(again) == hash(constraint)
        assert again != TenantReference("building", name="other")
        assert constraint != "building"
        assert repr(again) == "<TenantReference: 'building' name='linked_room_building_same_tenant'>"

    def test_a_model_that_cannot_have_one(self):
        """A model without a tenant is made all the same: a check says what is wrong with it."""
        with isolate_apps("linked"):

            class Keyless(models.Model):
                plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="+")

                class Meta:
                    app_label = "linked"
                    constraints = [TenantReference("plan")]

            assert Keyless._meta.constraints[0].tenant is None
