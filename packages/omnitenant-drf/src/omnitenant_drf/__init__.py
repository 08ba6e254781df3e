"""Django REST framework for tenants.

================================  =======================================================
``omnitenant_drf.serializers``    ``TenantModelSerializer``: unique checks within a tenant
``omnitenant_drf.exceptions``     ``exception_handler``: the setting ``EXCEPTION_HANDLER``
``omnitenant_drf.permissions``    ``IsTenantMember``
``omnitenant_drf.throttling``     ``TenantRateThrottle``
``omnitenant_drf.resolvers``      ``APIHeaderTenantResolver``
``omnitenant_drf.views``          answers in JSON for requests that reach no tenant
``omnitenant_drf.openapi``        the tenant's header in the schema of drf-spectacular
``omnitenant_drf.testing``        ``TenantAPIClient``
================================  =======================================================

Views, querysets, filters and related fields follow the active tenant by themselves and need nothing from here.
Importing this package imports nothing of REST framework; import the modules above.
"""

from __future__ import annotations

__all__: list[str] = []
