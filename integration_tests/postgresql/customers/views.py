"""A page that tells whose rows it sees, in Django's transaction and on the database itself."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, JsonResponse


def whose(request: HttpRequest) -> JsonResponse:
    """Tell the schema in which tables are looked for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
    return JsonResponse({"schema": schema, "atomic": connection.in_atomic_block})
