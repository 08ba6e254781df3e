"""A broker and a result backend made of folders, for workers in other processes.

Kombu's and celery's own let readers meet files that are still being written; here each file
appears as a whole.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from uuid import uuid4

from celery.backends.filesystem import FilesystemBackend
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class FolderChannel(filesystem.Channel):
    """Publishes a message by renaming its file."""

    def _put(self, queue, payload, **_):
        name = f"{time.monotonic_ns():020}_{uuid4()}.{queue}.msg"
        part = Path(self.data_folder_out, f"{name}.part")
        part.write_text(dumps(payload))
        part.rename(Path(self.data_folder_out, name))


class FolderTransport(filesystem.Transport):
    """The transport ``folders://``."""

    Channel = FolderChannel


class FolderBackend(FilesystemBackend):
    """Stores a result by renaming its file."""

    def set(self, key, value):
        path = self._filename(key)
        part = path + f".{uuid4()}.part".encode()
        with Path(os.fsdecode(part)).open("wb") as file:
            file.write(value if isinstance(value, bytes) else value.encode())
        Path(os.fsdecode(part)).rename(os.fsdecode(path))


TRANSPORT_ALIASES["folders"] = f"{__name__}:FolderTransport"


def configure(app, root):
    """Let an app use folders under a root for its messages and results."""
    for folder in ("queue", "control", "processed", "results"):
        (root / folder).mkdir(exist_ok=True)
    app.conf.update(
        broker_url="folders://",
        result_backend=f"{__name__}.FolderBackend+file://{root / 'results'}",
        broker_transport_options={
            "data_folder_in": str(root / "queue"),
            "data_folder_out": str(root / "queue"),
            "processed_folder": str(root / "processed"),
            "control_folder": str(root / "control"),
            "polling_interval": 0.05,
        },
        result_chord_retry_interval=0.1,
        worker_lost_wait=0.2,
        broker_connection_retry_on_startup=True,
    )
    return app
