"""Finds the tenant by the user who is logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist

from omnitenant_models.resolvers._hosts import master_for
from omnitenant_models.resolvers._lookup import find_tenant
from omnitenant_models.resolvers.base import BaseTenantResolver

if TYPE_CHECKING:
    from django.http import HttpRequest

    from omnitenant_context.scope import Master, Tenant

__all__ = ["UserTenantResolver"]


class UserTenantResolver(BaseTenantResolver):
    """Finds the tenant by the user: for sites where everybody logs in at one place, in the master.

    Users must be known before the tenant: ``AuthenticationMiddleware`` and ``SessionMiddleware`` stand above
    ``TenantMiddleware``, and the apps of users and sessions are MASTER in ``MODEL_SCOPES``. Somebody who is not
    logged in, or has no tenant, is at the master on ``PUBLIC_HOST``, and where no PUBLIC_HOST is set (unless a
    chain has others to ask); else nowhere. Answers are not remembered.
    """

    vary_on: ClassVar[tuple[str, ...]] = ("Cookie",)

    attribute: ClassVar[str] = "tenant"
    """Dotted path from the user to the tenant or its id, such as ``"profile.tenant"``."""

    def get_tenant(self, user: Any) -> Tenant | str | None:
        """Return a user's tenant, its id, or None: override it where a path of attributes does not do.

        Runs in synchronous code and may query.

        Raises:
            ImproperlyConfigured: there is no such attribute.
        """
        value = user
        try:
            for name in self.attribute.split("."):
                value = None if value is None else getattr(value, name)
        except ObjectDoesNotExist:
            return None
        except AttributeError as error:
            message = (
                f"{type(self).__qualname__}.attribute is {self.attribute!r}, which users do not have "
                f"({error}); derive a resolver with your own attribute or get_tenant()"
            )
            raise ImproperlyConfigured(message) from error
        return value() if callable(value) else value  # type: ignore[no-any-return]  # the project's own attribute

    def resolve(self, request: HttpRequest) -> Tenant | Master:
        """Find whom the request is for.

        Raises:
            TenantNotFound: the user has no tenant, or one that is unknown.
            ImproperlyConfigured: the request has no user.
        """
        if not hasattr(request, "user"):
            raise _no_user()
        return self._of(request, request.user)

    async def aresolve(self, request: HttpRequest) -> Tenant | Master:
        """Find whom the request is for, in an event loop; see :meth:`resolve`."""
        if not hasattr(request, "auser"):
            raise _no_user()
        return await sync_to_async(self._of)(request, await request.auser())

    def _of(self, request: HttpRequest, user: Any) -> Tenant | Master:
        if not user.is_authenticated:
            reason = "nobody is logged in; log in on PUBLIC_HOST"
            return master_for(request, reason, when_unset=self.sole)
        tenant = self.get_tenant(user)
        if isinstance(tenant, str) and tenant:
            return find_tenant(tenant)
        if tenant:
            return tenant
        reason = f"user {user.pk!r} has no {self.attribute!r}; give the user a tenant"
        return master_for(request, reason, when_unset=self.sole)


def _no_user() -> ImproperlyConfigured:
    message = (
        "UserTenantResolver needs the user, whom the request does not have yet; put SessionMiddleware and "
        "AuthenticationMiddleware above TenantMiddleware in MIDDLEWARE"
    )
    return ImproperlyConfigured(message)
