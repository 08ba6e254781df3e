"""Pickers: those that search ask the admin whose form they stand in, and so for its tenant.

Django's widget asks a view of the admin site, which knows no tenant. Its method ``get_url()``, read in 5.2 and
6.1, says where it asks.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from django.contrib.admin.widgets import AutocompleteMixin, RelatedFieldWidgetWrapper
from django.forms import ModelChoiceField

from omnitenant_context.context import TenantContext
from omnitenant_models.rows import get_tenant_key

__all__ = ["ask_at", "offer_own_rows"]


def ask_at(form: Any, get_url: Callable[[], str]) -> None:
    """Let the searching pickers of a form class ask at an address.

    Args:
        form: a form class that was made for this request. Fields that it shares with others are copied.
        get_url: gives the address when the form is rendered.
    """
    for name, field in form.base_fields.items():
        if _searching(field.widget) is not None:
            own = form.base_fields[name] = copy.deepcopy(field)
            searching: Any = _searching(own.widget)
            searching.get_url = get_url


def offer_own_rows(form: Any) -> None:
    """Let the pickers of a form class offer, and take, rows of the active tenant only.

    Most do by themselves. This is for models whose default manager is one that filters nothing.

    Args:
        form: see :func:`ask_at`.
    """
    tenant = TenantContext.get_tenant()
    for name, field in form.base_fields.items():
        queryset = field.queryset if isinstance(field, ModelChoiceField) else None
        key = None if queryset is None else get_tenant_key(queryset.model)
        if key is not None and tenant is not None:
            own: Any = copy.deepcopy(field)
            own.queryset = own.queryset.filter(**{key.name: tenant})
            form.base_fields[name] = own


def _searching(widget: Any) -> AutocompleteMixin | None:
    if isinstance(widget, RelatedFieldWidgetWrapper):
        widget = widget.widget
    return widget if isinstance(widget, AutocompleteMixin) else None
