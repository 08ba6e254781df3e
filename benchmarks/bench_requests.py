"""What it costs a request to be for a tenant."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from harness import Case, main
from project import start

start()

from django.conf import settings  # noqa: E402 - Django must have been started
from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.test import override_settings  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import path  # noqa: E402

from myapp.models import Domain, Tenant  # noqa: E402

OURS = "django_omnitenant.middleware.TenantMiddleware"


def hello(request: HttpRequest) -> HttpResponse:
    """Answer without looking at anything."""
    return HttpResponse("hello")


urlpatterns = [path("", hello)]
tenant = Tenant.objects.create(tenant_id="acme", name="ACME")
Domain.objects.create(domain="acme.localhost", tenant=tenant)


def serving(middleware: list[str]) -> Callable[[], None]:
    """Make a case that asks a site with these middlewares for a page."""
    with override_settings(MIDDLEWARE=middleware, ROOT_URLCONF=__name__):
        handler = WSGIHandler()

    def call() -> None:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/",
            "SERVER_NAME": "acme.localhost",
            "SERVER_PORT": "80",
            "HTTP_HOST": "acme.localhost",
            "wsgi.input": BytesIO(),
            "wsgi.url_scheme": "http",
        }
        response = handler(environ, lambda status, headers, exc_info=None: print)
        if b"".join(response) != b"hello":
            raise AssertionError
        response.close()

    return call


def case(name: str, middleware: list[str]) -> Case:
    """Make a case that tells the number of statements of a warm request."""
    call = serving(middleware)
    call()
    with CaptureQueriesContext(connection) as statements:
        call()
    return Case(name, call, note=f"{len(statements)} statements")


settings.ROOT_URLCONF = __name__
usual = [each for each in settings.MIDDLEWARE if each != OURS]
main(
    "A warm request to a view that does nothing",
    [case("plain Django", usual), case("with TenantMiddleware", list(settings.MIDDLEWARE))],
    [case("plain Django, no middleware at all", []), case("TenantMiddleware alone", [OURS])],
)
