"""An SQLite file as the database of a tenant.

The file carries a mark (``PRAGMA application_id``, a hash of the tenant's id) from the moment it exists, so
that a half-made file is known as this tenant's and any other file is left alone.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from django.db import connections

from omnitenant_context.errors import ProvisioningError
from omnitenant_models.settings import omnitenant_settings
from omnitenant_routing.databases.aliases import is_in_memory
from omnitenant_routing.databases.ownership import mark_of

__all__ = ["SQLiteDatabase"]

_NEW = ".omnitenant-new"
_SIDE_FILES = ("-journal", "-wal", "-shm")


class SQLiteDatabase:
    """The file of one tenant, or the database in memory that stands for it in a test run."""

    def __init__(self, tenant_id: str, name: str) -> None:
        """Describe the database; nothing is opened.

        Args:
            tenant_id: whose it is.
            name: the path, or a ``file:`` URI of a database in memory.
        """
        self.tenant_id = tenant_id
        self.name = name
        self.in_memory = is_in_memory(name)
        self.mark = mark_of(tenant_id)
        self.is_whole = True
        """Whether nothing of it was removed by :meth:`drop`."""

    def check(self) -> bool:
        """Refuse a path that cannot be used or is somebody else's.

        Returns:
            Whether the database is there.

        Raises:
            ProvisioningError: names the path and the remedy.
        """
        if self.in_memory:
            return True
        path = Path(self.name)
        if path.name.endswith(_SIDE_FILES):
            # Beside a database of the name before the suffix, SQLite would take the file for its own and remove it.
            raise self._error(f"{self.name} is a name that SQLite gives to its own files", "choose another NAME")
        master = Path(str(connections.settings[omnitenant_settings.MASTER_DB_ALIAS]["NAME"]))
        if path.absolute() == master.absolute():
            raise self._error(f"{self.name} is the master's own database", "choose another NAME")
        if not path.parent.is_dir():
            raise self._error(f"the folder {path.parent} does not exist", "make it, or choose another NAME")
        if not path.exists():
            if not os.access(path.parent, os.W_OK | os.X_OK):
                raise self._error(
                    f"the folder {path.parent} is not writable", "grant the right, or choose another NAME"
                )
            return False
        if self._mark_of(path) != self.mark:
            raise self._error(
                f"{self.name} exists already and is not the database of this tenant",
                "choose another NAME, or move the file away",
            )
        return True

    def is_foreign(self) -> bool:
        """Tell whether a file stands there that is not this tenant's."""
        path = Path(self.name)
        return not self.in_memory and path.is_file() and self._mark_of(path) != self.mark

    def create(self) -> bool:
        """Make the file and mark it.

        Returns:
            True when it was made, False when it was there (and is this tenant's).

        Raises:
            ProvisioningError: the file cannot be made.
        """
        if self.in_memory:
            return True
        path = Path(self.name)
        try:
            self._make_marked(path)
        except FileExistsError:
            self.check()
            return False
        except OSError as error:
            raise self._error(f"{self.name} cannot be made ({error.strerror})", "choose another NAME") from error
        return True

    def _make_marked(self, path: Path) -> None:
        """Let the file appear with its mark, or not at all: a crash in between must not leave a file of nobody's."""
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_NEW, dir=path.parent)
        os.close(handle)
        marked = Path(name)
        try:
            with closing(sqlite3.connect(marked)) as connection:
                connection.execute(f"PRAGMA application_id = {self.mark:d}")
            marked.chmod(0o644)
            os.link(marked, path)
        finally:
            marked.unlink()

    def drop(self, *, force: bool = False) -> None:
        """Remove the file; nothing to do where it is gone. A database in memory goes with its last connection.

        Raises:
            ProvisioningError: the file cannot be removed.
        """
        if self.in_memory:
            return
        path = Path(self.name)
        beside = path.parent.glob(f".{path.name}.*{_NEW}") if path.parent.is_dir() else ()
        for each in [*(Path(self.name + suffix) for suffix in ("", *_SIDE_FILES)), *beside]:
            try:
                each.unlink(missing_ok=True)
            except OSError as error:
                raise self._error(f"{each} cannot be removed ({error.strerror})", "remove it by hand") from error
            self.is_whole = False

    def _mark_of(self, path: Path) -> int:
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                (mark,) = connection.execute("PRAGMA application_id").fetchone()
        except sqlite3.Error:
            return 0
        return int(mark)

    def _error(self, problem: str, remedy: str) -> ProvisioningError:
        message = f"tenant {self.tenant_id!r} cannot have its database: {problem}; {remedy}"
        return ProvisioningError(message, tenant_id=self.tenant_id)
