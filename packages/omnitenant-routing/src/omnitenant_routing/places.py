"""Places: the concrete database and schema that hold the rows of whoever is active."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from django.core.signals import setting_changed
from django.dispatch import receiver

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantRequiredError
from omnitenant_context.scope import ActiveTenant, NamedSchema, Nobody, Scope
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings
from omnitenant_models.tenants import IsolationType
from omnitenant_routing.postgresql.identifiers import check_schema

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = [
    "MASTER_ALIAS",
    "Place",
    "aliases_for",
    "current_place",
    "is_schema_alias",
    "master_key",
    "parse_rows_alias",
    "place_for",
    "place_of",
    "primary_of",
]

MASTER_ALIAS: Final = "master"
"""The name under which the master's database can be reached from inside any context."""


class Place(NamedTuple):
    """Where rows live.

    Attributes:
        alias: the database alias. The master's is always ``"master"``, so that it means the same in every
            context; ``default`` never stands here, since it means whatever place is active.
        schema: the PostgreSQL schema, or None where the database is not parted into schemas.
    """

    alias: str
    schema: str | None = None

    @property
    def rows_alias(self) -> str:
        """The alias that rows loaded from this place carry: with the schema, which other rows must not meet.

        Two schemas of one database share its connection, so its own alias would not tell them apart.
        """
        return self.alias if self.schema is None else f"{_SCHEMA_PREFIX}{self.alias}:{self.schema}"


_SCHEMA_PREFIX: Final = "schema:"
_MASTER: Final = Place(MASTER_ALIAS)


@cache
def master_key() -> str:
    """Return the key of the master's database in ``DATABASES``; remembered, since every statement asks for it."""
    return omnitenant_settings.MASTER_DB_ALIAS


def place_of(tenant: BaseTenant) -> Place:
    """Return the place of a tenant. Does no I/O; the place may not have been made yet.

    Args:
        tenant: any tenant, whatever its state.

    Raises:
        IdentifierError: its configuration names a schema that no tenant can have.
    """
    isolation = tenant.isolation
    if isolation is IsolationType.DATABASE:
        from omnitenant_routing.databases.aliases import register_tenant

        return Place(register_tenant(tenant)[0])
    if isolation is IsolationType.SCHEMA:
        return Place(_named(tenant.config.get("db_alias")), _schema_of(tenant))
    return Place(_named(omnitenant_settings.PUBLIC_DB_ALIAS))


def place_for(scope: Scope) -> Place:
    """Return the place of a scope; for a tenant it is found once per entry.

    Args:
        scope: what is, or could be, active.

    Raises:
        TenantRequiredError: the scope is nobody.
    """
    if isinstance(scope, ActiveTenant):
        place: Place | None = scope.memo.get("place")
        if place is None:
            place = scope.memo["place"] = _place_and_settings(scope)
        return place
    if isinstance(scope, Nobody):
        message = (
            "nobody is active, so no place is; enter a tenant with TenantContext.use_tenant(tenant) or the "
            "master with TenantContext.use_master_db()"
        )
        raise TenantRequiredError(message)
    if isinstance(scope, NamedSchema):
        return Place(MASTER_ALIAS, scope.name)
    return _MASTER


def _place_and_settings(scope: ActiveTenant) -> Place:
    tenant = cast("BaseTenant", scope.tenant)
    if tenant.isolation is IsolationType.DATABASE:
        from omnitenant_routing.databases.aliases import register_tenant

        alias, scope.memo["db_settings"] = register_tenant(tenant)
        return Place(alias)
    return place_of(tenant)


def current_place() -> Place:
    """Return the place of whoever is active.

    Raises:
        TenantRequiredError: nobody is active.
    """
    return place_for(get_scope())


def aliases_for(scope: Scope) -> frozenset[str]:
    """Return the aliases under which connections to the place of a scope name themselves: those of replicas, too.

    Raises:
        TenantRequiredError: the scope is nobody.
    """
    return _names_of(place_for(scope).alias)


@cache
def _names_of(alias: str) -> frozenset[str]:
    replicas = {replica for replica in omnitenant_settings.REPLICAS if primary_of(replica) == alias}
    if alias == MASTER_ALIAS:
        # A wrapper of the master's database keeps the key that it has in DATABASES.
        return frozenset({MASTER_ALIAS, master_key(), *replicas})
    return frozenset({alias, *replicas})


def primary_of(alias: str) -> str:
    """Return the alias of the database that a replica copies; any other alias is its own."""
    return _named(omnitenant_settings.REPLICAS.get(alias, alias))


def is_schema_alias(alias: str) -> bool:
    """Tell whether an alias is that of rows in a schema; see :attr:`Place.rows_alias`."""
    return alias.startswith(_SCHEMA_PREFIX)


def parse_rows_alias(alias: str) -> Place:
    """Return the place whose rows carry an alias."""
    if not is_schema_alias(alias):
        return Place(alias)
    database, _, schema = alias.removeprefix(_SCHEMA_PREFIX).partition(":")
    return Place(database, schema)


def _schema_of(tenant: BaseTenant) -> str:
    name = tenant.config.get("schema_name") or tenant.tenant_id
    # What is no text is refused in words, and cannot be remembered.
    return (_checked if isinstance(name, str) else _checked.__wrapped__)(name, tenant.tenant_id)


@lru_cache(maxsize=4096)
def _checked(name: str, tenant_id: str) -> str:
    return check_schema(name, tenant_id=tenant_id, reserved=frozenset({omnitenant_settings.DEFAULT_SCHEMA_NAME}))


def _named(alias: str | None) -> str:
    return MASTER_ALIAS if alias in {None, "", master_key()} else str(alias)


@receiver(setting_changed)
def _forget(*, setting: str, **_: object) -> None:
    if setting == SETTING_NAME:
        for remembered in (master_key, _names_of, _checked):
            remembered.cache_clear()
