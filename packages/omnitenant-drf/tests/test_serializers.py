"""Tests of omnitenant_drf.serializers: what is unique within a tenant, checked before it is stored."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.serializers import ModelSerializer

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantRequiredError
from omnitenant_drf.validators import TenantUniqueValidator
from probe import serializers
from probe.models import Invoice, Plan, Preset, Project, Seat, Shelf, Tag, Task, Tenant

TAKEN = {"name": ["project with this name already exists."]}


def make(tenant: Tenant, model: Any, **values: Any) -> Any:
    """Store a row of a tenant."""
    with TenantContext.use_tenant(tenant):
        return model.objects.create(**values)


def errors(tenant: Tenant, kind: Any, data: Any, row: Any = None, **options: Any) -> Any:
    """Validate as a tenant."""
    with TenantContext.use_tenant(tenant):
        serializer = kind(row, data=data, **options)
        serializer.is_valid()
        return serializer.errors


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/projects/", "/generic/", "/guide/", "/plain/"])
def test_a_name_is_taken_in_its_tenant_only(speak_both: Any, acme: Tenant, globex: Tenant, path: str) -> None:
    """The same name twice is 400 under the field, and free in another tenant."""
    assert speak_both(acme, "post", path, {"name": "Roof"}).status_code == 201
    assert speak_both(globex, "post", path, {"name": "Roof"}).status_code == 201
    answer = speak_both(acme, "post", path, {"name": "Roof"})
    assert answer.status_code == 400
    wanted = {"name": ["Name already exists in this tenant"]} if path == "/guide/" else TAKEN
    assert answer.json() == wanted
    assert [row["name"] for row in speak_both(acme, "get", path).json()] == ["Roof"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/projects/", "/plain/"])
@pytest.mark.parametrize("method", ["put", "patch"])
def test_an_update_may_keep_its_name_and_not_take_another(speak: Any, acme: Tenant, path: str, method: str) -> None:
    """A row does not stand in its own way."""
    make(acme, Project, name="Roof")
    mine = make(acme, Project, name="Cellar")
    address = f"{path}{mine.pk}/"
    assert speak(acme, method, address, {"name": "Cellar"}).status_code == 200
    answer = speak(acme, method, address, {"name": "Roof"})
    assert (answer.status_code, answer.json()) == (400, TAKEN)
    assert speak(acme, method, address, {"name": "Attic"}).json()["name"] == "Attic"


def test_an_update_that_leaves_the_name_out_asks_nothing(acme: Tenant) -> None:
    """The rule costs one statement where one of its fields changes, and none elsewhere."""
    row = make(acme, Project, name="Roof")
    for data, count in (({}, 0), ({"name": "Roof"}, 0), ({"name": "Cellar"}, 1)):
        with CaptureQueriesContext(connection) as queries:
            assert not errors(acme, serializers.ProjectSerializer, data, row, partial=True)
        assert len(queries) == count, data


def test_fields_that_are_called_otherwise_get_the_blame_under_their_name(acme: Tenant) -> None:
    """The answer speaks the client's language."""
    make(acme, Project, name="Roof")
    found = errors(acme, serializers.RenamedProjectSerializer, {"title": "Roof"})
    assert found == {"title": TAKEN["name"]}


def test_several_fields_get_the_blame_together(acme: Tenant, globex: Tenant) -> None:
    """unique_together over the key and two fields; one of them has a default."""
    make(acme, Tag, label="red")
    make(globex, Tag, label="blue")
    kind = serializers.TagSerializer
    together = {"non_field_errors": ["The fields group, label must make a unique set."]}
    assert errors(acme, kind, {"label": "red"}) == together
    assert errors(acme, kind, {"label": "red", "group": "all"}) == together
    assert not errors(acme, kind, {"label": "red", "group": "few"})
    assert not errors(acme, kind, {"label": "blue"})
    assert not errors(globex, kind, {"label": "red"})


