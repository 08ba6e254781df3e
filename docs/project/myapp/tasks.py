"""The tasks that the pages describe."""

from datetime import timedelta

from celery import shared_task

from django_omnitenant.patches.celery import TenantAwareTask
from django_omnitenant.utils import get_tenant_model
from myapp.models import Project
from omnitenant_celery import fan_out


@shared_task
def count_projects():
    """Count the projects of the tenant that the task was called for."""
    return Project.objects.count()


@shared_task(base=TenantAwareTask)
def report(tenant_id):
    """Name a tenant's projects."""
    return tenant_id, sorted(Project.objects.values_list("name", flat=True))


@shared_task(tenant_policy="master")
def report_all():
    """Call the report once for each tenant, evenly over ten minutes."""
    fan_out(report, get_tenant_model().objects.order_by("tenant_id"), spread=timedelta(minutes=10))
