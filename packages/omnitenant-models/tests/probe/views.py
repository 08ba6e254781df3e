"""Views that tell for whom they run."""

from __future__ import annotations

import asyncio
import copy
import io
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.template.response import SimpleTemplateResponse
from django.urls import get_script_prefix, reverse

from omnitenant_context.context import TenantContext, enter
from omnitenant_context.scope import UNSCOPED

closed_in: list[str] = []
"""The scopes in which the bodies of streams ended."""


def label() -> str:
    """Say who is active, and under which script prefix."""
    return f"{TenantContext.get_scope().label}{get_script_prefix()}"


def who(request: Any) -> JsonResponse:
    """Say everything about the request that depends on its tenant."""
    tenant = request.tenant
    return JsonResponse(
        {
            "tenant": tenant and tenant.tenant_id,
            "scope": TenantContext.get_scope().label,
            "path": request.path,
            "path_info": request.path_info,
            "script_name": request.META["SCRIPT_NAME"],
            "reverse": reverse("who"),
            "here": request.build_absolute_uri(),
        }
    )


async def awho(request: HttpRequest) -> JsonResponse:
    """Say the same after having let others run."""
    seen = set()
    for _ in range(3):
        seen.add(TenantContext.get_scope().label)
        await asyncio.sleep(0)
    response = who(request)
    seen.add(TenantContext.get_scope().label)
    assert len(seen) == 1, seen
    return response


def boom(request: HttpRequest) -> HttpResponse:
    """Fail."""
    raise ZeroDivisionError


def careless(request: HttpRequest) -> HttpResponse:
    """Enter and never leave."""
    enter(UNSCOPED)
    return HttpResponse(TenantContext.get_scope().label)


def leaving(request: HttpRequest) -> HttpResponse:
    """Send the client to another page."""
    return redirect("who")


def linked(request: HttpRequest) -> SimpleTemplateResponse:
    """Show a template with a link in it."""
    template = engines["django"].from_string("{% url 'who' %}")
    return SimpleTemplateResponse(template)


def changing(request: Any) -> JsonResponse:
    """Change the tenant in memory and say what was there before."""
    tenant = request.tenant
    before = [tenant.name, copy.deepcopy(tenant.config)]
    tenant.name = "changed"
    tenant.config["changed"] = True
    tenant.config.get("list", []).append("changed")
    return JsonResponse(before, safe=False)


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Say who is active at each step."""

    def body() -> Any:
        try:
            for _ in range(3):
                yield label() + "\n"
        finally:
            closed_in.append(label())

    return StreamingHttpResponse(body())


async def astream(request: HttpRequest) -> StreamingHttpResponse:
    """Say who is active at each step, letting others run in between."""

    async def body() -> Any:
        try:
            for _ in range(3):
                yield label() + "\n"
                await asyncio.sleep(0)
        finally:
            closed_in.append(label())

    return StreamingHttpResponse(body())


class _File(io.BytesIO):
    """A file that notes who reads it."""

    def read(self, size: int | None = -1) -> bytes:
        closed_in.append(label())
        return super().read(size)


def file(request: HttpRequest) -> FileResponse:
    """Send a file."""
    return FileResponse(_File(b"content"))


def not_found(request: HttpRequest) -> SimpleTemplateResponse:
    """Show the project's page where no tenant is."""
    return SimpleTemplateResponse(engines["django"].from_string("nobody for " + label()))


async def anot_found(request: HttpRequest) -> SimpleTemplateResponse:
    """Show the same page from a coroutine."""
    return not_found(request)


def suspended(request: HttpRequest, tenant: Any) -> HttpResponse:
    """Show the project's page of a tenant that is not active."""
    return HttpResponse(f"{tenant.name if tenant else 'nobody'} sleeps, says {label()}")


def elsewhere(request: HttpRequest) -> HttpResponse:
    """Send strangers away."""
    return redirect("https://example.com/")
