"""Guards of writing: keys, references, many-to-many, upserts, deletion."""

from __future__ import annotations

from django.db.models import ForeignKey

from ablations.register import ablation, nothing, replace
from omnitenant_models import _deletion, domains, tenants
from omnitenant_models.rows import (
    _found,
    _values,
    deletion,
    keys,
    reference_guard,
    reverse,
    saving,
    through,
    writes,
)


@ablation()
def the_write_guard_of_tenant_keys() -> None:
    """Any tenant is written into the column of the tenant."""
    replace(
        keys.TenantKey,
        "get_db_prep_save",
        lambda self, value, connection: super(keys.TenantKey, self).get_db_prep_save(value, connection),
    )


@ablation()
def the_early_refusal_of_keys() -> None:
    """A wrong tenant is refused only inside Django's transaction, which is lost then."""
    replace(keys.TenantKey, "refuse_early", nothing)


@ablation()
def the_early_refusal_of_references() -> None:
    """A wrong reference is refused only inside Django's transaction, which is lost then."""
    replace(reference_guard, "check_references", nothing)


@ablation()
def the_early_refusal_of_bulk_writes() -> None:
    """What updates and bulk operations write is refused only inside Django's transaction."""
    replace(writes, "refuse_values", nothing)
    replace(writes, "refuse_keys", nothing)


@ablation()
def the_late_filling_of_keys() -> None:
    """An instance that was built with nobody active is not filled when it is saved."""
    replace(
        keys.TenantKey,
        "pre_save",
        lambda self, instance, add: super(keys.TenantKey, self).pre_save(instance, add),
    )


@ablation()
def the_reference_guard() -> None:
    """Foreign keys lead wherever they are said to."""
    replace(reference_guard, "_ask", nothing)


@ablation()
def the_reading_of_expressions() -> None:
    """Expressions are written into foreign keys unread."""
    replace(_values, "values_of", lambda *_: iter(()))


@ablation()
def the_guard_of_parent_links() -> None:
    """A child is put under any parent."""
    replace(
        reference_guard.GuardedParentLink,
        "get_db_prep_save",
        ForeignKey.get_db_prep_save,
    )


@ablation()
def the_end_of_what_was_found_in_a_transaction() -> None:
    """A row that was found in a transaction vouches for itself after it was rolled back."""
    replace(_found, "is_in", lambda *_: True)


@ablation()
def the_guard_of_many_to_many_managers() -> None:
    """Both ends of a relation are looked at only when the link is written, inside Django's transaction."""
    replace(through.GuardedManager, "_refuse_strangers", nothing)


@ablation()
def the_guard_of_reverse_managers() -> None:
    """Rows that are given to the other side of a foreign key are looked at only when they are written."""
    replace(reverse.GuardedReverseManager, "_refuse_strangers", nothing)


@ablation()
def the_refusal_of_taken_primary_keys() -> None:
    """That a primary key is another tenant's is left to the database to say."""
    replace(saving, "refuse_taken", nothing)


@ablation()
def the_refusal_of_taken_primary_keys_in_bulk() -> None:
    """That one of many primary keys is another tenant's is left to the database to say."""
    replace(saving, "refuse_any_taken", nothing)


@ablation()
def the_sparing_of_transactions() -> None:
    """A refusal before which nothing was written costs the project its transaction."""
    replace(saving, "spare_transaction", nothing)


@ablation()
def the_guard_of_upserts() -> None:
    """Rows that are stored or changed take the place of whatever is in the way."""
    replace(writes, "refuse_upsert", nothing)


@ablation()
def the_guard_of_deletion() -> None:
    """An object is deleted by its primary key, whosever it is."""
    replace(deletion, "refuse_deletion", nothing)


@ablation()
def the_guard_of_tenants_and_domains() -> None:
    """A tenant deletes others, with all of their rows."""
    for module in (_deletion, domains, tenants):
        replace(module, "refuse_another_tenants", nothing)
