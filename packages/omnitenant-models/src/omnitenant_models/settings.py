"""The one typed view of ``settings.OMNITENANT_CONFIG``, read at every access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

__all__ = ["SETTING_NAME", "OmnitenantSettings", "omnitenant_settings"]

SETTING_NAME = "OMNITENANT_CONFIG"


class OmnitenantSettings:
    """The settings of omnitenant as attributes, with their defaults.

    Nothing is remembered: each access reads the project's settings, so ``override_settings`` and tests that
    change ``OMNITENANT_CONFIG`` take effect at once. Names that are not listed here are reported by a system
    check, with the nearest name that exists.
    """

    TENANT_MODEL: str | None = None
    """The tenant model, ``"app.Model"``. Required."""
    DOMAIN_MODEL: str | None = None
    """The domain model, ``"app.Model"``. Required."""
    TENANT_RESOLVER: str | Sequence[str] = "omnitenant_models.resolvers.CustomDomainTenantResolver"
    """Dotted path of the resolver of requests, or a list of paths that are asked in turn."""
    PUBLIC_HOST: str | None = None
    """Host name of the master; requests to it run without a tenant."""
    PUBLIC_TENANT_NAME: str = "public"
    """Reserved: no tenant may have this id."""
    MASTER_TENANT_NAME: str = "master"
    """Reserved: no tenant may have this id."""
    MASTER_DB_ALIAS: str = "default"
    """Key in ``DATABASES`` of the database with the tenant and domain tables."""
    PUBLIC_DB_ALIAS: str | None = None
    """Key in ``DATABASES`` of the database with the shared tables of TABLE and CACHE tenants. None: the master's."""
    TENANT_DB_ALIASES: Sequence[str] = ()
    """Keys in ``DATABASES`` of further databases in which SCHEMA tenants live; public there holds what is SHARED."""
    REPLICAS: Mapping[str, str] = {}
    """Key in ``DATABASES`` of a replica to that of the database it copies, for a router that reads from it."""
    PLACEMENT: str | None = None
    """Dotted path of ``place(tenant)``: beside which database a new SCHEMA or DATABASE tenant gets its place."""
    MASTER_CACHE_ALIAS: str = "default"
    """Key in ``CACHES`` of the cache that the master uses, and over whose entry a CACHE tenant's own cache is laid."""
    DEFAULT_SCHEMA_NAME: str = "public"
    """Name of the schema that every place of a PostgreSQL database shares."""
    EXTRA_SEARCH_PATH: Sequence[str] = ()
    """Further schemas that every place of a PostgreSQL database shares, such as one of extensions."""
    POSTGRES_BASE_ENGINE: str = "django.db.backends.postgresql"
    """Engine that ``omnitenant_routing.postgresql`` builds on. Read when the first connection is made."""
    SHARED_FOREIGN_KEYS: bool = False
    """Whether foreign keys from tenants' schemas to what stands once in their database are constraints there."""
    POLICY_ROLES: Sequence[str] = ()
    """Roles of PostgreSQL that the policies of ``TenantPolicy`` are for, such as the site's. None named: everybody."""
    POLICY_BYPASS_ROLES: Sequence[str] = ()
    """Roles of PostgreSQL for which the policies of ``TenantPolicy`` show every row, such as the one that migrates."""
    MODEL_SCOPES: Mapping[str, str] = {}
    """``"app"`` or ``"app.Model"`` to ``"master"``, ``"tenant"`` or ``"shared"``."""
    RESOLVER_CACHE_SECONDS: float = 5.0
    """Seconds for which a process remembers which tenant a request belongs to. 0 turns it off."""
    RESOLVER_CACHE_SIZE: int = 10_000
    """Number of answers that are remembered, those for unknown hosts included."""
    MAX_TENANT_CONNECTIONS: int = 32
    """Open connections to databases of tenants, per process, beyond which idle ones are closed."""
    TENANT_CONNECTIONS_WAIT: float | None = None
    """Seconds to wait where all of them are in use, before the next is refused. None: it is opened all the same."""
    MAX_TENANT_CACHES: int = 32
    """Caches of CACHE tenants' own, per process, beyond which those that were used least recently are let go."""
    EXEMPT_PATHS: Sequence[str] = ()
    """Prefixes of paths that run in the master without asking who the tenant is (health probes)."""
    TENANT_HEADER: str = "X-Tenant-ID"
    """Header that ``HeaderTenantResolver`` reads."""
    TENANT_PATH_PREFIX: str = "t"
    """First part of the path that ``PathTenantResolver`` reads: ``/t/<tenant_id>/``."""
    TENANT_SESSION_KEY: str = "tenant_id"
    """Session key that ``SessionTenantResolver`` reads."""
    SUBDOMAIN_BASE: str | None = None
    """Domain below which ``SubdomainTenantResolver`` finds tenants. None: PUBLIC_HOST."""
    SUSPENDED_VIEW: str | None = None
    """Dotted path of ``view(request, tenant)``: the page of a tenant that is not active."""
    NOT_FOUND_VIEW: str | None = None
    """Dotted path of ``view(request)``: the page where no tenant is found."""
    MEMBERSHIP: str | None = None
    """Dotted path of ``is_member(user, tenant)``: whether a user belongs to a tenant."""

    if not TYPE_CHECKING:

        def __getattribute__(self, name: str) -> Any:
            """Give what the project says, else the default."""
            if name.isupper():
                config = getattr(django_settings, SETTING_NAME, None)
                # dict comes first: asking for an abstract class takes several times as long.
                if isinstance(config, (dict, Mapping)) and name in config:
                    return config[name]
            return super().__getattribute__(name)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all settings."""
        return tuple(name for name in cls.__annotations__ if name.isupper())

    def require(self, name: str) -> str:
        """Return a setting that has no default.

        Args:
            name: the setting, such as ``"TENANT_MODEL"``.

        Raises:
            ImproperlyConfigured: the project does not set it.
        """
        value = getattr(self, name)
        if not isinstance(value, str) or not value:
            message = (
                f"{SETTING_NAME}[{name!r}] is not set; name the model there, for example "
                f"{SETTING_NAME} = {{'TENANT_MODEL': 'customers.Tenant', "
                "'DOMAIN_MODEL': 'customers.Domain'}"
            )
            raise ImproperlyConfigured(message)
        return value


omnitenant_settings = OmnitenantSettings()
