"""Tenant and domain models, the row scope, resolvers and the middleware.

=============================  ==========================================================
``omnitenant_models.models``   ``BaseTenant``, ``BaseDomain``, ``TenantQuerySetManager``
``omnitenant_models.utils``    ``get_tenant_model``, ``get_domain_model``
``omnitenant_models.scopes``   ``TenantScope``: where a model's table lives
``.middleware``, ``.resolvers``  who a request is for
``.signals``, ``.settings``    the life of a tenant; ``OMNITENANT_CONFIG``
=============================  ==========================================================

Importing this package imports nothing of Django's models; import the modules above.
"""

from __future__ import annotations

__all__: list[str] = []
