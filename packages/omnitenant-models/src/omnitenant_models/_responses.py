"""What a request gets that belongs to no tenant, or to one that must not be entered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.html import escape
from django.utils.log import log_response
from django.utils.module_loading import import_string

from omnitenant_context.errors import TenantInactiveError, TenantNotFound
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

__all__ = ["RETRY_AFTER", "find_page", "finish", "plain_page"]

RETRY_AFTER = 300
"""Seconds after which a client may ask again for a tenant that is not active."""

_PLAIN = {
    404: ("Not found", "There is nothing at this address."),
    503: ("Not available", "This site is not available at the moment. Please try again later."),
}

_HTML = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p>{reason}</body>
</html>
"""


def find_page(error: TenantNotFound | TenantInactiveError) -> Callable[..., Any] | None:
    """Return the project's own view for an error, or None where it has none.

    Raises:
        ImproperlyConfigured: the setting names what cannot be imported.
    """
    name = "NOT_FOUND_VIEW" if isinstance(error, TenantNotFound) else "SUSPENDED_VIEW"
    path: str | None = getattr(omnitenant_settings, name)
    if not path:
        return None
    try:
        view: Callable[..., Any] = import_string(path)
    except ImportError as cause:
        message = (
            f"{SETTING_NAME}[{name!r}] names {path!r}, which cannot be imported ({cause}); write the dotted "
            "path of a view"
        )
        raise ImproperlyConfigured(message) from cause
    return view


def plain_page(request: HttpRequest, error: TenantNotFound | TenantInactiveError) -> HttpResponseBase:
    """Make the answer of a project that has no view of its own: HTML or JSON, as the client prefers.

    It is the same for every address and tenant, so that it tells nobody who exists. With ``DEBUG`` the reason
    is added.
    """
    status = _status(error)
    title, text = _PLAIN[status]
    reason = str(error) if settings.DEBUG else ""
    response: HttpResponse
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        content = {"detail": text}
        if reason:
            content["reason"] = reason
        response = JsonResponse(content, status=status)
    else:
        page = _HTML.format(title=title, text=text, reason=f"<pre>{escape(reason)}</pre>" if reason else "")
        response = HttpResponse(page, status=status)
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["Accept"])
    return response


def finish(
    request: HttpRequest, response: HttpResponseBase, error: TenantNotFound | TenantInactiveError
) -> HttpResponseBase:
    """Give an answer, a plain one or a project's own, its status and headers, and log the reason.

    A view that says nothing about the status says 200, which a missing site must not; anything else, such as
    a redirect, is left.
    """
    status = _status(error)
    if response.status_code == 200:  # noqa: PLR2004 - HTTP's number for it
        response.status_code = status
    if response.status_code == 503:  # noqa: PLR2004 - HTTP's number for it
        response.headers.setdefault("Retry-After", str(RETRY_AFTER))
    if response.status_code >= 400:  # noqa: PLR2004 - where HTTP's errors begin
        # Logged here, because Django would log a 503 as an error, and mail it, for every hit on a suspended tenant.
        log_response(
            "%s: %s (%s)",
            response.reason_phrase,
            request.path,
            str(error),
            response=cast("HttpResponse", response),  # the stubs know no streaming ones here
            request=request,
            level="warning",
        )
    return response


def _status(error: TenantNotFound | TenantInactiveError) -> int:
    return 404 if isinstance(error, TenantNotFound) else 503
