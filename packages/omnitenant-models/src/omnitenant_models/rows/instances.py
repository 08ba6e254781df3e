"""What instances of a tenant's models check: an abstract model that is put below the project's own classes.

A project writes ``class Project(models.Model)``. When the class is made, ``models.Model`` among its bases is
replaced by :class:`TenantRow`, so that the guards stand where Django's methods stood: what a project overrides
comes first, and its ``super().delete()`` leads to the guard, from abstract bases and mixins too. Migrations show
no trace, since they leave abstract bases out.

Private behaviour, read in Django 5.2, 6.0 and 6.1: ``ModelBase`` reads the bases of a class while it is made only,
and ``ModelState`` replaces abstract bases by theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, router

from omnitenant_context.errors import OmnitenantError
from omnitenant_models.rows import _found, deletion, saving, uniqueness
from omnitenant_models.rows.keys import get_tenant_key

__all__ = ["TenantRow", "guard_instances"]


class TenantRow(models.Model):
    """The guards of instances. Nothing needs to be derived from it: models with a tenant key get it by themselves."""

    class Meta:
        """Without a table."""

        abstract = True

    def save_base(
        self,
        raw: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        force_insert: Any = False,  # noqa: FBT002 - the same
        force_update: bool = False,  # noqa: FBT001, FBT002 - the same
        using: str | None = None,
        update_fields: Any = None,
    ) -> None:
        """Save the row, if it is the active tenant's and refers to no stranger's.

        Raises:
            TenantRequiredError: no tenant is active.
            TenantMismatchError: the row is another tenant's, or refers to one of another tenant.
        """
        using = using or router.db_for_write(type(self), instance=self)
        saving.refuse_early(self, using=using, update_fields=update_fields, raw=raw)
        try:
            super().save_base(raw, force_insert, force_update, using, update_fields)
        except OmnitenantError as error:
            saving.spare_transaction(error, using)
            raise

    def _do_update(  # type: ignore[override]  # Django 6 has an argument more
        self, base_qs: Any, using: str, pk_val: Any, values: Any, update_fields: Any, *rest: Any
    ) -> Any:
        updated = super()._do_update(base_qs, using, pk_val, values, update_fields, *rest)
        if not updated and (update_fields or rest[0]):
            saving.refuse_taken(self, base_qs.model, using)  # Django would say that nothing was affected
        if updated:
            _found.forget_saved(base_qs.model)
        return updated

    def _do_insert(self, manager: Any, using: str, *rest: Any) -> Any:
        model = manager.model
        is_set = self._is_pk_set(model._meta)  # type: ignore[attr-defined]  # not in the stubs
        if is_set and (not self._state.adding or saving.has_own_keys(model)):
            saving.refuse_taken(self, model, using)
        return super()._do_insert(manager, using, *rest)  # type: ignore[misc]  # private, see saving

    def delete(self, using: Any = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:  # noqa: FBT001, FBT002 - Django's signature
        """Delete the row, if it is the active tenant's.

        Raises:
            TenantRequiredError: no tenant is active.
            TenantMismatchError: the row is another tenant's.
        """
        deletion.refuse_deletion(self, using, keep_parents=keep_parents)
        deleted = super().delete(using=using, keep_parents=keep_parents)
        _found.forget_deleted(deleted[1])
        return deleted

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Check the fields, and that the row is the active tenant's.

        Raises:
            ValidationError: something is wrong.
        """
        errors: dict[str, Any] = {}
        try:
            super().clean_fields(exclude=exclude)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        try:
            uniqueness.refuse_key(self, exclude)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Check what is unique within the tenant too.

        Raises:
            ValidationError: the tenant has such a row.
            TenantRequiredError: no tenant is active.
        """
        try:
            super().validate_unique(exclude=exclude)
        except ValidationError as error:
            raise uniqueness.blame(self, exclude, error) from None

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Check constraints with the tenant key too.

        Raises:
            ValidationError: the row breaks one.
            TenantRequiredError: no tenant is active.
        """
        try:
            super().validate_constraints(exclude=uniqueness.with_key(self, exclude))
        except ValidationError as error:
            raise uniqueness.blame(self, exclude, error) from None

    def unique_error_message(self, model_class: type[models.Model], unique_check: Any) -> ValidationError:
        """Say what is there already, without the tenant where nobody sees it."""
        key = get_tenant_key(type(self))
        return super().unique_error_message(model_class, uniqueness.names_shown(key, tuple(unique_check)))

    def _get_unique_checks(
        self,
        exclude: Collection[str] | None = None,
        include_meta_constraints: bool = False,  # noqa: FBT001, FBT002 - Django's signature
    ) -> Any:
        checked = uniqueness.with_key(self, exclude)
        checks, date_checks = super()._get_unique_checks(  # type: ignore[misc]  # private, see uniqueness
            exclude=checked, include_meta_constraints=include_meta_constraints
        )
        if include_meta_constraints:
            key = get_tenant_key(type(self))
            checks = [(model, uniqueness.names_shown(key, tuple(names))) for model, names in checks]
        return checks, date_checks


def guard_instances(model: type[models.Model]) -> None:
    """Put :class:`TenantRow` right above ``models.Model`` in the order in which methods of a model are looked up.

    A second call changes nothing. Where all bases are models with tables it goes into those: among the bases of
    the model itself migrations would show it.
    """
    if _is_guarded(model):
        return
    bases = [base for base in model.__bases__ if issubclass(base, models.Model)]
    if all(base is not models.Model and not base._meta.abstract for base in bases):
        for base in bases:
            guard_instances(base)
        return
    found = list(model.__mro__)
    wanted = [each for each in found if each is not TenantRow]
    wanted.insert(wanted.index(models.Model), TenantRow)
    for candidate in _candidates(model.__bases__):
        try:
            model.__bases__ = candidate
        except TypeError:  # no order of lookup fits
            continue
        if list(model.__mro__) == wanted:
            return
    message = f"the guards of {model._meta.label} cannot be put among its bases {model.__bases__!r}"
    raise TypeError(message)


def _is_guarded(model: type[models.Model]) -> bool:
    order = model.__mro__
    return order[order.index(models.Model) - 1] is TenantRow


def _candidates(bases: tuple[type, ...]) -> Iterator[tuple[type, ...]]:
    if models.Model in bases:
        yield tuple(TenantRow if base is models.Model else base for base in bases)
    for at in range(len(bases), -1, -1):
        yield (*bases[:at], TenantRow, *bases[at:])
