"""What the doctor says about one thing, and which things it is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import AutoField

from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.scopes import TenantScope, get_model_scope

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["Finding", "Level", "keyed_models", "numbered_models"]


class Level(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """A wall has a hole, or a tenant cannot work."""
    WARNING = "warning"
    """It will hurt, or it already costs."""
    INFO = "info"
    """Worth knowing; the exit status stays 0."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        code: what kind it is, such as ``policy.missing``; stable, for programs.
        level: how much it matters.
        where: the database alias, or the tenant's id.
        message: what was found.
        remedy: what to do about it.
    """

    code: str
    level: Level
    where: str
    message: str
    remedy: str

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return {**asdict(self), "level": self.level.value}


def keyed_models(*scopes: TenantScope) -> Iterator[type[Model]]:
    """Give the models whose own tables hold a tenant key.

    Args:
        scopes: of these scopes only; of any where none is named.
    """
    for model in apps.get_models():
        key = get_tenant_key(model)
        if key is None or model._meta.proxy or not model._meta.managed or key.model is not model:
            continue
        if not scopes or get_model_scope(model) in scopes:
            yield model


def numbered_models(*scopes: TenantScope) -> Iterator[type[Model]]:
    """Give the models whose primary keys the database counts."""
    for model in apps.get_models(include_auto_created=True):
        options = model._meta
        if options.proxy or not options.managed or not isinstance(options.pk, AutoField):
            continue
        if get_model_scope(model) in scopes:
            yield model
