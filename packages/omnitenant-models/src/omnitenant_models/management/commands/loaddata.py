"""``loaddata``: Django's, for a tenant or for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import loaddata
from django.core.serializers.base import DeserializationError, DeserializedObject

from omnitenant_context.context import get_scope
from omnitenant_context.errors import OmnitenantError, TenantMismatchError, TenantRequiredError
from omnitenant_context.scope import ActiveTenant, Unscoped
from omnitenant_models.management._for_whom import REMEDY, add_tenant_arguments, for_whom, refusal
from omnitenant_models.management._selection import is_the_masters
from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.rows.reference_guard import deferred_references

__all__ = ["Command"]


class Command(loaddata.Command):
    """Loads all of a fixture or, where a row may not be written for whoever is active, nothing.

    Rows that name no tenant are the active one's. References to rows that come later in the fixture are checked
    when all are there.
    """

    _left_out: Counter[str]

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what Django's command takes, and for whom."""
        super().add_arguments(parser)
        add_tenant_arguments(parser)

    def handle(self, *fixture_labels: str, **options: Any) -> None:
        """Load, in one transaction.

        Raises:
            CommandError: a row is another tenant's, or no tenant is active and none is named; or what Django's
                command refuses.
        """
        self._left_out = Counter()
        with for_whom(options):
            try:
                super().handle(*fixture_labels, **options)
            except OmnitenantError as error:
                raise refusal(error) from error
            except DeserializationError as error:
                if _is_refused(error):
                    raise refusal(error) from error
                raise
        if self._left_out and options["verbosity"]:
            counts = ", ".join(f"{number} of {label}" for label, number in sorted(self._left_out.items()))
            self.stderr.write(f"Left out, as rows of the master: {counts}", self.style.WARNING)

    def loaddata(self, fixture_labels: Sequence[str]) -> None:
        """Load the fixtures, then check what their rows refer to."""
        with deferred_references():
            super().loaddata(fixture_labels)

    def save_obj(self, obj: DeserializedObject) -> bool:
        """Save a row that belongs to whoever is active; a tenant cannot write rows of the master.

        Raises:
            TenantRequiredError: the row belongs to a tenant, and nobody says to which.
        """
        row, scope = obj.object, get_scope()
        key = get_tenant_key(type(row))
        if isinstance(scope, ActiveTenant) and is_the_masters(type(row)):
            self._left_out[row._meta.label] += 1
            return False
        if key is not None and not isinstance(scope, ActiveTenant | Unscoped):
            message = f"{row._meta.label} belongs to tenants and no tenant is active ({scope.label}); {REMEDY}"
            raise TenantRequiredError(message)
        # A fixture writes one table: the row of a child has its tenant in that of its parent, a row by itself.
        names_nobody = key is not None and key.model is row._meta.concrete_model and getattr(row, key.attname) is None
        if key is not None and isinstance(scope, Unscoped) and names_nobody and not key.null:
            message = (
                f"{row._meta.label}(pk={row.pk}) names no tenant, and all tenants are loaded; name one in the field "
                f"{key.name!r}, or load the fixture for one tenant with --tenant-id=ID"
            )
            raise TenantMismatchError(message, active=scope.label)
        saved: bool = super().save_obj(obj)
        return saved


def _is_refused(error: BaseException) -> bool:
    """Tell whether an error stands for one of ours: a natural key is looked up while a row is read."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OmnitenantError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None
