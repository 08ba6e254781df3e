"""The tasks that the pages describe."""

from celery import shared_task

from django_omnitenant.patches.celery import TenantAwareTask
from django_omnitenant.utils import get_tenant_model
from myapp.models import Project
from omnitenant_celery import fan_out


@shared_task
def count_projects():
    """Count the projects of the tenant for whom the task was called."""
    return Project.objects.count()


@shared_task(base=TenantAwareTask)
def report(tenant_id=None):
    """Name the projects of a tenant."""
    return sorted(Project.objects.values_list("name", flat=True))


@shared_task
def report_all():
    """Call the report once for each tenant, over ten minutes."""
    tenants = get_tenant_model().objects.order_by("tenant_id")
    return [result.get() for result in fan_out(report, tenants)]
