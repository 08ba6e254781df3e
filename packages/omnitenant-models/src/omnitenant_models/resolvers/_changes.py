"""Notices that tenants or domains have changed in this process, so that remembered answers are dropped."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.db import connections, transaction
from django.db.models.signals import post_delete, post_migrate, post_save

from omnitenant_models.settings import SETTING_NAME
from omnitenant_models.utils import get_domain_model, get_tenant_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model

__all__ = ["clear_resolver_cache", "connect", "generation"]

_UID = "omnitenant_models.resolvers"
_lock = threading.Lock()
_generation = 0


def generation() -> int:
    """Return a number that every change makes greater."""
    return _generation


def clear_resolver_cache() -> None:
    """Forget, in this process, whom requests belong to.

    Saving or deleting a tenant or a domain does it already. Call it after what sends no signal: ``update()``
    and ``bulk_create()`` of querysets, or raw SQL. Other processes follow within ``RESOLVER_CACHE_SECONDS``.
    """
    global _generation  # noqa: PLW0603 - one number per process
    with _lock:
        _generation += 1


def connect() -> None:
    """Follow the signals of the tenant and domain models; calling it again changes nothing.

    Only their own signals: a receiver for the deletions of all models would cost each of them Django's fast
    way to delete.
    """
    for model in _models():
        post_save.connect(_changed, sender=model, dispatch_uid=_UID)
        post_delete.connect(_changed, sender=model, dispatch_uid=_UID)
    post_migrate.connect(_emptied, dispatch_uid=_UID)
    setting_changed.connect(_setting_changed, dispatch_uid=_UID)


def _models() -> Iterator[type[Model]]:
    # A proxy or child sends its signals under its own name.
    bases: list[type[Model]] = []
    for get_model in (get_tenant_model, get_domain_model):
        try:
            bases.append(get_model())
        except ImproperlyConfigured:  # the first lookup says so, and a later setting connects again
            continue
    for model in apps.get_models():
        if issubclass(model, tuple(bases)):
            yield model


class _EndOfTransaction:
    """Clears once more when the transaction has ended, however it did.

    Until the commit other threads read, and remember, what was before; until a rollback this thread remembers
    what will never have been. Django has a hook for the first only, but it lets go of the hooks of whatever it
    rolls back: that is noticed here.
    """

    def __init__(self) -> None:
        weakref.finalize(self, clear_resolver_cache).atexit = False  # type: ignore[misc]  # a property in the standard library, which the stubs do not show

    def __call__(self) -> None:
        clear_resolver_cache()


def _changed(*, using: str, **_: Any) -> None:
    clear_resolver_cache()
    if connections[using].in_atomic_block:
        transaction.on_commit(_EndOfTransaction(), using=using)


def _emptied(**_: Any) -> None:
    # Sent after flush too, with which transactional tests clean up.
    clear_resolver_cache()


def _setting_changed(*, setting: str, **_: Any) -> None:
    if setting == SETTING_NAME:
        connect()
        clear_resolver_cache()
