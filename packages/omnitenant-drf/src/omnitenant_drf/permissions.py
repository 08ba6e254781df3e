"""Who may use a tenant's API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from rest_framework.permissions import BasePermission

from omnitenant_context.context import TenantContext
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from omnitenant_context.scope import Tenant

__all__ = ["IsTenantMember"]


class IsTenantMember(BasePermission):
    """Lets in users who belong to the active tenant, as a function of the project says.

    A host or a header is what a client wishes; this is what says whether it may. Name the function in
    ``OMNITENANT_CONFIG["MEMBERSHIP"]``, such as ``"app.rules.is_member"``, or override :meth:`is_member`. It
    runs for every request, inside the tenant. Users who are not logged in are members of nothing; and in the
    master, where no tenant is active, nobody is let in.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Say whether the request's user may go on.

        Raises:
            ImproperlyConfigured: nobody says who is a member.
        """
        tenant = TenantContext.get_tenant()
        user: Any = request.user  # None where UNAUTHENTICATED_USER says so
        if tenant is None or user is None or not user.is_authenticated:
            return False
        return self.is_member(user, tenant)

    def is_member(self, user: Any, tenant: Tenant) -> bool:
        """Ask the project's function whether a user belongs to a tenant."""
        return bool(_membership()(user, tenant))


def _membership() -> Callable[[Any, Tenant], bool]:
    path = omnitenant_settings.MEMBERSHIP
    if not path:
        message = (
            f"IsTenantMember does not know who is a member; set {SETTING_NAME}['MEMBERSHIP'] to the dotted "
            "path of a function is_member(user, tenant), or override IsTenantMember.is_member"
        )
        raise ImproperlyConfigured(message)
    try:
        found: Callable[[Any, Tenant], bool] = import_string(path)
    except ImportError as error:
        message = (
            f"{SETTING_NAME}['MEMBERSHIP'] names {path!r}, which cannot be imported ({error}); write the "
            "dotted path of a function is_member(user, tenant)"
        )
        raise ImproperlyConfigured(message) from error
    return found
