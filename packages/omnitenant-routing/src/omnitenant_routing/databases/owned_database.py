"""A PostgreSQL database knows whose it is, too: it carries a mark, a comment that names the tenant.

Connecting to one that is marked as another's, or as nobody's, is refused; a server that does not answer is an
error that names the tenant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from omnitenant_context.errors import TenantMismatchError
from omnitenant_routing.databases.aliases import PREFIX

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper as Base
else:
    Base = object

__all__ = ["OwnedDatabase", "comment_of", "is_comment_of", "read_comment"]

_COMMENT: Final = "omnitenant: "
_OF_MASTER: Final = " of "
_READ: Final = (
    "SELECT coalesce(pg_catalog.shobj_description(oid, 'pg_database'), '') "
    "FROM pg_catalog.pg_database WHERE datname = current_database()"
)


def comment_of(tenant_id: str, master: str = "") -> str:
    """Return the mark of what belongs to a tenant.

    Args:
        tenant_id: whose it is.
        master: the name of the master's database, for what may stand on a server beside that of another master:
            a copy of a site for its tests must not take the site's own databases for its tenants'.
    """
    return f"{_COMMENT}{tenant_id}{_OF_MASTER + master if master else ''}"


def is_comment_of(tenant_id: str, comment: str) -> bool:
    """Tell whether a mark is that of a tenant, of whichever master."""
    mine = comment_of(tenant_id)
    return comment == mine or comment.startswith(mine + _OF_MASTER)


def read_comment(comment: str) -> tuple[str, str] | None:
    """Return whose a mark is.

    Returns:
        The tenant's id and the name of the master's database, which is empty where the mark names none; None for a
        comment that is no mark.
    """
    if not comment.startswith(_COMMENT):
        return None
    # A tenant's id is a DNS label, in which no space stands.
    tenant_id, _, master = comment.removeprefix(_COMMENT).partition(_OF_MASTER)
    return tenant_id, master


class OwnedDatabase(Base):
    """Mixed in front of PostgreSQL's ``DatabaseWrapper`` for the database of one tenant."""

    if TYPE_CHECKING:
        Database: Any

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect.

        Raises:
            OperationalError: the server does not answer, or refuses; names the tenant.
        """
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError as error:
            reason = " ".join(str(error).split())
            whose = self.alias.removeprefix(PREFIX)
            message = f"the database of tenant {whose!r} ({self._where()}) cannot be reached: {reason}"
            raise type(error)(message) from error

    def init_connection_state(self) -> None:
        """Look whose database it is before anything else is asked.

        Raises:
            TenantMismatchError: the database is another tenant's, or nobody's.
        """
        tenant_id = self.alias.removeprefix(PREFIX)
        with self.connection.cursor() as cursor:
            cursor.execute(_READ)
            ((comment,),) = cursor.fetchall()
        if not is_comment_of(tenant_id, comment):
            self.close()
            told = f"marked {comment!r}" if comment else "not marked as any tenant's"
            message = (
                f"{self._where()} is not the database of tenant {tenant_id!r}, to which it is configured: it is "
                f"{told}; correct the tenant's config['db_config']"
            )
            raise TenantMismatchError(message, active=tenant_id, wanted=str(self.settings_dict["NAME"]))
        super().init_connection_state()

    def _where(self) -> str:
        """Return the name of the database and the address of its server, without credentials."""
        settings = self.settings_dict
        address = ":".join(str(part) for part in (settings["HOST"], settings["PORT"]) if part)
        return f"{settings['NAME']!r} on {address or 'this machine'}"
