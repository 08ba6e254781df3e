"""The resolver that the pages describe."""

from django_omnitenant.exceptions import TenantNotFound
from django_omnitenant.resolvers.base import BaseTenantResolver
from django_omnitenant.utils import get_tenant_model


class KeyTenantResolver(BaseTenantResolver):
    """Find the tenant by the key that its program sends."""

    def resolve(self, request):
        """Look the key up."""
        Tenant = get_tenant_model()
        key = request.headers.get("X-Customer-Key", "")
        try:
            return Tenant.objects.get(config__key=key)
        except Tenant.DoesNotExist:
            raise TenantNotFound("no customer has this key") from None

    def cache_key(self, request):
        """Remember the answer for this key for a few seconds."""
        return request.headers.get("X-Customer-Key")
