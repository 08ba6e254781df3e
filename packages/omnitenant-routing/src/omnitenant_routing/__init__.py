"""Places of tenants: databases, schemas and caches; the router, provisioning and the commands.

=====================================  ====================================================
``omnitenant_routing.router``          ``TenantRouter`` for ``DATABASE_ROUTERS``
``omnitenant_routing.places``          ``Place``: where the rows of whoever is active live
``omnitenant_routing.provisioning``    ``get_tenant_backend(tenant)``: create, migrate, delete
``omnitenant_routing.caches``          ``make_key``, ``reverse_key`` for ``CACHES``
=====================================  ====================================================
"""

from __future__ import annotations

__all__: list[str] = []
