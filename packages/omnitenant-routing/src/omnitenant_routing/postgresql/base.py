"""The engine: the base engine's wrapper, whose connections make cursors that carry.

Which base engine that is, a setting says; :func:`carrying_wrapper` builds on another one for a single alias.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.backends.base.base import NO_DB_ALIAS

from omnitenant_models.settings import omnitenant_settings
from omnitenant_routing.postgresql.carry import CarryingCursor, carrying
from omnitenant_routing.postgresql.ddl import PlaceIntrospection, PlaceSchemaEditor
from omnitenant_routing.postgresql.operations import CarryingOperations
from omnitenant_routing.postgresql.pooler import POOLED_KEY
from omnitenant_routing.postgresql.prefix import Carrier, carrier_of

if TYPE_CHECKING:
    from django.db.backends.postgresql.base import DatabaseWrapper as Base
else:
    Base = object

__all__ = ["CarryingWrapper", "DatabaseWrapper", "carrying_wrapper"]


class CarryingWrapper(Base):
    """Mixed in front of the ``DatabaseWrapper`` of an engine for PostgreSQL.

    Attributes:
        carries_schemas: tells this engine from one whose statements all run in the same schema.
    """

    carries_schemas: ClassVar[bool] = True

    @property
    def carrier(self) -> Carrier:
        """What knows what statements on this connection carry."""
        return carrier_of(self.alias, self.settings_dict.get(POOLED_KEY))

    def get_connection_params(self) -> dict[str, Any]:
        """Return the parameters of the driver, with classes whose statements carry."""
        params: dict[str, Any] = super().get_connection_params()
        if self.alias == NO_DB_ALIAS:
            return params
        params["cursor_factory"] = carrying(params["cursor_factory"], self.carrier)
        if self.Database.__name__ == "psycopg2":
            from omnitenant_routing.postgresql._psycopg2 import carrying_connection

            params["connection_factory"] = carrying_connection(params.get("connection_factory"), self.carrier)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; cursors that the server keeps carry, too."""
        connection = super().get_new_connection(conn_params)
        if self.alias != NO_DB_ALIAS and self.Database.__name__ == "psycopg":
            from omnitenant_routing.postgresql._psycopg3 import make_carry

            make_carry(connection, self.carrier)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        """Make a cursor, of a class that carries also where the base engine names one itself."""
        cursor: Any = super().create_cursor(name)
        if not isinstance(cursor, CarryingCursor) and self.alias != NO_DB_ALIAS:
            cursor.__class__ = carrying(type(cursor), self.carrier)
        return cursor


def carrying_wrapper(wrapper_class: type[Any]) -> type[Any]:
    """Return the ``DatabaseWrapper`` of an engine for PostgreSQL that carries what is due.

    Args:
        wrapper_class: the base engine's, a subclass of Django's.

    Example:
        ``myproject/geo/base.py`` makes ``"ENGINE": "myproject.geo"`` an engine of one alias alone::

            from django.contrib.gis.db.backends.postgis.base import DatabaseWrapper as PostGIS
            from omnitenant_routing.postgresql.base import carrying_wrapper

            DatabaseWrapper = carrying_wrapper(PostGIS)
    """
    mixed = {
        "ops_class": CarryingOperations,
        "introspection_class": PlaceIntrospection,
        "SchemaEditorClass": PlaceSchemaEditor,
    }
    parts = {
        name: type(
            getattr(wrapper_class, name).__name__, (mixin, getattr(wrapper_class, name)), {"__module__": __name__}
        )
        for name, mixin in mixed.items()
    }
    return type(
        "DatabaseWrapper",
        (CarryingWrapper, wrapper_class),
        {"__doc__": CarryingWrapper.__doc__, "__module__": __name__, **parts},
    )


DatabaseWrapper = carrying_wrapper(import_module(f"{omnitenant_settings.POSTGRES_BASE_ENGINE}.base").DatabaseWrapper)
