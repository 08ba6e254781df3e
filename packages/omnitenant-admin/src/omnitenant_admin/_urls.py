"""The addresses of a model admin's own views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

__all__ = ["url_name", "url_of"]


def url_name(model_admin: ModelAdmin[Any], view: str) -> str:
    """Return the name of a view as Django's admin makes it, without the namespace."""
    options = model_admin.opts
    return f"{options.app_label}_{options.model_name}_{view}"


def url_of(model_admin: ModelAdmin[Any], view: str) -> str:
    """Return the path of a view that takes no arguments."""
    site = model_admin.admin_site.name
    return reverse(f"admin:{url_name(model_admin, view)}", current_app=site)
