"""What makes a storage one of tenants: each has a folder of its own in it, and cannot leave it.

.. code-block:: python

    from storages.backends.gcloud import GoogleCloudStorage
    from omnitenant_routing.files import TenantStorageMixin

    class TenantGoogleCloudStorage(TenantStorageMixin, GoogleCloudStorage):
        pass
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import Storage

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantRequiredError
from omnitenant_context.propagation import bind_iterator
from omnitenant_context.scope import Unscoped
from omnitenant_routing.files.folders import folder_of
from omnitenant_routing.files.listing import StoredFile, Usage, walk

if TYPE_CHECKING:
    Base = Storage
else:
    Base = object

__all__ = ["TenantStorageMixin"]


class TenantStorageMixin(Base):
    """Mixed in front of a storage that looks at its ``location`` whenever it is used, as django-storages does.

    The storage's own ``location`` stays the place of all of it; a tenant's files are in ``tenants/<tenant_id>`` below
    that, the master's in ``master``. Names that code uses and stores do not change, and those that lead out of the
    folder are refused as before. Where code is ``unscoped()`` names begin at the place of all: that is for programs
    that look after files, not for those that serve them.

    With nobody active everything raises ``TenantRequiredError``; making the storage does not. One object serves all
    contexts, threads and tasks: nothing about a tenant is remembered in it. An open file stays what it is, whoever is
    active then.
    """

    _place: str
    _is_made = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a class in which the storage hides this one."""
        super().__init_subclass__(**kwargs)
        hidden = [base for base in cls.__mro__ if issubclass(base, Storage) and base is not Storage]
        hidden = [base for base in hidden if not issubclass(base, TenantStorageMixin)]
        if hidden and cls.__mro__.index(hidden[0]) < cls.__mro__.index(TenantStorageMixin):
            message = (
                f"{cls.__qualname__} has {hidden[0].__qualname__} in front of TenantStorageMixin, which then does "
                "nothing; name the mixin first"
            )
            raise TypeError(message)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the storage; the arguments are the storage's own."""
        super().__init__(*args, **kwargs)
        self._is_made = True

    @property
    def location(self) -> str:
        """Where the files of whoever is active are.

        Setting it sets the place of all.

        Raises:
            TenantRequiredError: nobody is active.
        """
        if not self._is_made:
            # Storages look at it while they are made, with nobody active: whether it has a value yet, and which.
            return self._place
        return self.inside(self._place)

    @location.setter
    def location(self, place: str) -> None:
        self._place = place

    def folder(self) -> str:
        """Return the folder of whoever is active, below the place of all.

        Override it for another layout; what it returns must differ for each tenant, and none may be inside another's.

        Raises:
            TenantRequiredError: nobody is active, or a schema without its tenant.
        """
        return folder_of(get_scope())

    def inside(self, place: str) -> str:
        """Return a place for whoever is active below a place for all."""
        return "/".join(part for part in (place.rstrip("/"), self.folder()) if part)

    def url(self, name: str | None, *args: Any, **kwargs: Any) -> str:
        """Return the URL of a file; the arguments are the storage's own.

        Raises:
            SuspiciousFileOperation: the name leads out of the folder, by backslashes too, which are slashes in a URL.
            TenantRequiredError: nobody is active.
        """
        if name is not None and posixpath.normpath(str(name).replace("\\", "/")).split("/")[0] == "..":
            message = f"{name!r} leads out of the folder of {get_scope().label!r}"
            raise SuspiciousFileOperation(message)
        return super().url(name, *args, **kwargs)

    def place_of_all(self) -> tuple[Any, ...]:
        """Return what tells apart storages of this class that keep their files in different places."""
        names = ("bucket_name", "azure_container", "account_name", "endpoint_url")
        return (type(self), self._place, *(getattr(self, name, None) for name in names))

    def iter_files(self) -> Iterator[StoredFile]:
        """Give the files of whoever is active now, with their sizes.

        Raises:
            TenantRequiredError: nobody is active.
        """
        self.folder()  # asked now, and not at the first step
        return bind_iterator(self.list_files())

    def list_files(self) -> Iterator[StoredFile]:
        """Give the files of whoever is active, as cheaply as the storage can. For subclasses."""
        return walk(self)

    def usage(self) -> Usage:
        """Count the files of whoever is active, and sum up their sizes.

        Raises:
            TenantRequiredError: nobody is active.
        """
        return Usage.of(self.iter_files())

    def delete_all(self) -> int:
        """Delete all files of whoever is active. Can be repeated.

        Returns:
            How many there were.

        Raises:
            TenantRequiredError: nobody is active, or code is ``unscoped()``: this is never everybody's.
        """
        if isinstance(get_scope(), Unscoped):
            message = "delete_all() deletes the files of one tenant, and code is unscoped; enter that tenant"
            raise TenantRequiredError(message)
        self.folder()
        return self.delete_files()

    def delete_files(self) -> int:
        """Delete all files of whoever is active, one by one; returns how many. For subclasses."""
        names = [file.name for file in self.list_files()]
        for name in names:
            self.delete(name)
        return len(names)
