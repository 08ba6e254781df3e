"""The Django admin for tenants and for what belongs to them.

=================================  ====================================================================
``omnitenant_admin.mixins``        ``TenantRestrictAdminMixin``: operators administer a tenant's rows
``omnitenant_admin.tenants``       ``TenantAdmin``, ``DomainInline``: the tenants themselves
``omnitenant_admin.permissions``   ``MasterOnlyMixin``: nothing of a model on the hosts of tenants
=================================  ====================================================================

Nothing is registered with an admin site: that is the project's decision.
"""

from __future__ import annotations

__all__: list[str] = []
