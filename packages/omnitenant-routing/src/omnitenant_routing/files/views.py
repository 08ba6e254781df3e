"""Serves files to those whose they are."""

from __future__ import annotations

import mimetypes

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import FileSystemStorage, storages
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views import static

from omnitenant_routing.files.mixin import TenantStorageMixin

__all__ = ["serve"]


def serve(request: HttpRequest, path: str, storage: str = "default") -> HttpResponseBase:
    """Answer with a file of whoever is active; those of others do not exist.

    Like ``django.views.static.serve`` it is for development and for small sites: the process that answers is busy for
    as long as the file is sent. What people upload is sent as what its name says, pages with scripts too.

    .. code-block:: python

        path("media/<path:path>", serve)

    Args:
        request: the request.
        path: what follows ``MEDIA_URL`` in the URL that the storage gave: the folder, and the name of the file.
        storage: the key in ``STORAGES``.

    Raises:
        Http404: there is no such file, or it is somebody else's.
        TenantRequiredError: nobody is active.
    """
    store = storages[storage]
    folder = store.folder() if isinstance(store, TenantStorageMixin) else ""
    start = f"{folder}/" if folder else ""
    name = path.removeprefix(start)
    if name == path and start:
        message = f"{path!r} is not there"
        raise Http404(message)
    if isinstance(store, FileSystemStorage):
        return _from_disk(request, name, store)
    try:
        content = store.open(name)
    except (FileNotFoundError, IsADirectoryError, SuspiciousOperation) as error:
        message = f"{path!r} is not there"
        raise Http404(message) from error
    return FileResponse(content, content_type=mimetypes.guess_type(name)[0] or "application/octet-stream")


def _from_disk(request: HttpRequest, name: str, store: FileSystemStorage) -> HttpResponseBase:
    try:
        return static.serve(request, name, document_root=str(store.location))
    except SuspiciousOperation as error:
        message = f"{name!r} is not there"
        raise Http404(message) from error
