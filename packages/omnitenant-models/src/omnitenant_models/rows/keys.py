"""The tenant key: the foreign key to the tenant that the user wrote, taught to fill and to guard itself.

The field's class is swapped for a subclass with the same module and qualified name, so migrations see the
field that was written. Private behaviour, read in Django 5.2, 6.0 and 6.1: a field instance may change its
class, and ``deconstruct()`` names the class by ``__module__`` and ``__qualname__``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.db.models import NOT_PROVIDED, ForeignKey

from omnitenant_context.context import TenantContext, get_scope
from omnitenant_context.errors import TenantMismatchError
from omnitenant_context.scope import ActiveTenant, Unscoped
from omnitenant_models.rows._active import key_of, prepared_key_of, tenant_required
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

    Base = ForeignKey[Any, Any]
else:
    Base = object

__all__ = ["TenantKey", "VisibleTenantKey", "find_tenant_keys", "get_tenant_key", "teach"]


class VisibleTenantKey(ForeignKey):  # type: ignore[type-arg]  # Django's class is not generic at run time
    """A foreign key to the tenant that forms, the admin and serializers show.

    Any other foreign key to the tenant is hidden from them, since only the active tenant may stand in it. Use
    this one where a tenant is chosen: in forms that are served unscoped.
    """

    hidden_from_forms = False


class TenantKey(Base):
    """What is mixed in front of the class of a foreign key to the tenant.

    The key fills itself: when an instance is built while a tenant is active, and at the latest when it is
    saved. Every write ends in :meth:`get_db_prep_save` (create, ``update()``, bulk, expressions, fixtures),
    which refuses another tenant.
    """

    written_class: type[Any]
    hidden_by_teaching = False

    @property
    def default(self) -> Any:
        """What the field says, else a function that returns the active tenant.

        So ``has_default()`` answers True and factories leave the field to itself. REST framework reads the
        default itself, never :meth:`get_default`, and wants the row and not its key.
        """
        written = self.__dict__["default"]
        return _active_tenant if written is NOT_PROVIDED else written

    @default.setter
    def default(self, value: Any) -> None:
        self.__dict__["default"] = value

    def get_default(self) -> Any:
        """Return the active tenant's key, or what the field says where no tenant is active."""
        scope = get_scope()
        if isinstance(scope, ActiveTenant):
            return key_of(scope, self)
        return super().get_default()

    def pre_save(self, model_instance: Model, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        """Fill a key that is still empty.

        Raises:
            TenantRequiredError: no tenant is active to fill it with.
        """
        value = super().pre_save(model_instance, add)
        if value is None:
            scope = get_scope()
            if isinstance(scope, ActiveTenant):
                value = key_of(scope, self)
                setattr(model_instance, self.attname, value)
            elif not (isinstance(scope, Unscoped) and self.null):
                raise tenant_required(scope, self.model)
        return value

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Let only the active tenant's key through, into a database of that tenant.

        Raises:
            TenantRequiredError: no tenant is active.
            TenantMismatchError: another tenant, no tenant, or an expression, which nobody can check.
        """
        scope = get_scope()
        if isinstance(scope, ActiveTenant):
            mine = prepared_key_of(scope, self, connection)
            if not self._is_key_of(scope, value):
                raise self._mismatch(scope, value)
            return mine
        if not isinstance(scope, Unscoped):
            raise tenant_required(scope, self.model)
        return super().get_db_prep_save(value, connection)

    def refuse_early(self, instance: Model) -> None:
        """Refuse an instance that :meth:`get_db_prep_save` would refuse, before a transaction is touched by it.

        Raises:
            TenantRequiredError: no tenant is active.
            TenantMismatchError: the instance holds another tenant.
        """
        scope = get_scope()
        if isinstance(scope, ActiveTenant):
            value = instance.__dict__.get(self.attname)
            if value is not None and not self._is_key_of(scope, value):
                raise self._mismatch(scope, value)
        elif not isinstance(scope, Unscoped) or not (self.null or self._is_given(instance)):
            raise tenant_required(scope, self.model)

    def _is_given(self, instance: Model) -> bool:
        # What is deferred is not written, and stays what it is.
        return self.attname not in instance.__dict__ or instance.__dict__[self.attname] is not None

    def _is_key_of(self, scope: ActiveTenant, value: Any) -> bool:
        mine = key_of(scope, self)
        if value is None or hasattr(value, "as_sql"):
            return False
        try:
            return bool(value == mine or self.target_field.to_python(value) == mine)
        except ValidationError:  # text that is no key at all
            return False

    def _mismatch(self, scope: ActiveTenant, value: Any) -> TenantMismatchError:
        wanted = None
        if value is None:
            what = "no tenant"
        elif hasattr(value, "as_sql"):
            what = "an expression, which cannot be checked"
        else:
            wanted = self._tenant_id_of(value)
            what = f"tenant {wanted!r}" if wanted else f"the key {value!r}"
        return TenantMismatchError(
            f"{self.model._meta.label}.{self.name} would be set to {what}, but the active tenant is "
            f"{scope.label!r}; leave {self.name!r} out to have it filled, or enter the tenant that the row is for",
            active=scope.label,
            wanted=wanted,
        )

    def _tenant_id_of(self, value: Any) -> str | None:
        # A statement, but on the way to an error only, and people know tenants by this id.
        tenants = self.remote_field.model._base_manager
        try:
            rows = tenants.filter(**{self.target_field.attname: value})
            found: str | None = rows.values_list("tenant_id", flat=True).first()
        except (TypeError, ValueError, ValidationError, DatabaseError):
            return None
        return found

    def formfield(self, **kwargs: Any) -> Any:
        """Give a visible key the active tenant as its initial value, found when the form is shown."""
        if self.default is _active_tenant:
            # Django would show a hidden field beside a default that is a function.
            kwargs = {"initial": self.get_default, "show_hidden_initial": False, **kwargs}
        return super().formfield(**kwargs)

    def deconstruct(self) -> Any:
        """Describe the key as it was written, so that teaching leaves no trace in migrations."""
        name, path, args, kwargs = super().deconstruct()
        if self.default is _active_tenant:
            del kwargs["default"]
        if self.hidden_by_teaching:
            kwargs.pop("editable", None)
        return name, path, args, kwargs

    def clone(self) -> Any:
        """Give migrations a field of the class that was written: they keep historical models untaught."""
        _name, _path, args, kwargs = self.deconstruct()
        return self.written_class(*args, **kwargs)


def get_tenant_key(model: type[Model]) -> TenantKey | None:
    """Return the taught tenant key of a model, or None when the model belongs to no tenant."""
    return getattr(model._meta, "tenant_key", None)


def find_tenant_keys(model: type[Model]) -> list[ForeignKey[Any, Any]]:
    """Return the foreign keys of a model, its parents' included, that lead to the tenant model.

    Args:
        model: a concrete model; its relations need not be resolved yet.

    Returns:
        The keys: first one that is taught already (a parent's), then the one named ``tenant``.
    """
    wanted = (omnitenant_settings.TENANT_MODEL or "").lower()
    keys = [
        field
        for field in model._meta.fields
        if isinstance(field, ForeignKey) and not field.remote_field.parent_link and _target_label(field) == wanted
    ]
    return sorted(keys, key=lambda field: (not isinstance(field, TenantKey), field.name != "tenant"))


def teach(field: ForeignKey[Any, Any]) -> TenantKey:
    """Swap the class of a foreign key for its taught subclass; a second call changes nothing."""
    taught: Any = field
    if not isinstance(field, TenantKey):
        taught.__class__ = _taught(taught.__class__)
        if getattr(field, "hidden_from_forms", True):
            taught.hidden_by_teaching = field.editable
            taught.editable = False
    key: TenantKey = taught
    return key


@cache
def _taught(field_class: type[Any]) -> type[Any]:
    return type(
        field_class.__name__,
        (TenantKey, field_class),
        {
            "__module__": field_class.__module__,
            "__qualname__": field_class.__qualname__,
            "written_class": field_class,
        },
    )


def _active_tenant() -> Any:
    return TenantContext.get_tenant()


def _target_label(field: ForeignKey[Any, Any]) -> str:
    target: Any = field.remote_field.model  # text, until the class is made
    if not isinstance(target, str):
        label: str = target._meta.label_lower
        return label
    return (target if "." in target else f"{field.model._meta.app_label}.{target}").lower()
