"""Small doors to the project's own models and to who is active."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from omnitenant_context.context import TenantContext
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings

if TYPE_CHECKING:
    from omnitenant_models.domains import BaseDomain
    from omnitenant_models.tenants import BaseTenant

__all__ = ["get_current_tenant", "get_domain_model", "get_tenant_model"]


def get_tenant_model() -> type[BaseTenant]:
    """Return the project's tenant model.

    Raises:
        ImproperlyConfigured: the setting is missing, or names no model.
    """
    model: type[BaseTenant] = _model("TENANT_MODEL")
    return model


def get_domain_model() -> type[BaseDomain]:
    """Return the project's domain model.

    Raises:
        ImproperlyConfigured: the setting is missing, or names no model.
    """
    model: type[BaseDomain] = _model("DOMAIN_MODEL")
    return model


def get_current_tenant() -> Any | None:
    """Return the active tenant, or None when there is none."""
    return TenantContext.get_tenant()


def _model(setting: str) -> Any:
    label = omnitenant_settings.require(setting)
    try:
        return apps.get_model(label, require_ready=False)
    except (LookupError, ValueError) as error:
        message = (
            f"{SETTING_NAME}[{setting!r}] is {label!r}, which is no installed model ({error}); "
            "write it as 'app_label.ModelName'"
        )
        raise ImproperlyConfigured(message) from error
