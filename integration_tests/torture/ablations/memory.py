"""Guards of what is kept, comes from SQL by hand, or is validated."""

from __future__ import annotations

from django.db.models import ForeignKey

from ablations.register import ablation, nothing, replace
from omnitenant_models.rows import _results, querysets, raw, uniqueness


@ablation()
def the_stamp_of_fetched_rows() -> None:
    """Rows that one has fetched are shown to everybody."""
    replace(_results, "belongs_to", lambda asker, scope: True)


@ablation()
def the_guard_of_iterators() -> None:
    """An iterator goes on for whoever takes the next row."""
    replace(_results, "check_step", nothing)


@ablation()
def the_guards_below_a_projects_queryset() -> None:
    """A queryset class of the project's own has none of the guards."""
    replace(querysets, "guard_queryset", nothing)


@ablation()
def the_check_of_raw_rows() -> None:
    """SQL by hand brings rows of all tenants."""
    replace(raw, "refuse_row", nothing)


@ablation()
def the_check_of_raw_links() -> None:
    """SQL by hand brings links of all tenants out of the table behind a relation."""
    replace(raw, "refuse_links", nothing)


@ablation()
def the_nobody_check_of_raw_statements() -> None:
    """SQL by hand is run with nobody active."""
    replace(raw, "refuse_place", nothing)


@ablation()
def the_tenant_in_unique_checks() -> None:
    """Forms leave the tenant out, and with it every rule that names it."""
    replace(uniqueness, "with_key", lambda row, exclude: set(exclude or ()))


@ablation()
def the_check_of_the_tenant_in_validation() -> None:
    """A full clean accepts another tenant in the key."""
    replace(uniqueness, "refuse_key", nothing)


@ablation()
def the_hiding_of_keys() -> None:
    """Forms, the admin and serializers show the tenant."""
    ForeignKey.hidden_from_forms = False  # type: ignore[attr-defined]  # what a project's own class may say
