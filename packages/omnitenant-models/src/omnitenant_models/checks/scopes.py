"""Checks of the scopes of models: names that do not exist, and settings that have no effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any

from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage, Error

from omnitenant_models.scopes import get_app_scope, get_model_scope
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings

__all__ = ["check_scopes"]


def check_scopes(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report scopes that do not exist, and entries of ``MODEL_SCOPES`` that name nothing or change nothing."""
    named: Any = omnitenant_settings.MODEL_SCOPES
    if not isinstance(named, Mapping):
        return []  # reported as a setting of the wrong kind
    return [*_check_names(named), *_check_values(named)]


def _check_names(named: Mapping[Any, Any]) -> Iterator[CheckMessage]:
    labels = {config.label: config.label for config in apps.get_app_configs()} | {
        model._meta.label_lower: model._meta.label for model in apps.get_models()
    }
    for name in map(str, named):
        if name not in labels and ("." not in name or name.lower() not in labels):
            near = get_close_matches(name.lower(), labels, n=1)
            yield Error(
                f"{SETTING_NAME}['MODEL_SCOPES'] names {name!r}, which is not installed.",
                hint=f"Did you mean {labels[near[0]]!r}?" if near else "Name an installed app or model.",
                id="omnitenant_models.E006",
            )


def _check_values(named: Mapping[Any, Any]) -> Iterator[CheckMessage]:
    wrong: dict[str, None] = {}
    asked = [
        *(partial(get_app_scope, config.label) for config in apps.get_app_configs()),
        *(partial(get_model_scope, model) for model in apps.get_models()),
    ]
    for ask in asked:
        try:
            ask()
        except ValueError as error:
            wrong[str(error)] = None
    for text in wrong:
        yield Error(
            f"{text}.",
            hint="See omnitenant_models.scopes.TenantScope.",
            id="omnitenant_models.E007",
        )
    if not wrong:
        yield from _check_effect(named)


def _check_effect(named: Mapping[Any, Any]) -> Iterator[CheckMessage]:
    """Warn of what is set from outside and overruled: by the model, its AppConfig, or the model's role."""
    scopes = {config.label: get_app_scope(config.label) for config in apps.get_app_configs()} | {
        model._meta.label_lower: get_model_scope(model) for model in apps.get_models()
    }
    for name, value in ((str(key), value) for key, value in named.items()):
        scope = scopes.get(name.lower() if "." in name else name)
        if scope and str(value).lower() != scope:
            yield checks.Warning(
                f"{SETTING_NAME}['MODEL_SCOPES'][{name!r}] is {str(value)!r} and has no effect: the scope is "
                f"{scope.value!r}.",
                hint="The model, its AppConfig or its parent says so, or it is the tenant or domain model.",
                id="omnitenant_models.W009",
            )
