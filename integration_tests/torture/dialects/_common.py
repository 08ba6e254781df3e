"""What the dialects of other libraries share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connection, models, transaction

__all__ = ["TenantBase", "guarded_block", "keep_rules", "lenient"]

lenient = (DatabaseError, ValueError)
"""Errors that are a refusal as well, where a library promises none of its own."""


class TenantBase(models.Model):
    """A tenant, as small as it can be."""

    tenant_id = models.CharField(max_length=63, unique=True)
    name = models.CharField(max_length=50)

    class Meta:
        abstract = True


@contextmanager
def guarded_block() -> Iterator[None]:
    """Run a block that may end in an error of the database, at its end too, without spoiling what follows."""
    with transaction.atomic():
        yield
        connection.check_constraints()


def keep_rules(*rules: Any) -> list[Any]:
    """Return the constraints of a model."""
    return list(rules)
