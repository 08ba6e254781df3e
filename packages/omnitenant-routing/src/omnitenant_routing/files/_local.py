"""What storages of Django's own share: a place of all, and URLs, that settings may name."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from omnitenant_routing.files.mixin import TenantStorageMixin

__all__ = ["LocalStorageMixin"]


class LocalStorageMixin(TenantStorageMixin):
    """For storages that take ``MEDIA_ROOT`` and ``MEDIA_URL`` where they are not told otherwise."""

    base_location: Any
    _base_url: str | None

    @property
    def base_url(self) -> str | None:
        """The URL of the folder of whoever is active; None where files have none.

        Raises:
            TenantRequiredError: nobody is active.
        """
        base = settings.MEDIA_URL if self._base_url is None else self._base_url
        if base is None:
            return None
        base = base if not base or base.endswith("/") else f"{base}/"
        folder = self.folder()
        return f"{base}{folder}/" if folder else base

    def url(self, name: str | None, *args: Any, **kwargs: Any) -> str:
        """Return the URL of a file.

        Raises:
            SuspiciousFileOperation: the name leads out of the folder, and so might the URL.
            TenantRequiredError: nobody is active.
        """
        if name is not None:
            self.path(name)
        return super().url(name, *args, **kwargs)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """List a folder; that of a tenant is empty before anything was stored."""
        try:
            return super().listdir(path)
        except FileNotFoundError:
            if self.path(path) != self.path(""):
                raise
            return [], []

    def place_of_all(self) -> tuple[Any, ...]:
        """Return what tells apart storages of this class that keep their files in different places."""
        return type(self), str(self.base_location)