def test_a_rule_waits_until_the_serializer_knows_all_of_its_fields(acme: Tenant) -> None:
    """A default is no answer to what the row will be saved with; a read-only default says that it is."""
    make(acme, Tag, label="red")
    make(acme, Tag, label="blue", group="few")
    assert not errors(acme, serializers.LabelSerializer, {"label": "red"})
    assert not errors(acme, serializers.FewSerializer, {"label": "red"})
    assert errors(acme, serializers.FewSerializer, {"label": "blue"})


def test_a_primary_key_within_the_tenant_is_a_rule(acme: Tenant, globex: Tenant) -> None:
    """A composite key that begins with the tenant's."""
    row = make(acme, Seat, number=1)
    found = errors(acme, serializers.SeatSerializer, {"number": 1})
    assert found == {"number": ["seat with this number already exists."]}
    assert not errors(acme, serializers.SeatSerializer, {"number": 1, "note": "x"}, row)
    assert not errors(globex, serializers.SeatSerializer, {"number": 1})


def test_unscoped_a_row_is_checked_among_the_rows_of_its_tenant(acme: Tenant, globex: Tenant) -> None:
    """An operator who sees all rows meets the same rules; a new row without a tenant meets those for everybody."""
    row = make(acme, Project, name="Roof")
    make(acme, Project, name="Cellar")
    make(globex, Project, name="Attic")
    with TenantContext.unscoped():
        Preset.objects.create(name="light")
        for name, taken in (("Cellar", True), ("Attic", False)):
            serializer = serializers.ProjectSerializer(row, data={"name": name})
            assert serializer.is_valid() is not taken
        for name, taken in (("light", True), ("dark", False)):
            assert serializers.PresetSerializer(data={"name": name}).is_valid() is not taken


def test_a_partial_update_takes_the_other_fields_from_the_row(acme: Tenant) -> None:
    """A change of one field is checked together with what the row has."""
    make(acme, Tag, label="red", group="few")
    row = make(acme, Tag, label="red")
    found = errors(acme, serializers.TagSerializer, {"group": "few"}, row, partial=True)
    assert list(found) == ["non_field_errors"]
    assert not errors(acme, serializers.TagSerializer, {"group": "some"}, row, partial=True)


def test_a_condition_counts(acme: Tenant, globex: Tenant) -> None:
    """Only open tasks take a slot, with the constraint's own message and code."""
    project = make(acme, Project, name="Roof")
    make(acme, Task, project=project, title="a", slot=1)
    make(acme, Task, project=project, title="b", slot=2, done=True)
    theirs = make(globex, Project, name="Roof")
    kind, data = serializers.TaskSerializer, {"project": project.pk, "title": "c"}
    found = errors(acme, kind, {**data, "slot": 1})
    assert found == {"slot": ["This slot is taken."]}
    assert found["slot"][0].code == "taken"
    assert not errors(acme, kind, {**data, "slot": 1, "done": True})
    assert not errors(acme, kind, {**data, "slot": 2})
    assert not errors(acme, kind, {**data, "slot": None})
    assert not errors(globex, kind, {"project": theirs.pk, "title": "c", "slot": 1})


def test_a_change_of_the_condition_is_checked(acme: Tenant) -> None:
    """Reopening a task whose slot is taken is refused."""
    project = make(acme, Project, name="Roof")
    make(acme, Task, project=project, title="a", slot=1)
    row = make(acme, Task, project=project, title="b", slot=1, done=True)
    found = errors(acme, serializers.TaskSerializer, {"done": False}, row, partial=True)
    assert found == {"slot": ["This slot is taken."]}


def test_an_expression_counts(acme: Tenant, globex: Tenant) -> None:
    """One title in any case; REST framework itself knows no such constraints."""
    make(acme, Plan, title="Basic")
    found = errors(acme, serializers.PlanSerializer, {"title": "BASIC"})
    assert found == {"title": ["plan with this title already exists."]}
    assert not errors(globex, serializers.PlanSerializer, {"title": "BASIC"})


