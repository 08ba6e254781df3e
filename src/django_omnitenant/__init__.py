"""Multi-tenancy for Django: one API for tenants with a database, a schema, rows or a cache of their own.

This package is a thin facade over ``omnitenant_context``, ``omnitenant_models``, ``omnitenant_routing`` and
``omnitenant_admin``. It is the one app for ``INSTALLED_APPS``; its modules hand on the public names:

==============================  ======================================================================
``.tenant_context``             ``TenantContext``
``.models``                     ``BaseTenant``, ``BaseDomain``, ``TenantQuerySetManager``
``.utils``                      ``get_tenant_model``, ``get_domain_model``, ``get_tenant_backend``, ...
``.middleware``, ``.routers``   ``TenantMiddleware``, ``TenantRouter``
``.resolvers``                  who a request is for
``.signals``, ``.exceptions``   the life of a tenant; what can go wrong
``.admin``                      ``TenantRestrictAdminMixin``
``.patches.celery``             ``TenantAwareTask`` (needs the extra ``celery``)
==============================  ======================================================================
"""

from __future__ import annotations

__all__: list[str] = []
