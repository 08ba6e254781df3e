"""Views that write with plain Django code, which says nothing about tenants."""

from __future__ import annotations

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from probe.models import Note


def write(request: HttpRequest, text: str) -> HttpResponse:
    """Write a note through the ORM and one through a raw cursor."""
    with transaction.atomic():
        Note.objects.create(text=text)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO probe_note (text) VALUES (%s)", [f"{text} raw"])
    return HttpResponse("written")


def write_and_fail(request: HttpRequest, text: str) -> HttpResponse:
    """Write a note, then fail: with ATOMIC_REQUESTS nothing may stay."""
    Note.objects.create(text=text)
    message = "on purpose"
    raise RuntimeError(message)


def notes(request: HttpRequest) -> HttpResponse:
    """List what the request's tenant has."""
    return JsonResponse({"notes": list(Note.objects.values_list("text", flat=True).order_by("id"))})
