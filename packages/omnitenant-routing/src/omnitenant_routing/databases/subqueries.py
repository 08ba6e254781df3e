"""Subqueries that name their database as ``master``, within statements on a connection that has another name.

Django refuses a subquery whose database was chosen (``using()``, or by a router, as managers of many-to-many
relations do) where its name is not that of the connection. The connection to the master's database keeps its key
in ``DATABASES``, while routers and ``using()`` call it ``master``; ``default`` means whatever place is active.

Private Django API, read in 5.2, 6.0 and 6.1: ``In.process_rhs`` compares ``rhs._db`` with ``connection.alias``.
Lookups are replaced by registering others, as Django documents.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from django.db.models import Field
from django.db.models.fields.related import ForeignObject
from django.db.models.fields.related_lookups import RelatedIn
from django.db.models.lookups import In

from omnitenant_routing.databases.handler import real_alias

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["PlacedIn", "PlacedRelatedIn", "install"]


class _Placed:
    """Compares databases by what their names mean."""

    rhs: Any

    def process_rhs(self, compiler: Any, connection: BaseDatabaseWrapper) -> Any:
        """Compile the right-hand side."""
        alias = getattr(self.rhs, "_db", None)
        if alias is None or alias == connection.alias or real_alias(alias) != connection.alias:
            return super().process_rhs(compiler, connection)  # type: ignore[misc]  # the lookup's
        # Lookups are shared between copies of a queryset, and so between threads.
        twin = copy(self)
        twin.rhs = copy(self.rhs)
        twin.rhs._db = None
        return super(_Placed, twin).process_rhs(compiler, connection)  # type: ignore[misc]  # the same


class PlacedIn(_Placed, In):
    """``__in`` of a column."""


class PlacedRelatedIn(_Placed, RelatedIn):
    """``__in`` of a relation."""


def install() -> None:
    """Register both lookups in the place of Django's; a second call changes nothing."""
    Field.register_lookup(PlacedIn)
    ForeignObject.register_lookup(PlacedRelatedIn)
