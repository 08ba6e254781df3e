"""Tests of how a refused row is traced to a rule, on each database."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import names_digest
from django.db.models import UniqueConstraint
from django.db.models.functions import Lower

from omnitenant_context.context import TenantContext
from omnitenant_drf._rules import _field_names, _rule, own_rules
from omnitenant_drf._violations import find_broken_rule
from omnitenant_models.rows import get_tenant_key
from probe.models import Config, Country, Document, Invoice, Plan, Preset, Project, Seat, Shelf, Tag, Task


def refused(tenant: Any, model: Any, **values: Any) -> Any:
    """Store a row twice and return the rule that the second one breaks."""
    with TenantContext.use_tenant(tenant):
        model.objects.create(**values)
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            model.objects.create(**values)
    return find_broken_rule(caught.value)


@pytest.mark.parametrize(
    ("model", "values", "fields"),
    [
        (Project, {"name": "a"}, {"name"}),
        (Tag, {"label": "a"}, {"group", "label"}),
        (Plan, {"title": "a"}, {"title"}),
        (Preset, {"name": "a"}, {"name"}),
        (Config, {"theme": "a"}, set()),
        (Shelf, {"name": "a"}, {"name"}),
        (Document, {"number": 1}, {"number"}),
        (Invoice, {"number": 1}, {"number"}),
        (Seat, {"number": 1}, {"number"}),
    ],
)
def test_the_databases_own_words_lead_to_the_rule(acme: Any, model: Any, values: Any, fields: set[str]) -> None:
    """Every kind of rule is refused by the real database and found again."""
    rule = refused(acme, model, **values)
    assert rule.others == fields
    assert issubclass(model, rule.model)


def test_rules_of_models_without_tenants_are_not_ours(db: None) -> None:
    """A duplicate there stays what it was."""
    Country.objects.create(code="de")
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Country.objects.create(code="de")
    assert find_broken_rule(caught.value) is None


def test_a_primary_key_that_counts_is_not_ours(acme: Any) -> None:
    """That it repeats is a fault of the database's sequence, not of a client."""
    with TenantContext.use_tenant(acme):
        row = Project.objects.create(name="a")
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            Project.objects.create(pk=row.pk, name="b")
    assert find_broken_rule(caught.value) is None


@pytest.mark.parametrize(
    "text",
    [
        "NOT NULL constraint failed: probe_project.name",
        "CHECK constraint failed: one_project_of_a_name",
        "FOREIGN KEY constraint failed",
        "UNIQUE constraint failed: probe_project.name",
        "UNIQUE constraint failed: other.tenant_id, other.name",
        "UNIQUE constraint failed: index 'other'",
        "UNIQUE constraint failed: ",
        "",
    ],
)
def test_what_names_no_rule_is_not_ours(text: str) -> None:
    """Anything that is not word for word a rule's is left alone."""
    assert find_broken_rule(IntegrityError(text)) is None


def postgresql(**diag: Any) -> IntegrityError:
    """Make an error as Django makes it of psycopg's, whose diagnosis has these attributes in both versions."""
    known = {"sqlstate": "23505", "table_name": None, "constraint_name": None, "message_detail": None}
    cause = Exception()
    cause.diag = SimpleNamespace(**{**known, **diag})  # type: ignore[attr-defined]  # psycopg's errors have it
    error = IntegrityError("duplicate key value violates unique constraint")
    error.__cause__ = cause
    return error


DIGEST = names_digest("probe_tag", "tenant_id", "group", "label", length=8)


@pytest.mark.parametrize(
    ("diag", "fields"),
    [
        ({"table_name": "probe_project", "constraint_name": "one_project_of_a_name"}, {"name"}),
        ({"table_name": "probe_plan", "constraint_name": "one_title_in_any_case"}, {"title"}),
        ({"table_name": "probe_task", "constraint_name": "one_open_task_of_a_slot"}, {"slot", "done"}),
        (
            {
                "table_name": "probe_tag",
                "constraint_name": "renamed_by_hand",
                "message_detail": 'Key (tenant_id, "group", label)=(1, all, a) already exists.',
            },
            {"group", "label"},
        ),
        (
            {
                "table_name": "probe_tag",
                "constraint_name": "renamed_by_hand",
                "message_detail": "Schlüssel »(tenant_id, group, label)=(1, (b)=(c), a)« existiert bereits.",
            },
            {"group", "label"},
        ),
        (
            {
                "table_name": "probe_tag",
                "constraint_name": f"probe_tag_tenant_id_group_label_{DIGEST}_uniq",
            },
            {"group", "label"},
        ),
        ({"table_name": "probe_plan", "constraint_name": "probe_plan_voucher_key"}, {"voucher"}),
        ({"table_name": "probe_config", "constraint_name": "probe_config_tenant_id_key"}, set()),
        ({"table_name": "probe_seat", "constraint_name": "probe_seat_pkey"}, {"number"}),
    ],
)
def test_postgresql_names_the_constraint(diag: Any, fields: set[str]) -> None:
    """By its name where it has one, by its columns in any language, by a generated name under row-level security."""
    rule = find_broken_rule(postgresql(**diag))
    assert rule is not None
    assert rule.others == fields


@pytest.mark.parametrize(
    "diag",
    [
        {"table_name": "probe_project", "constraint_name": "one_project_of_a_name", "sqlstate": "23514"},
        {"table_name": "other", "constraint_name": "one_project_of_a_name"},
        {"table_name": "probe_project", "constraint_name": "probe_project_pkey"},
        {"table_name": "probe_country", "constraint_name": "probe_country_code_key"},
        {},
    ],
)
def test_other_diagnoses_of_postgresql_are_not_ours(diag: Any) -> None:
    """Another kind of error, another table, a key that counts, a model without tenants."""
    assert find_broken_rule(postgresql(**diag)) is None


def test_rules_are_read_once_each() -> None:
    """Each declared rule of a table is there, and none twice."""
    found = [(sorted(rule.others), rule.has_name, rule.per_tenant) for rule in own_rules(Task)]
    assert found == [
        (["project", "title"], True, True),
        (["done", "slot"], True, True),
    ]
    found = [(sorted(rule.others), rule.has_name, rule.per_tenant) for rule in own_rules(Plan)]
    assert found == [
        (["title"], True, True),
        (["is_default"], True, True),
        (["voucher"], False, False),
    ]
    assert list(own_rules(Country)) == []
    assert list(own_rules(Invoice)) == [], "the link to the parent is no rule of the project's"


def test_fields_go_by_their_names() -> None:
    """A key may be written by its column, and a field may stand in several expressions."""
    assert _field_names(Plan, ["customer_id", "title", "title", "pk"]) == ("customer", "title", "pk")


def test_expressions_that_are_only_columns_are_columns() -> None:
    """SQLite names the columns of such a rule, and the index of any other."""
    key = get_tenant_key(Plan)
    assert key is not None
    plain = _rule(Plan, key, UniqueConstraint("customer", "title", name="plain"))
    assert plain.columns == ("customer_id", "title")
    mixed = _rule(Plan, key, UniqueConstraint("customer", Lower("title"), name="mixed"))
    assert mixed.columns == ()


def test_tracing_asks_no_database(acme: Any) -> None:
    """The transaction may be broken: any statement would be the next error."""
    text = "UNIQUE constraint failed: probe_project.tenant_id, probe_project.name"

    def refuse(*_: Any) -> Any:
        raise AssertionError

    with connection.execute_wrapper(refuse):
        rule = find_broken_rule(IntegrityError(text))
        assert rule is not None
        assert list(rule.error().detail) == ["name"]
