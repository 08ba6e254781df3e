"""The abstract tenant model: a customer, and where its data lives."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError, TenantInactiveError
from omnitenant_models._deletion import refuse_another_tenants
from omnitenant_models._immutable import refuse_to_part
from omnitenant_models._kinds import REMEDIES, IsolationType, TenantState
from omnitenant_models.settings import omnitenant_settings

__all__ = [
    "MIRROR",
    "BaseTenant",
    "IsolationType",
    "TenantState",
    "validate_config",
    "validate_tenant_id",
]

MIRROR: Final = "omnitenant_mirror"
"""Key in ``config`` that marks a tenant's row in its own database: an identity, without its configuration."""

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")


def validate_tenant_id(value: str) -> None:
    """Refuse what cannot be a tenant's id: it becomes a host name, a file name and part of a cache key.

    Args:
        value: the id.

    Raises:
        ValidationError: the value is no DNS label, or it is reserved.
    """
    if not _DNS_LABEL.match(value):
        raise ValidationError(
            _(
                "%(value)r is no valid tenant id: use 1 to 63 lower case letters, digits and hyphens, "
                "with a letter or digit at both ends"
            ),
            code="invalid",
            params={"value": value},
        )
    if value in {omnitenant_settings.PUBLIC_TENANT_NAME, omnitenant_settings.MASTER_TENANT_NAME}:
        raise ValidationError(
            _("%(value)r is a reserved name; choose another tenant id"),
            code="reserved",
            params={"value": value},
        )


def validate_config(value: object) -> None:
    """Refuse a configuration that is no dictionary.

    Raises:
        ValidationError: it is something else.
    """
    if not isinstance(value, dict):
        raise ValidationError(
            _("the configuration of a tenant is a dictionary, not %(value)r; write {} for an empty one"),
            code="invalid",
            params={"value": value},
        )


_Isolation = IsolationType
"""The class under a name that the attribute of :class:`BaseTenant` does not hide."""

_ISOLATIONS = frozenset(IsolationType.values)

_NEEDED = frozenset({"tenant_id", "isolation_type", "config", "state"})
"""What must be in memory, because entering does no I/O."""

# Asked at every entry: members of an enumeration take several times as long to find and to make.
_ACTIVE, _PENDING = TenantState.ACTIVE.value, TenantState.PENDING.value
_WITHOUT_PLACE = frozenset(each.value for each in IsolationType if not each.needs_place)


