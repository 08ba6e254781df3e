"""Celery tasks that run for the tenant they were called for, or fail before their body runs.

Importing this package is all that an application has to do: it calls :func:`install`, which needs
no base class, no decorator and no subclass of ``Celery``.
"""

from __future__ import annotations

from omnitenant_celery.fanout import fan_out
from omnitenant_celery.header import tenant_headers
from omnitenant_celery.installation import install
from omnitenant_celery.policy import TenantPolicy
from omnitenant_celery.requests import TenantRequest
from omnitenant_celery.tasks import TenantAwareTask

__all__ = [
    "TenantAwareTask",
    "TenantPolicy",
    "TenantRequest",
    "fan_out",
    "install",
    "tenant_headers",
]

install()
