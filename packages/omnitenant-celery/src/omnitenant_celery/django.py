"""The aware task for projects that run Celery with Django; the only module here that needs Django."""

from __future__ import annotations

from celery.contrib.django.task import DjangoTask

from omnitenant_celery.tasks import TenantAwareTask as PlainTenantAwareTask

__all__ = ["TenantAwareTask"]


class TenantAwareTask(PlainTenantAwareTask, DjangoTask):  # type: ignore[type-arg]  # not generic at run time
    """A task that needs a tenant, with Celery's ``delay_on_commit``."""

    abstract = True