def test_a_row_is_no_duplicate_of_itself_by_an_expression(acme: Tenant) -> None:
    """Changing the case of a title, on the row's own table and on that of its parent."""
    row = make(acme, Plan, title="Basic")
    assert not errors(acme, serializers.PlanSerializer, {"title": "BASIC"}, row)
    child = make(acme, Invoice, number=1, code="a1")
    data = {"number": 1, "code": "A1"}
    assert not errors(acme, serializers.InvoiceSerializer, data, child)
    found = errors(acme, serializers.InvoiceSerializer, {**data, "number": 2})
    assert found == {"code": ["document with this code already exists."]}


def test_one_row_of_a_tenant_may_fulfil_a_condition(acme: Tenant, globex: Tenant) -> None:
    """A rule over the key alone puts the blame on its condition."""
    row = make(acme, Plan, title="Basic", is_default=True)
    data = {"title": "Plus", "is_default": True}
    found = errors(acme, serializers.PlanSerializer, data)
    assert found == {"is_default": ["This field must be unique."]}
    assert not errors(acme, serializers.PlanSerializer, {"title": "Plus"})
    assert not errors(acme, serializers.PlanSerializer, data, row)
    assert not errors(globex, serializers.PlanSerializer, data)


def test_a_condition_on_the_key_itself_counts(acme: Tenant, globex: Tenant) -> None:
    """A nullable key, one rule for tenants and one for rows of everybody."""
    make(acme, Preset, name="dark")
    with TenantContext.unscoped():
        Preset.objects.create(name="light")
    kind = serializers.PresetSerializer
    assert list(errors(acme, kind, {"name": "dark"})) == ["name"]
    assert not errors(acme, kind, {"name": "light"})
    assert not errors(globex, kind, {"name": "dark"})


def test_one_row_of_each_tenant(speak: Any, acme: Tenant, globex: Tenant) -> None:
    """A one-to-one key is a rule too."""
    assert speak(acme, "post", "/configs/", {"theme": "dark"}).status_code == 201
    assert speak(globex, "post", "/configs/", {"theme": "dark"}).status_code == 201
    answer = speak(acme, "post", "/configs/", {"theme": "light"})
    wanted = {"non_field_errors": ["config with this tenant already exists."]}
    assert (answer.status_code, answer.json()) == (400, wanted)


def test_a_rule_of_the_parents_table_counts(speak: Any, acme: Tenant, globex: Tenant) -> None:
    """A child is checked against all rows of its parent, and does not stand in its own way."""
    assert speak(acme, "post", "/documents/", {"number": 1}).status_code == 201
    wanted = {"number": ["document with this number already exists."]}
    assert errors(acme, serializers.InvoiceSerializer, {"number": 1}) == wanted
    assert speak(globex, "post", "/invoices/", {"number": 1}).status_code == 201
    mine = speak(acme, "post", "/invoices/", {"number": 2}).json()
    address = f"/invoices/{mine['id']}/"
    assert speak(acme, "put", address, {"number": 2, "total": 5}).json()["total"] == 5
    assert speak(acme, "patch", address, {"number": 1}).status_code == 400
    assert speak(acme, "patch", address, {"number": 3}).status_code == 200


def test_the_key_is_not_among_all_fields(speak: Any, acme: Tenant, globex: Tenant) -> None:
    """``"__all__"`` leaves it out, and a body that has it changes nothing."""
    body = {"name": "Roof", "tenant": globex.pk, "tenant_id": globex.pk}
    answer = speak(acme, "post", "/all/", body)
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "name", "status", "created_at"}
    with TenantContext.use_tenant(acme):
        assert Project.objects.get().tenant_id == acme.pk


