"""The example with a Celery app, for a worker process of its own over the file system."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "celery_settings")

from celery import Celery, shared_task

QUEUE = Path(os.environ["CELERY_TEST_FOLDER"])
for name in ("queue", "control", "processed", "results"):
    (QUEUE / name).mkdir(parents=True, exist_ok=True)

app = Celery("saas")
app.conf.update(
    broker_url="filesystem://",
    broker_transport_options={
        "data_folder_in": str(QUEUE / "queue"),
        "data_folder_out": str(QUEUE / "queue"),
        "processed_folder": str(QUEUE / "processed"),
        "control_folder": str(QUEUE / "control"),
        "polling_interval": 0.1,
    },
    result_backend=f"file://{QUEUE / 'results'}",
    worker_hijack_root_logger=False,
)


@shared_task
def add_project(name: str) -> str:
    """Write a row with plain Django code, and tell for whom the body ran."""
    from django_omnitenant.tenant_context import TenantContext
    from projects.models import Project

    Project.objects.create(name=name)
    return TenantContext.get_scope().label


@shared_task
def fan_out(name: str) -> list[str]:
    """Send the first task for every tenant, from the master."""
    from customers.models import Tenant
    from django_omnitenant.tenant_context import TenantContext

    sent = []
    for tenant in Tenant.objects.filter(state="active"):
        with TenantContext.use_tenant(tenant):
            sent.append(add_project.delay(name).id)
    return sent
