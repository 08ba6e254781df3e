"""Looks at instances of models that belong to nobody and refer to tenants' rows, before they are saved.

Instances of tenants' models look at themselves, see ``instances``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models.signals import pre_save

from omnitenant_models.rows import saving

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["watch_saves"]


def watch_saves(model: type[Model]) -> None:
    """Look at each instance of a model that is going to be saved; a second call changes nothing."""
    pre_save.connect(_refuse_early, sender=model, weak=False, dispatch_uid="omnitenant_models.rows.early")


def _refuse_early(
    instance: Model,
    *,
    using: str | None = None,
    update_fields: Iterable[str] | None = None,
    raw: bool = False,
    **_: Any,
) -> None:
    saving.refuse_early(instance, using=using, update_fields=update_fields, raw=raw)