class BaseTenant(models.Model):
    """A customer: the abstract base of the project's tenant model.

    The row lives in the master. ``tenant_id`` names the tenant everywhere (host names, files, logs, messages)
    and never changes; nor does ``isolation_type`` once the place is made. Creating the row makes no place:
    that is ``get_tenant_backend(tenant).create()``. TABLE and CACHE tenants need none and can be entered at
    once.
    """

    IsolationType: ClassVar[type[IsolationType]] = IsolationType
    State: ClassVar[type[TenantState]] = TenantState

    tenant_id = models.CharField(_("tenant id"), max_length=63, unique=True, validators=[validate_tenant_id])
    name = models.CharField(_("name"), max_length=255)
    isolation_type = models.CharField(
        _("isolation type"),
        max_length=16,
        choices=IsolationType.choices,
        default=IsolationType.TABLE,
    )
    config = models.JSONField(_("configuration"), default=dict, blank=True, validators=[validate_config])
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=TenantState.choices,
        default=TenantState.PENDING,
        editable=False,
    )

    _read_state: str | None = None
    _read_isolation: str | None = None

    class Meta:
        """A base without a table."""

        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def isolation(self) -> _Isolation:
        """The isolation type as a member of :class:`IsolationType`.

        Raises:
            ValueError: the row holds a value that is none.
        """
        return IsolationType(self.isolation_type)

    def check_active(self, *, allow_inactive: bool = False) -> None:
        """Refuse to be entered unless this tenant's place is ready. Does no I/O.

        Args:
            allow_inactive: also enter a saved tenant that is suspended or not provisioned.

        Raises:
            TenantInactiveError: says which tenant it is, in what state, and what to do.
        """
        state, remedy = self._refusal()
        if not state and not allow_inactive and self.state != _ACTIVE:
            if self.state == _PENDING and self.isolation_type in _WITHOUT_PLACE:
                return
            state, remedy = self.state, REMEDIES.get(self.state, "set a state that exists")
        if state:
            message = f"tenant {self.tenant_id!r} is {state}; {remedy}"
            raise TenantInactiveError(message, tenant_id=self.tenant_id, state=state)

    def _refusal(self) -> tuple[str, str]:
        """Return why this instance can never be entered, and the remedy; empty texts when it can."""
        state = remedy = ""
        if self._state.adding:
            state, remedy = "unsaved", "save it first"
        elif self.pk is None:
            state, remedy = "deleted", "load one that exists"
        elif not self.__dict__.keys() >= _NEEDED:
            state, remedy = "not fully loaded", "load it without only() and defer()"
        elif not isinstance(self.config, dict):
            state = "misconfigured"
            remedy = "its config is no dictionary; set it to {} or to what it was"
        elif self.isolation_type not in _ISOLATIONS:
            state = "misconfigured"
            remedy = f"set its isolation_type to one of {', '.join(map(repr, IsolationType.values))}"
        elif self._read_isolation not in {None, self.isolation_type}:
            state = "changed in memory"
            remedy = (
                f"its isolation_type was {self._read_isolation!r} and is now {self.isolation_type!r}, which leads to "
                "another place; save it, or load it again"
            )
        elif MIRROR in self.config:
            state = "mirrored"
            remedy = (
                "this row stands in the tenant's own database and has no configuration; load it with "
                "get_tenant_model().objects.get(...)"
            )
        return state, remedy

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row in the master.

        Raises:
            ValidationError: the id is no DNS label or reserved, the isolation type does not exist, or the
                configuration is no dictionary.
            OmnitenantError: the change would part the tenant from its place (another ``tenant_id``, or
                another ``isolation_type`` once there is data).
        """
        self._refuse_unsavable()
        if self._state.adding:
            validate_tenant_id(self.tenant_id)
        else:
            stored = refuse_to_part(self, kwargs.get("using"), kwargs.get("update_fields"))
            if stored is not None and self._read_state is not None and self.state == self._read_state:
                # A copy that was read before the tenant was suspended must not open it again.
                self.state = stored.state
        super().save(*args, **kwargs)
        self._remember()

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """Make an instance of a row, and remember the state that was read."""
        instance = super().from_db(*args, **kwargs)
        instance._remember()
        return instance

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the row again, and remember its state."""
        super().refresh_from_db(*args, **kwargs)
        self._remember()

    def _remember(self) -> None:
        self._read_state, self._read_isolation = self.__dict__.get("state"), self.__dict__.get("isolation_type")

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row in the master, with all of the tenant's rows in the tables there.

        With nobody active the tenant's rows are found too: it runs unscoped. The place of a DATABASE or SCHEMA
        tenant is removed by ``get_tenant_backend(tenant).delete()``. Deleting a queryset of tenants is done in
        ``TenantContext.unscoped()``.

        Raises:
            TenantMismatchError: another tenant is active.
        """
        refuse_another_tenants(self, args[0] if args else kwargs.get("using"))
        with TenantContext.unscoped():
            return super().delete(*args, **kwargs)

    def clean(self) -> None:
        """Report in forms what :meth:`save` would refuse."""
        super().clean()
        if not self._state.adding:
            try:
                refuse_to_part(self)
            except OmnitenantError as error:
                raise ValidationError(str(error), code="immutable") from error

    def _refuse_unsavable(self) -> None:
        """Refuse what could never be entered, among the fields that are loaded."""
        loaded = self.__dict__
        if loaded.get("isolation_type", IsolationType.TABLE) not in _ISOLATIONS:
            raise ValidationError(
                _("%(value)r is no isolation type; use one of %(known)s"),
                code="invalid",
                params={
                    "value": self.isolation_type,
                    "known": ", ".join(map(repr, IsolationType.values)),
                },
            )
        config = loaded.get("config", {})
        if hasattr(config, "resolve_expression"):
            return
        validate_config(config)
        if MIRROR in config:
            message = (
                f"this instance of tenant {self.tenant_id!r} was read from the tenant's own database and "
                "saving it would erase the configuration in the master; load it with "
                "get_tenant_model().objects.get(...)"
            )
            raise OmnitenantError(message)
