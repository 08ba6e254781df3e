"""The errors of omnitenant, in one place so that plain Python code can catch them.

Every error derives from :class:`OmnitenantError`, carries what it names as attributes, and survives
pickling with them (a task queue sends errors between processes).
"""

from __future__ import annotations

__all__ = [
    "CarrierError",
    "DomainNotFound",
    "OmnitenantError",
    "ProvisioningError",
    "TenantInactiveError",
    "TenantMismatchError",
    "TenantNotFound",
    "TenantRequiredError",
]


class OmnitenantError(Exception):
    """Root of all errors that omnitenant raises on purpose."""


class TenantRequiredError(OmnitenantError):
    """Raised when code needs a tenant and none is active.

    Enter one with ``TenantContext.use_tenant(tenant)``; rows of all tenants are reached only
    through ``TenantContext.unscoped()``.
    """


class TenantMismatchError(OmnitenantError):
    """Raised when code of one tenant touches what belongs to another tenant or another place.

    Attributes:
        active: label of what was active, such as the tenant's id.
        wanted: label of what the refused value belongs to, when that is known.
    """

    def __init__(self, message: str = "", *, active: str | None = None, wanted: str | None = None) -> None:
        super().__init__(message)
        self.active = active
        self.wanted = wanted


class TenantInactiveError(OmnitenantError):
    """Raised on entering a tenant that is unsaved, deleted, suspended or not provisioned yet.

    Attributes:
        tenant_id: id of the refused tenant.
        state: what it is instead of active, for example ``"suspended"`` or ``"unsaved"``.
    """

    def __init__(self, message: str = "", *, tenant_id: str | None = None, state: str | None = None) -> None:
        super().__init__(message)
        self.tenant_id = tenant_id
        self.state = state


class TenantNotFound(OmnitenantError):  # noqa: N818 - the name is part of the public contract
    """Raised when nothing leads to a tenant: an unknown id, or a request that names none.

    Attributes:
        tenant_id: the id that was looked for, when there was one.
    """

    def __init__(self, message: str = "", *, tenant_id: str | None = None) -> None:
        super().__init__(message)
        self.tenant_id = tenant_id


class DomainNotFound(TenantNotFound):
    """Raised when a host name belongs to no tenant.

    Attributes:
        domain: the host name, normalised.
    """

    def __init__(self, message: str = "", *, tenant_id: str | None = None, domain: str | None = None) -> None:
        super().__init__(message, tenant_id=tenant_id)
        self.domain = domain


class ProvisioningError(OmnitenantError):
    """Raised when a tenant's place cannot be made, migrated or removed.

    Attributes:
        tenant_id: id of the tenant whose place it is.
    """

    def __init__(self, message: str = "", *, tenant_id: str | None = None) -> None:
        super().__init__(message)
        self.tenant_id = tenant_id


class CarrierError(OmnitenantError):
    """Raised when a scope cannot travel in a header or message, or what travelled cannot be read.

    Attributes:
        value: the text that cannot be read, when there was one. Nobody vouches for its content.
    """

    def __init__(self, message: str = "", *, value: str | None = None) -> None:
        super().__init__(message)
        self.value = value
