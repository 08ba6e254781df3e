"""Checks of ``OMNITENANT_CONFIG``: names that do not exist, models that are missing or of another kind."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_origin, get_type_hints

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error

from omnitenant_models.domains import BaseDomain
from omnitenant_models.settings import SETTING_NAME, OmnitenantSettings, omnitenant_settings
from omnitenant_models.tenants import BaseTenant

__all__ = ["check_models", "check_setting_kinds", "check_setting_names"]

_KINDS: dict[Any, tuple[Any, str]] = {
    str: (str, "text"),
    int: (int, "a whole number"),
    float: ((int, float), "a number"),
    Mapping: (Mapping, "a dictionary"),
}


def check_setting_names(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report keys of ``OMNITENANT_CONFIG`` that nothing reads, with the nearest that something does."""
    config = getattr(settings, SETTING_NAME, {})
    if not isinstance(config, Mapping):
        return [
            Error(
                f"{SETTING_NAME} is {type(config).__name__}, not a dictionary.",
                hint=f"Write {SETTING_NAME} = {{'TENANT_MODEL': ..., 'DOMAIN_MODEL': ...}}.",
                id="omnitenant_models.E001",
            )
        ]
    known = OmnitenantSettings.names()
    found: list[CheckMessage] = []
    for name in config:
        if name not in known:
            near = get_close_matches(str(name).upper(), known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}."
            found.append(
                Error(
                    f"{SETTING_NAME} has an unknown key {name!r}.",
                    hint=hint,
                    id="omnitenant_models.E002",
                )
            )
    return found


def check_setting_kinds(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report plain settings whose value is of another kind; resolvers, hosts and views have checks of their own."""
    found: list[CheckMessage] = []
    for name, hint in get_type_hints(OmnitenantSettings).items():
        kind = get_origin(hint) or hint
        if kind not in _KINDS:
            continue
        value = getattr(omnitenant_settings, name)
        accepted, described = _KINDS[kind]
        if not isinstance(value, accepted) or isinstance(value, bool):
            found.append(
                Error(
                    f"{SETTING_NAME}[{name!r}] is {value!r}, not {described}.",
                    hint=f"The default is {getattr(OmnitenantSettings, name)!r}.",
                    id="omnitenant_models.E008",
                )
            )
    return found


def check_models(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report a tenant or domain model that is missing or of the wrong kind."""
    found = [
        *_check_model("TENANT_MODEL", BaseTenant, "E003"),
        *_check_model("DOMAIN_MODEL", BaseDomain, "E004"),
    ]
    if not found:
        tenant = apps.get_model(omnitenant_settings.require("TENANT_MODEL"))
        domain: Any = apps.get_model(omnitenant_settings.require("DOMAIN_MODEL"))
        target = domain._meta.get_field("tenant").remote_field.model
        if target is not tenant:
            found.append(
                Error(
                    f"{domain._meta.label}.tenant leads to {getattr(target, '_meta', target)}, not to the "
                    f"tenant model {tenant._meta.label}.",
                    hint=f"Set {SETTING_NAME}['TENANT_MODEL'] before the models are imported.",
                    obj=domain,
                    id="omnitenant_models.E005",
                )
            )
    return found


def _check_model(setting: str, base: type[Any], number: str) -> list[CheckMessage]:
    label: Any = getattr(omnitenant_settings, setting)
    example = "customers." + base.__name__.removeprefix("Base")
    if not label:
        problem, hint = "is not set", f"Set it to your model, such as {example!r}."
    elif not isinstance(label, str):
        problem, hint = f"is {label!r}, which is no text", f"Write {example!r}."
    else:
        try:
            model = apps.get_model(label)
        except (LookupError, ValueError) as error:
            problem = f"is {label!r}, which is no installed model ({error})"
            hint = f"Write it as 'app_label.ModelName', such as {example!r}; is its app installed?"
        else:
            if issubclass(model, base):
                return []
            problem = f"is {label!r}, which is no subclass of {base.__name__}"
            hint = f"Derive it from omnitenant_models.models.{base.__name__}."
    return [Error(f"{SETTING_NAME}[{setting!r}] {problem}.", hint=hint, id=f"omnitenant_models.{number}")]
