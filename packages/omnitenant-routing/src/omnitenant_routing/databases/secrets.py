"""Secrets in a tenant's ``config``: references that are resolved when a connection is made, and redaction."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.utils.module_loading import import_string

from omnitenant_context.errors import ProvisioningError

__all__ = ["REDACTED", "redact", "resolve"]

REDACTED = "********"

_SECRET_KEY = re.compile(r"pass|secret|token|key|credential|signature", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?<=:)[^:/@\s]+(?=@)")
_REFERENCES = frozenset({"env", "file", "call"})


def resolve(value: Any, *, tenant_id: str) -> Any:
    """Resolve a configured value that may be a reference to a secret.

    Args:
        value: the value itself, or one of ``{"env": NAME}``, ``{"file": PATH}`` and
            ``{"call": "dotted.path"}`` (called with the tenant's id).
        tenant_id: whose value it is, for the message.

    Raises:
        ProvisioningError: the reference leads nowhere. The message never holds a secret.
    """
    if not (isinstance(value, Mapping) and len(value) == 1):
        return value
    (kind, target), *_ = value.items()
    try:
        if kind == "env":
            return os.environ[target]
        if kind == "file":
            return Path(target).read_text(encoding="utf-8").strip()
        if kind == "call":
            return import_string(target)(tenant_id)
    except (KeyError, OSError, ImportError) as error:
        message = (
            f"tenant {tenant_id!r} refers to a secret in {kind} {target!r}, which cannot be read "
            f"({type(error).__name__}); provide it, or correct the tenant's config"
        )
        raise ProvisioningError(message, tenant_id=tenant_id) from None
    return value


def redact(value: Any) -> Any:
    """Return a copy of a configuration in which what may be secret is replaced, for output and logs.

    Args:
        value: a tenant's ``config``, or any part of it. References stay readable: they are no secrets.
    """
    if isinstance(value, Mapping):
        return {key: _hidden(item) if _SECRET_KEY.search(str(key)) else redact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    if isinstance(value, str):
        return _URL_PASSWORD.sub(REDACTED, value)
    return value


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping) and len(value) == 1 and _REFERENCES.issuperset(value):
        return dict(value)
    return REDACTED if value else value
