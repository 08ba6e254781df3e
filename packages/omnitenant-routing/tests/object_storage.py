"""A storage that is made, and looks at its location, as those of django-storages do."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.utils.encoding import filepath_to_uri

from omnitenant_routing.files import TenantStorageMixin


class ObjectStorage(Storage):
    """Objects in memory, each under its whole name."""

    objects: ClassVar[dict[str, bytes]] = {}

    def __init__(self, **options: Any) -> None:
        """Take defaults where the class has no such attribute, then the options, then look at the place."""
        defaults = {"location": "default place", "bucket_name": "bucket"}
        for name, value in defaults.items():
            if not hasattr(self, name):
                setattr(self, name, value)
        for name, value in options.items():
            setattr(self, name, value)
        if self.location.startswith("/"):
            message = "the place must not begin with a slash"
            raise ImproperlyConfigured(message)

    def _whole(self, name: str) -> str:
        base = f"{self.location.rstrip('/')}/" if self.location else ""
        whole = posixpath.normpath(posixpath.join(base, name or "."))
        if not f"{whole}/".startswith(base):
            message = f"{name!r} leads out"
            raise SuspiciousOperation(message)
        return whole

    def _open(self, name: str, mode: str = "rb") -> File:
        try:
            return ContentFile(self.objects[self._whole(name)], name)
        except KeyError:
            raise FileNotFoundError(name) from None

    def _save(self, name: str, content: File) -> str:
        self.objects[self._whole(name)] = content.read()
        return name

    def delete(self, name: str) -> None:
        """Forget an object."""
        self.objects.pop(self._whole(name), None)

    def exists(self, name: str) -> bool:
        """Look an object up."""
        return self._whole(name) in self.objects

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Find what is below a name."""
        start = "" if (whole := self._whole(path)) == "." else f"{whole}/"
        below = sorted(name.removeprefix(start) for name in self.objects if name.startswith(start))
        folders = {name.partition("/")[0] for name in below if "/" in name}
        return sorted(folders), [name for name in below if "/" not in name]

    def size(self, name: str) -> int:
        """Return how many bytes an object has."""
        return len(self.objects[self._whole(name)])

    def url(self, name: str | None) -> str:
        """Return where an object is."""
        return f"https://objects.example/{filepath_to_uri(self._whole(name or ''))}"

    def get_modified_time(self, name: str) -> datetime:
        """Return some time."""
        self._whole(name)
        return datetime(2026, 1, 1, tzinfo=UTC)


class TenantObjectStorage(TenantStorageMixin, ObjectStorage):
    """The same with a folder for each tenant."""
