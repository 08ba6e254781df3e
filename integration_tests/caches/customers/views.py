"""Pages that caches keep."""

from __future__ import annotations

import asyncio
from itertools import count

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.views.decorators.cache import cache_page

made = count()


def whose(request: HttpRequest) -> str:
    """Name who the page is for, with a number that no other page has."""
    return f"{request.tenant.tenant_id if request.tenant else 'master'} {next(made)}"


def plain(request: HttpRequest) -> HttpResponse:
    """A page that the middlewares keep."""
    return HttpResponse(whose(request))


@cache_page(60)
def kept(request: HttpRequest) -> HttpResponse:
    """A page that the decorator keeps."""
    return HttpResponse(whose(request))


def fragment(request: HttpRequest) -> HttpResponse:
    """A page of which a part is kept."""
    template = Template("{% load cache %}{% cache 60 part %}{{ whose }}{% endcache %}")
    response = HttpResponse(template.render(Context({"whose": whose(request)})))
    response["Cache-Control"] = "private"  # the middlewares leave it alone
    return response


def session(request: HttpRequest) -> HttpResponse:
    """What the session holds, and whose it is from now on."""
    before = request.session.get("whose", "nothing")
    request.session["whose"] = whose(request).partition(" ")[0]
    response = HttpResponse(before)
    response["Cache-Control"] = "private"
    return response


async def written(request: HttpRequest) -> HttpResponse:
    """What an asynchronous view writes and reads back."""
    await cache.aset("whose", request.tenant.tenant_id)
    await asyncio.sleep(0)
    response = HttpResponse(await cache.aget("whose"))
    response["Cache-Control"] = "private"
    return response
