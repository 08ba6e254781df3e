"""Files of tenants in memory, for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.files.storage import InMemoryStorage
from django.utils.deconstruct import deconstructible

from omnitenant_routing.files._local import LocalStorageMixin

__all__ = ["TenantInMemoryStorage"]


@deconstructible(path="omnitenant_routing.files.TenantInMemoryStorage")
class TenantInMemoryStorage(LocalStorageMixin, InMemoryStorage):  # type: ignore[misc]  # what is cached there is not here
    """Django's ``InMemoryStorage`` with a folder for each tenant, and its arguments.

    See :class:`~omnitenant_routing.files.TenantStorageMixin`. Private Django API, read in 5.2, 6.0 and 6.1: the files
    hang below one root by their path from ``location``, so that a place of one's own would not tell them apart.
    """

    location = InMemoryStorage.location  # type: ignore[assignment]  # the place of all
    _relative_path: Callable[[str], str]  # not in the stubs

    def delete(self, name: str) -> None:
        """Delete a file or a folder; a name that leads out is refused, which Django's would not find."""
        self.path(name)
        super().delete(name)

    def _resolve(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Find a file or a folder in the folder of whoever is active."""
        if self._is_made:  # while it is made it makes the place of all
            name = "/".join(part for part in (self.folder(), self._relative_path(name)) if part)
        return super()._resolve(name, *args, **kwargs)  # type: ignore[misc]  # not in the stubs
