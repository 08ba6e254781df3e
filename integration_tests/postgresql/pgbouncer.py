"""A real PgBouncer, where its program is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import PostgresServer, free_port

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
"""Debian puts it where only root looks."""


@contextmanager
def pgbouncer(server: PostgresServer, **settings: object) -> Iterator[tuple[str, int]]:
    """Run one in transaction mode before a server, for as long as a block; gives its address.

    Args:
        server: where the databases are.
        settings: lines of the section ``pgbouncer`` besides those that every one here has.
    """
    port = free_port()
    values = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "any",
        "pool_mode": "transaction",
        "default_pool_size": 2,
        "max_client_conn": 100,
        **settings,
    }
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    folder.chmod(0o755)
    lines = "".join(f"{name} = {value}\n" for name, value in values.items())
    file = folder / "pgbouncer.ini"
    file.write_text(f"[databases]\n* = host={server.host} port={server.port} user={server.user}\n[pgbouncer]\n{lines}")
    # It refuses to run as root.
    user = ["--user", pwd.getpwnam("nobody").pw_name] if os.geteuid() == 0 else []
    process = subprocess.Popen([str(PROGRAM), "--quiet", *user, str(file)], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    message = f"{PROGRAM} does not answer (status {process.poll()})"
    raise RuntimeError(message)
