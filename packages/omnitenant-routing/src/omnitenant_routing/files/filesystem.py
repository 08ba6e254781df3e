"""Files of tenants on a disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from omnitenant_routing.files._local import LocalStorageMixin
from omnitenant_routing.files.listing import StoredFile

__all__ = ["TenantFileSystemStorage"]


@deconstructible(path="omnitenant_routing.files.TenantFileSystemStorage")
class TenantFileSystemStorage(LocalStorageMixin, FileSystemStorage):  # type: ignore[misc]  # what is cached there is not here
    """Django's ``FileSystemStorage`` with a folder for each tenant, and its arguments.

    See :class:`~omnitenant_routing.files.TenantStorageMixin`. A web server that serves ``MEDIA_ROOT`` by itself serves
    everybody's files to everybody; :func:`omnitenant_routing.files.views.serve` asks whose they are.
    """

    @property
    def location(self) -> str:
        """The folder of whoever is active. Setting it sets the place of all.

        Raises:
            TenantRequiredError: nobody is active.
        """
        return str(Path(os.path.abspath(self.base_location), *self.folder().split("/")))  # noqa: PTH100 - as Django's

    @location.setter
    def location(self, place: str) -> None:
        self._location = place
        self.__dict__.pop("base_location", None)

    def list_files(self) -> Iterator[StoredFile]:
        """Give the files, without following links to elsewhere."""
        root = Path(self.location)
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                yield StoredFile(path.relative_to(root).as_posix(), path.lstat().st_size)

    def delete_files(self) -> int:
        """Remove the folder with all that is in it."""
        count = sum(1 for _ in self.list_files())
        try:
            shutil.rmtree(self.location)
        except FileNotFoundError:
            return 0  # nothing was stored yet
        return count
