"""Guards around the rows: fixtures, wiping, migrations, checks, the test kit, the database itself, the REST API."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from ablations.register import ablation, nothing, replace
from omnitenant_models import checks
from omnitenant_models.management.commands import dumpdata, flush, loaddata, sqlflush
from omnitenant_models.rows import install, keys, references
from omnitenant_models.testing import _verdict


@ablation()
def the_refusal_of_flush() -> None:
    """All tables are emptied inside a tenant that shares them."""
    replace(flush, "refuse_to_empty_shared_tables", nothing)


@ablation()
def the_refusal_of_sqlflush() -> None:
    """What would empty all tables is printed inside a tenant that shares them."""
    replace(sqlflush, "refuse_to_empty_shared_tables", nothing)


@ablation()
def the_refusal_of_dumps_by_nobody() -> None:
    """A dump with nobody active is left to Django."""
    replace(dumpdata, "_refuse_tenants_rows", nothing)


@ablation()
def the_choice_of_models_in_a_dump() -> None:
    """A dump inside a tenant takes in models whose rows are not the tenant's alone."""
    replace(dumpdata, "not_the_tenants", lambda *_: [])


@ablation()
def the_deferring_of_references_in_fixtures() -> None:
    """A row in a file that comes before what it refers to is refused."""
    replace(loaddata, "deferred_references", nullcontext)


@ablation()
def the_description_of_keys_in_migrations() -> None:
    """Migrations describe the key as it is, not as it was written."""
    replace(keys.TenantKey, "deconstruct", lambda self: super(keys.TenantKey, self).deconstruct())


@ablation()
def the_plainness_of_historical_models() -> None:
    """Historical models of migrations are taught like any other."""
    teach, belongs = install.teach_model, install._belongs_to_tenants
    from django.db.models.signals import class_prepared

    def all_the_same(sender: Any, **_: Any) -> None:
        if sender.__module__ != "__fake__":
            teach(sender)
        elif belongs(sender):
            module = sender.__module__
            sender.__module__ = "taught"
            try:
                teach(sender)
            finally:
                sender.__module__ = module

    class_prepared.disconnect(dispatch_uid="omnitenant_models.rows")
    class_prepared.connect(all_the_same, dispatch_uid="omnitenant_models.rows", weak=False)


@ablation()
def the_tenant_reference() -> None:
    """The database does not know the constraint."""
    replace(references.TenantReference, "constraint_sql", nothing)


@ablation()
def the_validation_of_tenant_references() -> None:
    """A full clean does not look at the constraint."""
    replace(references.TenantReference, "validate", nothing)


@ablation()
def the_detector_of_unrestricted_tables() -> None:
    """The leak detector takes every table for held to the tenant."""
    replace(
        _verdict.Verdict,
        "_restricted",
        lambda self: {source.number for source in self._statement.sources},
    )


@ablation()
def the_detector_of_other_tenants() -> None:
    """The leak detector takes any value in the tenant's column for the active tenant."""
    replace(_verdict.Verdict, "_is_active", lambda self, table, value: True)


@ablation()
def the_detector_of_what_is_written() -> None:
    """The leak detector does not look at the values that are written."""
    replace(_verdict.Verdict, "_wrong_in", lambda self, change, table, mine: ())


@ablation()
def the_detector_of_joins() -> None:
    """The leak detector takes no join for one that leads to the tenant."""
    replace(_verdict.Verdict, "_leads", lambda self, one, other: False)


@ablation()
def the_detector_of_common_rows() -> None:
    """The leak detector takes any join for one that leads to the tenant."""
    replace(_verdict.Verdict, "_leads", lambda self, one, other: True)


def _check_out(module: str, name: str) -> None:
    from importlib import import_module

    replace(import_module(f"{checks.__name__}.{module}"), name, lambda *_, **__: [])


@ablation()
def the_check_of_managers() -> None:
    """Nobody names plain managers."""
    _check_out("rows", "_check_managers")


@ablation()
def the_check_of_unique_values() -> None:
    """Nobody names values that are unique across tenants."""
    from omnitenant_models.checks import uniqueness

    replace(uniqueness, "_is_apart", lambda *_: True)


@ablation()
def the_check_of_shared_tables() -> None:
    """Nobody names models without a key that tenants share."""
    _check_out("shared_tables", "_is_shared_by_mistake")


@ablation()
def the_check_of_references() -> None:
    """Nobody lists references that the database does not keep within the tenant."""
    _check_out("references", "_unenforced")


@ablation()
def the_rules_of_serializers() -> None:
    """Serializers do not know what is unique within a tenant."""
    from omnitenant_drf import serializers

    replace(serializers, "all_rules", lambda model: [])
