"""The admin's log of what operators did: in the master, with the id of the tenant they did it for.

An operator is no user of a tenant's database, so an entry could not name its user there. An entry is written
at once, outside a transaction on the tenant's database: one for a change that was rolled back is better than none
for a change that was made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.db.models import Q

from omnitenant_context.context import TenantContext

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.contrib.admin.models import LogEntry
    from django.db.models import Model
    from django.http import HttpRequest
    from django.http.response import HttpResponse

    Base = ModelAdmin[Any]
else:
    Base = object

__all__ = ["MasterLogMixin", "logged"]

_PER_PAGE = 100


class MasterLogMixin(Base):
    """The part of ``TenantRestrictAdminMixin`` about the log."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Log in the master that a row was added."""
        from django.contrib.admin.models import ADDITION

        return _log(request, [obj], ADDITION, message)[0]

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Log in the master that a row was changed."""
        from django.contrib.admin.models import CHANGE

        return _log(request, [obj], CHANGE, message)[0]

    def log_deletions(self, request: HttpRequest, queryset: Any) -> list[LogEntry]:
        """Log in the master that rows are about to be deleted."""
        from django.contrib.admin.models import DELETION

        return _log(request, queryset, DELETION, [])

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what operators did to a row."""
        found = _history(self, request, unquote(object_id))
        return super().history_view(request, object_id, {**found, **(extra_context or {})})


def logged(request: HttpRequest, model: type[Model], object_id: str) -> str | None:
    """Return the tenant for whose row with this key the user did something last. Reads the master."""
    from django.contrib.admin.models import LogEntry

    user_id: Any = request.user.pk
    found = LogEntry.objects.filter(user_id=user_id, content_type_id=_content_type(model), object_id=unquote(object_id))
    message = found.order_by("-action_time", "-pk").values_list("change_message", flat=True).first()
    marked = _MARKED.match(message or "")
    return marked and marked[1]


def _log(request: HttpRequest, objects: Iterable[Model], action_flag: int, message: Any) -> list[LogEntry]:
    from django.contrib.admin.models import LogEntry

    tenant_id = TenantContext.require_tenant().tenant_id
    user_id: Any = request.user.pk
    suffix = f" ({tenant_id})"
    length = 200 - len(suffix)  # Django's own length of the field
    # Now, because naming a row may need other rows of the tenant.
    rows = [(type(obj), str(obj.pk), str(obj)[:length] + suffix) for obj in objects]
    with TenantContext.use_master_db():
        entries = [
            LogEntry(
                user_id=user_id,
                content_type_id=_content_type(model),
                object_id=pk,
                object_repr=text,
                action_flag=action_flag,
                change_message=_marked(message, tenant_id),
            )
            for model, pk, text in rows
        ]
        if len(entries) == 1:
            entries[0].save()
            return entries
        return LogEntry.objects.bulk_create(entries)


def _history(model_admin: ModelAdmin[Any], request: HttpRequest, object_id: str) -> dict[str, Any]:
    """Return what the page shows: the entries about a row of the active tenant, read from the master."""
    from django.contrib.admin.models import LogEntry

    tenant_id = TenantContext.require_tenant().tenant_id
    with TenantContext.use_master_db():
        entries = LogEntry.objects.filter(
            Q(change_message__startswith=_mark(tenant_id)) | Q(change_message__startswith=_text_mark(tenant_id)),
            object_id=object_id,
            content_type_id=_content_type(model_admin.model),
        )
        entries = entries.select_related("user", "content_type").order_by("action_time")
        paginator = model_admin.get_paginator(request, entries, _PER_PAGE)
        page = paginator.get_page(request.GET.get(PAGE_VAR, 1))
        page.object_list = list(page.object_list)  # now, and not when the tenant's page is rendered
        return {
            "action_list": page,
            "page_range": list(paginator.get_elided_page_range(page.number)),
            "pagination_required": paginator.count > _PER_PAGE,
        }


def _content_type(model: type[Model]) -> int:
    """Return the content type in the master; another database has numbers of its own."""
    from django.contrib.contenttypes.models import ContentType

    return ContentType.objects.get_for_model(model, for_concrete_model=False).pk


def _mark(tenant_id: str) -> str:
    # Django shows what it knows of such a structure and passes over the rest.
    return json.dumps([{"tenant": tenant_id}])[:-1]


def _text_mark(tenant_id: str) -> str:
    return f"tenant {tenant_id}: "


_MARKED = re.compile(r'(?:\[{"tenant": "|tenant )([a-z0-9-]+)[":]')
"""Finds the id in what either function made."""


def _marked(message: Any, tenant_id: str) -> str:
    if isinstance(message, str):
        return _text_mark(tenant_id) + message
    return json.dumps([{"tenant": tenant_id}, *message])
