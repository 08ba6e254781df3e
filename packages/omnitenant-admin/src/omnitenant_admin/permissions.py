"""Who may administer: operators, on the hosts of the master. A tenant's own superuser is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from omnitenant_context.context import TenantContext

if TYPE_CHECKING:
    from django.contrib.admin.options import BaseModelAdmin
    from django.http import HttpRequest

    Base = BaseModelAdmin[Any]
else:
    Base = object

__all__ = ["OPERATING_FOR", "MasterOnlyMixin", "is_for_master"]

OPERATING_FOR: Final = "omnitenant_operating_for"
"""Attribute of a request: the tenant that an operator works for in it."""


def is_for_master(request: HttpRequest) -> bool:
    """Tell whether a request belongs to the master.

    It does unless it came in on a tenant's host, or code entered a tenant that was not chosen by the operator.
    """
    if getattr(request, "tenant", None) is not None:
        return False
    active = TenantContext.get_tenant()
    return active is None or active is getattr(request, OPERATING_FOR, None)


class MasterOnlyMixin(Base):
    """Hides a model from the admin on the hosts of tenants, whoever is logged in there.

    For any ``ModelAdmin`` or inline; write it before them. In the master permissions are what they always are.
    """

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the model in the index of the master only."""
        return is_for_master(request) and super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        """Allow to look at rows in the master only."""
        return is_for_master(request) and super().has_view_permission(request, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        """Allow to add rows in the master only."""
        return is_for_master(request) and super().has_add_permission(request, *args, **kwargs)

    def has_change_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        """Allow to change rows in the master only."""
        return is_for_master(request) and super().has_change_permission(request, *args, **kwargs)

    def has_delete_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        """Allow to delete rows in the master only."""
        return is_for_master(request) and super().has_delete_permission(request, *args, **kwargs)
