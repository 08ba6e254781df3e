"""What somebody was given: whether another tenant's things are among it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import async_to_sync
from django.db.models import Model, QuerySet
from django.http.response import HttpResponseBase

from omnitenant_context.context import TenantContext, get_scope
from omnitenant_context.scope import ActiveTenant
from omnitenant_models.rows.aliases import aliases_of
from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.scopes import TenantScope, get_model_scope
from omnitenant_models.testing._owners import key_path

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["strangers_in"]

_TELLING: Final = 3
"""Shorter ids and names are part of too many words."""

_KEYS: Final = frozenset({"tenant", "tenant_id"})


def strangers_in(given: Any, mine: BaseTenant, other: BaseTenant) -> list[str]:
    """Return what is the other tenant's; call it while the first one is active, for querysets are evaluated.

    Args:
        given: instances, querysets, responses, texts and containers of them, at any depth.
        mine: the active tenant.
        other: the one who must not be met.
    """
    search = _Search(mine, other)
    return list(dict.fromkeys(search.in_anything(given)))


async def _collected(stream: AsyncIterable[bytes]) -> bytes:
    return b"".join([part async for part in stream])


class _Search:
    """One search; it remembers what it has seen, for relations lead in circles."""

    def __init__(self, mine: BaseTenant, other: BaseTenant) -> None:
        self.mine = mine
        self.other = other
        self.seen: dict[int, Any] = {}
        own = {mine.tenant_id.lower(), mine.name.lower()}
        words = {other.tenant_id, other.name}
        self.words = sorted(word for word in words if len(word) >= _TELLING and word.lower() not in own)

    def in_anything(self, given: Any) -> Iterator[str]:
        if isinstance(given, str | bytes | bytearray):
            yield from self.in_text(given)
            return
        if id(given) in self.seen:
            return
        self.seen[id(given)] = given  # kept, so that nothing else gets its id
        if isinstance(given, Model):
            yield from self.in_instance(given)
        elif isinstance(given, HttpResponseBase):
            yield from self.in_response(given)
        elif isinstance(given, Mapping):
            yield from self.in_mapping(given)
        elif dataclasses.is_dataclass(given) and not isinstance(given, type):
            yield from self.in_anything([getattr(given, field.name) for field in dataclasses.fields(given)])
        elif isinstance(given, QuerySet | Iterable) and not isinstance(given, type):
            for each in given:
                yield from self.in_anything(each)

    def in_instance(self, instance: Model) -> Iterator[str]:
        if self.is_strange(instance):
            yield f"{self._to()} {instance._meta.label} with the key {instance.pk!r}, {self._whose()}"
        related = [value for value in instance._state.fields_cache.values() if value is not None]
        yield from self.in_anything(related)
        yield from self.in_anything(list(getattr(instance, "_prefetched_objects_cache", {}).values()))
        # What was prefetched to an attribute, or put there.
        kept = [value if isinstance(value, list) else [value] for value in vars(instance).values()]
        yield from self.in_anything([each for values in kept for each in values if isinstance(each, Model)])

    def is_strange(self, instance: Model) -> bool:
        if isinstance(instance, type(self.other)):
            return bool(instance.pk == self.other.pk)
        model, alias = type(instance), instance._state.db
        scope = get_scope()
        elsewhere = isinstance(scope, ActiveTenant) and alias is not None and alias not in aliases_of(scope)
        if elsewhere and get_model_scope(model) is TenantScope.TENANT:
            return True
        path = key_path(model)
        if path is None:
            return False
        if alias is not None and not instance._state.adding:
            with TenantContext.unscoped():
                rows = QuerySet[Any](model, using=alias).filter(pk=instance.pk)
                owners = set(rows.values_list(f"{path}__pk", flat=True))
            if owners:
                return self.mine.pk not in owners
        key = get_tenant_key(model)
        return key is not None and getattr(instance, key.attname) == getattr(self.other, key.target_field.attname)

    def in_response(self, response: Any) -> Iterator[str]:
        if not response.streaming:
            content = response.content
        elif response.is_async:
            content = async_to_sync(_collected)(response.streaming_content)
        else:
            content = b"".join(response.streaming_content)
        yield from self.in_text(content)
        yield from self.in_anything(getattr(response, "data", None))

    def in_mapping(self, mapping: Mapping[Any, Any]) -> Iterator[str]:
        for key, value in mapping.items():
            if key in _KEYS and value in (self.other.pk, self.other.tenant_id):
                yield f"{self._to()} {dict(mapping)!r:.200}, {self._whose()}"
            yield from self.in_anything(key)
            yield from self.in_anything(value)

    def in_text(self, given: str | bytes | bytearray) -> Iterator[str]:
        text = given if isinstance(given, str) else bytes(given).decode(errors="replace")
        for word in self.words:
            found = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE)
            if found:
                around = text[max(0, found.start() - 40) : found.end() + 40]
                yield f"{self._to()} the text {around!r}, which names {self.other.tenant_id!r}"

    def _to(self) -> str:
        return f"{self.mine.tenant_id!r} was given"

    def _whose(self) -> str:
        return f"which is not its own (the other tenant is {self.other.tenant_id!r})"