def test_a_key_that_is_named_is_shown_and_never_taken(speak: Any, acme: Tenant, globex: Tenant) -> None:
    """A visible key too: what the client sends for it is not looked at."""
    answer = speak(acme, "post", "/shelves/", {"name": "top", "tenant": globex.pk})
    assert (answer.status_code, answer.json()["tenant"]) == (201, acme.pk)
    found = errors(acme, serializers.ShelfSerializer, {"name": "top"})
    assert found == {"name": ["shelf with this name already exists."]}
    address = f"/shelves/{answer.json()['id']}/"
    answer = speak(acme, "put", address, {"name": "low", "tenant": globex.pk})
    assert (answer.status_code, answer.json()["tenant"]) == (200, acme.pk)


def test_a_declared_key_is_never_taken(acme: Tenant, globex: Tenant) -> None:
    """Not even where the serializer declares a field for it."""
    from rest_framework.serializers import PrimaryKeyRelatedField

    class Declared(serializers.ProjectSerializer):
        owner = PrimaryKeyRelatedField(source="tenant", queryset=Tenant.objects.all())

        class Meta:
            model = Project
            fields = ["owner", "name"]

    with TenantContext.use_tenant(acme):
        serializer = Declared(data={"name": "Roof", "owner": globex.pk})
        assert serializer.is_valid(), serializer.errors
        assert serializer.save().tenant_id == acme.pk
        assert serializer.data == {"owner": acme.pk, "name": "Roof"}
        assert not serializer.fields["owner"].required


def test_rules_of_models_without_tenants_are_as_always(speak: Any, acme: Tenant, globex: Tenant) -> None:
    """The mixin changes nothing there."""
    assert speak(acme, "post", "/countries/", {"code": "de"}).status_code == 201
    assert speak(globex, "post", "/countries/", {"code": "de"}).json() == {
        "code": ["country with this code already exists."]
    }


def test_own_validators_replace_the_checks(acme: Tenant) -> None:
    """``Meta.validators`` means the same as in REST framework."""

    class Unchecked(serializers.ProjectSerializer):
        class Meta(serializers.ProjectSerializer.Meta):
            validators: list[Any] = []

    make(acme, Project, name="Roof")
    assert not errors(acme, Unchecked, {"name": "Roof"})


def test_without_the_mixin_nothing_is_checked(acme: Tenant) -> None:
    """What the mixin is for: the plain serializer takes a duplicate for valid."""
    make(acme, Project, name="Roof")
    assert issubclass(serializers.ProjectSerializer, ModelSerializer)
    assert not errors(acme, serializers.PlainProjectSerializer, {"name": "Roof"})


def test_a_plain_serializer_of_all_fields_takes_the_key_of_the_active_tenant(
    speak: Any, acme: Tenant, globex: Tenant
) -> None:
    """REST framework itself checks a rule whose fields it shows all, with what the taught key says for the tenant."""
    make(globex, Tag, label="red")
    kind = serializers.PlainAllTagSerializer
    assert not errors(acme, kind, {"label": "red"})
    make(acme, Tag, label="red")
    assert list(errors(acme, kind, {"label": "red"})) == ["non_field_errors"]
    assert not errors(acme, kind, {"label": "red", "group": "few"})
    for status in (201, 400):
        answer = speak(acme, "post", "/plain-shelves/", {"name": "top"})
        assert answer.status_code == status, "a visible key that is left out"
    with TenantContext.use_tenant(acme):
        assert Shelf.objects.get().tenant == acme


def test_with_nobody_active_checking_fails(db: None) -> None:
    """Nobody could say whose duplicate it is."""
    with pytest.raises(TenantRequiredError):
        serializers.ProjectSerializer(data={"name": "Roof"}).is_valid()


def test_fields_and_repr_need_nobody(db: None) -> None:
    """Schema generators look at serializers outside of requests."""
    assert list(serializers.TaskSerializer().fields)[:3] == ["id", "project", "title"]
    assert "TenantUniqueValidator(fields=('project', 'title'))" in repr(serializers.TaskSerializer())
    assert repr(serializers.PlanSerializer()).count("TenantUniqueValidator") == 2
    validators = serializers.OwnedPresetSerializer().validators
    assert {type(each) for each in validators} == {TenantUniqueValidator}
