"""Tasks that know their tenant. Needs the extra ``celery``."""

from __future__ import annotations

from omnitenant_celery.django import TenantAwareTask

__all__ = ["TenantAwareTask"]
