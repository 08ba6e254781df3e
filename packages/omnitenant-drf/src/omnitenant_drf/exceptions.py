"""What an API answers where a tenant is missing or closed, and where a row breaks a rule of its tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError
from django.utils.log import log_response
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.views import exception_handler as rest_exception_handler

from omnitenant_context.errors import (
    TenantInactiveError,
    TenantMismatchError,
    TenantNotFound,
    TenantRequiredError,
)
from omnitenant_drf._violations import find_broken_rule
from omnitenant_drf.validators import labels_of

if TYPE_CHECKING:
    from rest_framework.response import Response

__all__ = [
    "InactiveTenant",
    "MissingTenant",
    "OtherTenant",
    "TenantAPIException",
    "UnknownTenant",
    "as_api_exception",
    "exception_handler",
]


class TenantAPIException(APIException):
    """The base of the answers about tenants.

    The answer is the same for every tenant and address, so that it tells nobody who exists.
    """

    wait: int | None = None
    """Seconds after which a client may ask again, sent as ``Retry-After``."""

    def body(self) -> dict[str, Any]:
        """Return what the client gets: ``detail`` to read, ``code`` to act on."""
        return {"detail": self.detail, "code": self.get_codes()}


class MissingTenant(TenantAPIException):
    """400: what was asked needs a tenant, and the request names none."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_detail = _("This request needs a tenant.")
    default_code = "tenant_required"


class UnknownTenant(TenantAPIException):
    """404: the request leads to no tenant."""

    status_code = status.HTTP_404_NOT_FOUND
    default_detail = _("Not found.")
    default_code = "tenant_not_found"


class OtherTenant(TenantAPIException):
    """404: what was asked belongs to another tenant; a stranger is told what he is told of nothing at all."""

    status_code = status.HTTP_404_NOT_FOUND
    default_detail = _("Not found.")
    default_code = "not_found"


class InactiveTenant(TenantAPIException):
    """503: the tenant is suspended, or its place is not ready."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("Service temporarily unavailable, try again later.")
    default_code = "tenant_inactive"
    wait = 300


_ANSWERS: tuple[tuple[type[Exception], type[TenantAPIException]], ...] = (
    (TenantRequiredError, MissingTenant),
    (TenantNotFound, UnknownTenant),
    (TenantInactiveError, InactiveTenant),
    (TenantMismatchError, OtherTenant),
)

_OF_THE_CODE = (TenantRequiredError, TenantMismatchError)
"""Errors that a bug of the project causes as well as a client; the log gets their traceback."""


def as_api_exception(exc: Exception, context: dict[str, Any] | None = None) -> Exception:
    """Turn an error about tenants into an ``APIException``; anything else is given back as it is.

    For projects with an exception handler of their own. An ``IntegrityError`` is turned into a
    ``ValidationError`` only where the database names a unique rule of a model whose rows belong to tenants;
    the client could have been told so before, had nobody else been faster. No other is its fault.

    Args:
        exc: what a view raised.
        context: what REST framework gives to exception handlers; the view in it says what clients call the
            fields of the model.
    """
    if isinstance(exc, IntegrityError):
        rule = find_broken_rule(exc)
        return exc if rule is None else rule.error(_labels(rule.model, context))
    for kind, answer in _ANSWERS:
        if isinstance(exc, kind):
            return answer()
    return exc


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer errors about tenants, and all others as REST framework does; the setting ``EXCEPTION_HANDLER``.

    A transaction of ``ATOMIC_REQUESTS`` is rolled back. With ``DEBUG`` the reason is in the body; the log has
    it always.

    Args:
        exc: what a view raised.
        context: the view and its request.

    Returns:
        The response, or None for what stays a server error.
    """
    answer = as_api_exception(exc, context)
    response = rest_exception_handler(answer, context)
    if response is not None and isinstance(answer, TenantAPIException):
        response.data = answer.body()
        if settings.DEBUG:
            response.data["reason"] = str(exc)
        request = context.get("request")
        log_response(
            "%s: %s (%s)",
            response.status_text,
            getattr(request, "path", ""),
            str(exc),
            response=response,
            request=request,
            level="warning",  # Django would log a 503 as an error, for every request to a suspended tenant
            exception=exc if isinstance(exc, _OF_THE_CODE) else None,
        )
    return response


def _labels(model: type[Any], context: dict[str, Any] | None) -> dict[str, str]:
    view: Any = (context or {}).get("view")
    if not hasattr(view, "get_serializer"):
        return {}
    try:
        serializer = view.get_serializer()
        serializer = getattr(serializer, "child", serializer)
        fits = issubclass(serializer.Meta.model, model) and serializer.fields
    except Exception:  # noqa: BLE001 - the project's code, asked for names only: without them the model's are told
        return {}
    return labels_of(serializer) if fits else {}
