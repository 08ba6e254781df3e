"""Moves the leading part of a request's path to the script prefix, and back after the request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import get_script_prefix, set_script_prefix

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["mount", "script_prefix"]


def mount(request: HttpRequest, mount_point: str) -> str:
    """Make a request look as if the site were served below a part of its path, as ``SCRIPT_NAME`` does.

    ``path`` stays what the client asked for; ``path_info``, which the URLconf matches, loses the part. Both
    stay so for whoever sees the request later (logs, middleware above).

    Args:
        request: the request.
        mount_point: whole segments at the start of ``path_info``, such as ``"/t/acme"``.

    Returns:
        The prefix for :func:`script_prefix`.

    Raises:
        ImproperlyConfigured: the path does not begin with these segments.
    """
    rest = request.path_info.removeprefix(mount_point)
    if rest == request.path_info or mount_point.endswith("/") or rest[:1] not in {"", "/"}:
        message = (
            f"mount point {mount_point!r} is not the start of the path {request.path_info!r}; return whole "
            "segments of path_info from mount_point(), without a slash at the end"
        )
        raise ImproperlyConfigured(message)
    if not rest:
        # As Django does for a SCRIPT_NAME that is asked for without a slash.
        rest = "/"
        request.path += "/"
    request.path_info = rest
    script_name = request.META.get("SCRIPT_NAME", "").rstrip("/") + mount_point
    request.META["PATH_INFO"] = rest
    request.META["SCRIPT_NAME"] = script_name
    if hasattr(request, "script_name"):  # under ASGI only
        request.script_name = script_name
    return f"{get_script_prefix().rstrip('/')}{mount_point}/"


def script_prefix(prefix: str | None) -> AbstractContextManager[None]:
    """Let ``reverse()`` put a prefix before what it makes, in this thread or task; None changes nothing.

    Args:
        prefix: what :func:`mount` gave.
    """
    return _UNCHANGED if prefix is None else _changed(prefix)


_UNCHANGED: Final = nullcontext()


@contextmanager
def _changed(prefix: str) -> Iterator[None]:
    # Django remembers these two, with the prefix in them where they are relative, when they are first read:
    # read below one tenant's prefix they would keep it for all.
    _ = settings.STATIC_URL, settings.MEDIA_URL
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        yield
    finally:
        set_script_prefix(before)
