"""What can be active: immutable values that answer "for whom does this code run".

They are plain classes, because this module is imported by everything and ``dataclasses`` alone
would double the time that takes.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing, which costs more than this package
if TYPE_CHECKING:
    from typing import Any, Final, NoReturn, TypeAlias

    from omnitenant_context._tenant import Tenant

__all__ = [
    "MASTER",
    "NOBODY",
    "UNSCOPED",
    "ActiveTenant",
    "Master",
    "NamedSchema",
    "Nobody",
    "Scope",
    "Tenant",
    "Unscoped",
    "tenant_scope",
]


class _Value:
    """What all scopes share: no assignment after creation, and a short repr."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        message = f"{self!r} cannot be changed; enter another scope"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)


class ActiveTenant(_Value):
    """A tenant is active.

    Two of them are equal when their tenants have the same id. A pickle holds the tenant without the
    memo.

    Attributes:
        tenant: the tenant itself.
        memo: facts derived from the tenant that live as long as this value, such as its place.
            Every entry by ``use_tenant`` makes a new value, so nothing in it can outlive a change
            of the tenant; what was bound inside (:func:`~omnitenant_context.propagation.bind`)
            shares it.
    """

    __slots__ = ("memo", "tenant")
    __match_args__ = ("tenant",)

    tenant: Tenant
    memo: dict[str, Any]

    def __init__(self, tenant: Tenant, memo: dict[str, Any] | None = None) -> None:
        """Make the value; nothing is checked and nothing becomes active.

        Args:
            tenant: the tenant.
            memo: facts to begin with; empty when left out.
        """
        _set_tenant(self, tenant)
        _set_memo(self, {} if memo is None else memo)

    @property
    def label(self) -> str:
        """The tenant's id, as logs show it."""
        return self.tenant.tenant_id

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ActiveTenant):
            return self is other or self.tenant.tenant_id == other.tenant.tenant_id
        return NotImplemented

    def __hash__(self) -> int:
        return hash((ActiveTenant, self.tenant.tenant_id))

    def __repr__(self) -> str:
        return f"<ActiveTenant {self.tenant.tenant_id!r}>"

    def __reduce__(self) -> tuple[type[ActiveTenant], tuple[Tenant]]:
        return ActiveTenant, (self.tenant,)


# The slots' own setters, which the ban on assignment does not reach: half the time of
# object.__setattr__.
_set_tenant = ActiveTenant.__dict__["tenant"].__set__
_set_memo = ActiveTenant.__dict__["memo"].__set__


class NamedSchema(_Value):
    """A schema is active by its name, without a tenant.

    Attributes:
        name: the schema's name.
    """

    __slots__ = ("name",)
    __match_args__ = ("name",)

    name: str

    def __init__(self, name: str) -> None:
        """Make the value.

        Args:
            name: the schema's name. Whether it exists is not asked.

        Raises:
            TypeError: the name is no text.
            ValueError: the name is empty.
        """
        if not isinstance(name, str):
            message = f"the name of a schema is text, not {name!r}"
            raise TypeError(message)
        if not name:
            message = "the name of a schema is empty; use_master_db() enters the master"
            raise ValueError(message)
        object.__setattr__(self, "name", name)

    @property
    def label(self) -> str:
        """The schema's name with a prefix, as logs show it."""
        return f"schema:{self.name}"

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, NamedSchema) else NotImplemented

    def __hash__(self) -> int:
        return hash((NamedSchema, self.name))

    def __repr__(self) -> str:
        return f"<NamedSchema {self.name!r}>"

    def __reduce__(self) -> tuple[type[NamedSchema], tuple[str]]:
        return NamedSchema, (self.name,)


class _Single(_Value):
    """A scope that says everything by its class: calling the class gives the one instance again."""

    __slots__ = ()
    _instances: dict[type[_Single], _Single] = {}

    def __new__(cls) -> Any:
        try:
            return _Single._instances[cls]
        except KeyError:
            return _Single._instances.setdefault(cls, super().__new__(cls))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> tuple[type[_Single], tuple[()]]:
        return type(self), ()


class Master(_Single):
    """The master is active: the place of the tenant and domain tables, and no tenant."""

    __slots__ = ()
    label: Final = "master"


class Unscoped(_Single):
    """The master's place with the row filter lifted: the one explicit door to all rows."""

    __slots__ = ()
    label: Final = "unscoped"


class Nobody(_Single):
    """Nothing was entered. Code that needs a tenant fails here."""

    __slots__ = ()
    label: Final = "nobody"


Scope: TypeAlias = ActiveTenant | Master | NamedSchema | Unscoped | Nobody

# Asked at every entry: a tuple is asked in half the time of a union.
_SCOPES = (ActiveTenant, Master, NamedSchema, Unscoped, Nobody)

MASTER: Final[Master] = Master()
UNSCOPED: Final[Unscoped] = Unscoped()
NOBODY: Final[Nobody] = Nobody()


def require_is_scope(scope: object) -> None:
    """Refuse with a TypeError what is no scope, such as a tenant."""
    if not isinstance(scope, _SCOPES):
        message = f"{scope!r} is no scope; enter a tenant with TenantContext.use_tenant(tenant)"
        raise TypeError(message)


def tenant_scope(tenant: Tenant, *, allow_inactive: bool = False) -> ActiveTenant:
    """Make the scope of a tenant after asking the tenant whether it may be entered.

    Args:
        tenant: the tenant itself, not its id.
        allow_inactive: passed on to the tenant's ``check_active``.

    Returns:
        A scope for :meth:`~omnitenant_context.context.TenantContext.use_scope`.

    Raises:
        TypeError: the argument is no tenant.
        TenantInactiveError: the tenant is unsaved, deleted, suspended or not provisioned yet.
    """
    require_is_tenant(tenant)
    return checked_scope(tenant, allow_inactive)


def checked_scope(tenant: Tenant, allow_inactive: bool) -> ActiveTenant:  # noqa: FBT001 - internal, and a keyword costs time
    """Do what :func:`tenant_scope` does, for what is known to be a tenant."""
    check = getattr(tenant, "check_active", None)
    if check is not None:
        check(allow_inactive=allow_inactive)
    return ActiveTenant(tenant)


def require_is_tenant(tenant: object) -> None:
    """Refuse with a TypeError what has no ``tenant_id``, such as the id itself."""
    if not isinstance(getattr(tenant, "tenant_id", None), str):
        message = (
            f"{tenant!r} is no tenant: it has no tenant_id; pass the tenant itself, "
            "which load_tenant(tenant_id) finds by its id"
        )
        raise TypeError(message)


def __getattr__(name: str) -> Any:
    if name == "Tenant":  # a Protocol cannot be made without importing typing
        from omnitenant_context._tenant import Tenant

        globals()[name] = Tenant
        return Tenant
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
