"""Finds the tenant by the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ImproperlyConfigured

from omnitenant_context.errors import TenantNotFound
from omnitenant_models.resolvers._answers import Answers
from omnitenant_models.resolvers._hosts import master_for
from omnitenant_models.resolvers._lookup import afind_tenant, find_tenant
from omnitenant_models.resolvers.base import BaseTenantResolver
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omnitenant_context.scope import Master, Tenant

__all__ = ["SessionTenantResolver"]


class SessionTenantResolver(BaseTenantResolver):
    """Reads the tenant's id from the session, where the project's own view has put it.

    Sessions must be known before the tenant: ``SessionMiddleware`` stands above ``TenantMiddleware``, and the
    app ``sessions`` is MASTER in ``MODEL_SCOPES``. A session without a tenant is the master's on
    ``PUBLIC_HOST``, and where no PUBLIC_HOST is set (unless a chain has others to ask); else nobody's.
    """

    vary_on: ClassVar[tuple[str, ...]] = ("Cookie",)

    def __init__(self) -> None:
        """Make the resolver with a memory of its own, since reading the session is not free of I/O."""
        super().__init__()
        self._answers = Answers()

    def resolve(self, request: HttpRequest) -> Tenant | Master:
        """Find whom the request is for.

        Raises:
            TenantNotFound: the session names nobody, or somebody unknown.
            ImproperlyConfigured: the request has no session.
        """
        tenant_id = _session(request).get(omnitenant_settings.TENANT_SESSION_KEY)
        if not tenant_id:
            return self._nobody(request)
        return self._answers.remember(_text(tenant_id), lambda: find_tenant(tenant_id))

    async def aresolve(self, request: HttpRequest) -> Tenant | Master:
        """Find whom the request is for, in an event loop; see :meth:`resolve`."""
        tenant_id = await _session(request).aget(omnitenant_settings.TENANT_SESSION_KEY)
        if not tenant_id:
            return self._nobody(request)
        return await self._answers.aremember(_text(tenant_id), lambda: afind_tenant(tenant_id))

    def _nobody(self, request: HttpRequest) -> Master:
        key = omnitenant_settings.TENANT_SESSION_KEY
        reason = f"the session has no {key!r}; set request.session[{key!r}] to the tenant's id"
        return master_for(request, reason, when_unset=self.sole)


def _session(request: HttpRequest) -> Any:
    try:
        return request.session
    except AttributeError:
        message = (
            "SessionTenantResolver needs the session, which the request does not have yet; put "
            "SessionMiddleware above TenantMiddleware in MIDDLEWARE"
        )
        raise ImproperlyConfigured(message) from None


def _text(tenant_id: Any) -> str:
    if isinstance(tenant_id, str):
        return tenant_id
    message = f"the session names its tenant by {tenant_id!r}; store the tenant_id, which is text"
    raise TenantNotFound(message)
