"""Every message of a task carries the scope that was active where the task was called."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from omnitenant_celery.chords import stamp_chord_body
from omnitenant_celery.header import write_header

__all__ = ["write_message"]


def write_message(headers: MutableMapping[str, Any], body: object = None, **_: object) -> None:
    """Write the header into a message; a receiver of ``before_task_publish``.

    The signal is sent for every way to call a task, and its ``headers`` belong to this one message:
    a dict that the caller passed was copied into them before.

    Args:
        headers: the headers of the message.
        body: the body of the message.
    """
    write_header(headers)
    stamp_chord_body(body)
