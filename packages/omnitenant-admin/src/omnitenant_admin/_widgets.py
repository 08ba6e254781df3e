"""Pickers that search: they ask the admin whose form they stand in, and so for its tenant.

Django's widget asks a view of the admin site, which knows no tenant. Its method ``get_url()``, read in 5.2 and
6.1, says where it asks.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from django.contrib.admin.widgets import AutocompleteMixin, RelatedFieldWidgetWrapper

__all__ = ["ask_at"]


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


def _searching(widget: Any) -> AutocompleteMixin | None:
    if isinstance(widget, RelatedFieldWidgetWrapper):
        widget = widget.widget
    return widget if isinstance(widget, AutocompleteMixin) else None
