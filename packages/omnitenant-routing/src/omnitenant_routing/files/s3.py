"""Files of tenants in a bucket of S3, by django-storages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.utils.deconstruct import deconstructible
from storages.backends.s3 import S3Storage

from omnitenant_routing.files.listing import StoredFile
from omnitenant_routing.files.mixin import TenantStorageMixin

__all__ = ["TenantS3Storage"]

_MOST_AT_ONCE = 1_000
"""How many objects one request may delete."""


@deconstructible(path="omnitenant_routing.files.s3.TenantS3Storage")
class TenantS3Storage(TenantStorageMixin, S3Storage):  # type: ignore[misc]  # django-storages has no types
    """``S3Storage`` of django-storages with a folder for each tenant, and its options.

    See :class:`~omnitenant_routing.files.TenantStorageMixin`. URLs are signed, unless ``custom_domain`` is set or
    ``querystring_auth`` is off: then whoever knows the name of a file has it.
    """

    def list_files(self) -> Iterator[StoredFile]:
        """Give the files with their sizes, a thousand by one request."""
        start = self._start()
        for each in self.bucket.objects.filter(Prefix=start):
            yield StoredFile(each.key[len(start) :], each.size)

    def delete_files(self) -> int:
        """Delete the files, a thousand by one request."""
        deleted = 0
        found = (each.key for each in self.bucket.objects.filter(Prefix=self._start()))
        while keys := list(islice(found, _MOST_AT_ONCE)):
            answer: dict[str, Any] = self.bucket.delete_objects(
                Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
            if answer.get("Errors"):
                first = answer["Errors"][0]
                message = f"{first['Key']!r} could not be deleted: {first.get('Message', first.get('Code'))}"
                raise OSError(message)
            deleted += len(keys)
        return deleted

    def _start(self) -> str:
        location = self.location
        return f"{location}/" if location else ""
