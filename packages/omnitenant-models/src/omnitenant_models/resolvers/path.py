"""Finds the tenant by the first part of the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omnitenant_context.scope import Master
from omnitenant_models.resolvers._hosts import master_for
from omnitenant_models.resolvers._lookup import LookupTenantResolver
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["PathTenantResolver"]


class PathTenantResolver(LookupTenantResolver):
    """Reads the tenant's id from ``/<TENANT_PATH_PREFIX>/<tenant_id>/...``.

    That part becomes the script prefix of the request: the URLconf does not mention it, and ``reverse()``,
    redirects, ``{% url %}`` and ``build_absolute_uri()`` contain it. A path without it is for the master on
    ``PUBLIC_HOST``, and where no PUBLIC_HOST is set (unless a chain has others to ask); else for nobody.

    All tenants share one host here, and with it the browser's cookies.
    """

    def name_of(self, request: HttpRequest) -> str | Master:
        """Return the id in the path.

        Raises:
            TenantNotFound: the path has none, and the request is not for the master.
        """
        start = _start()
        tenant_id = _tenant_id(request.path_info, start)
        if tenant_id:
            return tenant_id
        reason = f"the path {request.path_info!r} does not begin with {start + '<tenant_id>/'!r}"
        return master_for(request, reason, when_unset=self.sole)

    def mount_point(self, request: HttpRequest) -> str:
        """Return ``/<TENANT_PATH_PREFIX>/<tenant_id>``, or nothing for the master."""
        start = _start()
        tenant_id = _tenant_id(request.path_info, start)
        return start + tenant_id if tenant_id else ""


def _start() -> str:
    prefix = omnitenant_settings.TENANT_PATH_PREFIX.strip("/")
    return f"/{prefix}/" if prefix else "/"


def _tenant_id(path: str, start: str) -> str:
    return path[len(start) :].partition("/")[0] if path.startswith(start) else ""
