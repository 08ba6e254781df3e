"""What is in a storage: files with their sizes, counted and summed up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from django.template.defaultfilters import filesizeformat

if TYPE_CHECKING:
    from django.core.files.storage import Storage

__all__ = ["StoredFile", "Usage", "sum_up", "usage_text", "walk"]


class StoredFile(NamedTuple):
    """A file of a storage.

    Attributes:
        name: as the storage takes it.
        size: in bytes.
    """

    name: str
    size: int


class Usage(NamedTuple):
    """How much there is.

    Attributes:
        files: how many files.
        bytes: how many bytes they have together.
    """

    files: int = 0
    bytes: int = 0

    @classmethod
    def of(cls, files: Iterable[StoredFile]) -> Usage:
        """Count files."""
        count = total = 0
        for file in files:
            count += 1
            total += file.size
        return cls(count, total)


def sum_up(usages: Mapping[str, Usage]) -> Usage:
    """Add up what there is in several storages."""
    return Usage(sum(each.files for each in usages.values()), sum(each.bytes for each in usages.values()))


def usage_text(usage: Usage) -> str:
    """Return how much there is as a short text."""
    return f"{usage.files} ({filesizeformat(usage.bytes)})" if usage.files else "none"


def walk(storage: Storage, path: str = "") -> Iterator[StoredFile]:
    """Give the files of any storage that can list what it has, by its public methods: one call for each file.

    Args:
        storage: the storage.
        path: the folder to begin in.
    """
    try:
        folders, files = storage.listdir(path)
    except FileNotFoundError:
        return  # nothing was stored there yet
    for name in sorted(files):
        full = f"{path}/{name}" if path else name
        yield StoredFile(full, storage.size(full))
    for name in sorted(folders):
        yield from walk(storage, f"{path}/{name}" if path else name)
