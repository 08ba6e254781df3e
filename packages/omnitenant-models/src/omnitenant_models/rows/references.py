"""References that cannot leave their tenant: composite foreign keys, enforced by the database.

Private Django API, read in 5.2, 6.0 and 6.1: the schema editor of SQLite makes a table anew to add or remove any
constraint but some unique ones, and asks for ``constraint_sql`` alone; the others run what ``create_sql`` and
``remove_sql`` return unless it is false, but for tables with parameters, where they put it into ``deferred_sql``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, NotSupportedError
from django.db.models import BaseConstraint
from django.db.models.signals import class_prepared
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from omnitenant_context.context import get_scope
from omnitenant_context.scope import ActiveTenant
from omnitenant_models.rows._active import key_of
from omnitenant_models.rows._composite import compose, short_name
from omnitenant_models.rows._reference_sql import AddReference, Nothing, clause, drop_reference
from omnitenant_models.rows.keys import find_tenant_keys

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from django.db.models import Model

__all__ = ["TenantReference"]


class _DefaultName(str):
    """A name that Django completes with the names of app and model, and that is short enough then."""

    __slots__ = ()

    def __mod__(self, values: Any) -> str:
        return short_name(super().__mod__(values))


class TenantReference(BaseConstraint):
    """Lets the database refuse a reference to another tenant's row; for ``Meta.constraints``.

    It makes a foreign key composite with the tenant. What Python does not guard is refused then too: cursors,
    querysets built by hand, code that runs unscoped. The model that it leads to must be unique together with
    the tenant, ``UniqueConstraint(fields=["tenant", "id"], name=...)``; a system check writes that line for you.

    The database checks it when the transaction ends, and raises ``IntegrityError`` (PostgreSQL names the
    constraint). ``on_delete`` of the field stays what it is. Rows without a tenant, and references that are
    None, are not checked. Works on SQLite and PostgreSQL.

    Args:
        field: the name of the foreign key.
        fields: the same as a list of one, as other constraints have it.
        tenant: the tenant key of the model, found when left out. Migrations have it, so that they stay right
            when the tenant model gets another name.
        name: of the constraint; made from the names of app, model and field when left out.
        violation_error_code: of the ``ValidationError`` of ``full_clean()``; ``"tenant_reference"`` if left out.
        violation_error_message: of the same.

    Raises:
        TypeError: not exactly one field is named.
    """

    default_violation_error_message = _("Choose a row that exists and belongs to the same tenant.")

    def __init__(
        self,
        field: str | None = None,
        *,
        fields: Sequence[str] = (),
        tenant: str | None = None,
        name: str | None = None,
        violation_error_code: str | None = None,
        violation_error_message: Any = None,
    ) -> None:
        names = [*([] if field is None else [field]), *fields]
        if isinstance(fields, str) or len(names) != 1:
            message = (
                f"a TenantReference is for one foreign key, not for {names!r}; write one for each, such as "
                'TenantReference("project")'
            )
            raise TypeError(message)
        self.field = names[0]
        self.tenant = tenant
        super().__init__(
            name=name or _DefaultName(f"%(app_label)s_%(class)s_{self.field}_same_tenant"),
            violation_error_code=violation_error_code,
            violation_error_message=violation_error_message,
        )

    @property
    def fields(self) -> tuple[str]:
        """The foreign key, as other constraints name theirs."""
        return (self.field,)

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the clause for ``CREATE TABLE``; on PostgreSQL none, see :meth:`create_sql`."""
        if self._vendor(model, schema_editor) == "postgresql":
            self.create_sql(model, schema_editor)
            return None
        return clause(self.name, compose(model, self.field, self.tenant), schema_editor)

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        """Have the constraint added when the migration ends, and return a statement without effect.

        What makes the target unique may stand later in the same migration, where ``makemigrations`` puts it.
        """
        self._vendor(model, schema_editor)
        composite = compose(model, self.field, self.tenant)
        schema_editor.deferred_sql.append(AddReference(self.name, composite, schema_editor))
        return Nothing("SELECT 1")

    def _vendor(self, model: Any, schema_editor: Any) -> str:
        vendor: str = schema_editor.connection.vendor
        if vendor not in {"postgresql", "sqlite"}:
            message = (
                f"{model._meta.label}: TenantReference({self.field!r}) works on SQLite and PostgreSQL, not on "
                f"{schema_editor.connection.display_name}; take it out"
            )
            raise NotSupportedError(message)
        return vendor

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        """Return the statement that drops the constraint, or take back one that was not run yet."""
        table = model._meta.db_table
        for waiting in schema_editor.deferred_sql:
            if isinstance(waiting, AddReference) and waiting.adds(self.name, table):
                schema_editor.deferred_sql.remove(waiting)
                return None
        return drop_reference(self.name, table, schema_editor)

    def validate(
        self,
        model: type[Model],
        instance: Model,
        exclude: Collection[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Refuse, in ``full_clean()``, a reference to what is no row of the same tenant. One statement.

        Raises:
            ValidationError: says so beside the field, and nothing about whether another tenant has the row.
        """
        if exclude and self.field in exclude:
            return
        composite = compose(model, self.field, self.tenant)
        value = getattr(instance, composite.field.attname)
        tenant = getattr(instance, composite.key.attname)
        scope = get_scope()
        if tenant is None and isinstance(scope, ActiveTenant):
            tenant = key_of(scope, composite.key)  # it is filled when the row is saved
        if value is None or tenant is None:
            return
        rows = composite.target._base_manager.using(using).filter(
            **{composite.target_field.attname: value, composite.target_key.attname: tenant}
        )
        if not rows.exists():
            code = self.violation_error_code or "tenant_reference"
            raise ValidationError({self.field: ValidationError(self.get_violation_error_message(), code=code)})

    def deconstruct(self) -> Any:
        """Describe the constraint for migrations, under a path that does not move."""
        _path, _args, kwargs = super().deconstruct()
        if self.tenant is not None:
            kwargs["tenant"] = self.tenant
        return "omnitenant_models.models.TenantReference", (self.field,), kwargs

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TenantReference):
            return NotImplemented
        return bool(self.deconstruct() == other.deconstruct())

    def __hash__(self) -> int:
        return hash((self.field, self.name))

    def __repr__(self) -> str:
        return f"<TenantReference: {self.field!r} name={self.name!r}>"


@receiver(class_prepared, dispatch_uid="omnitenant_models.rows.references")
def _note_tenant_keys(sender: type[Model], **_kwargs: Any) -> None:
    """Write the tenant key into the constraints of a model, so that its migrations name it."""
    if sender.__module__ == "__fake__":
        return
    for constraint in sender._meta.constraints:
        if isinstance(constraint, TenantReference) and constraint.tenant is None:
            keys = find_tenant_keys(sender)
            constraint.tenant = keys[0].name if keys else None
