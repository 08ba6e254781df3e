"""A standby of a server: a second server that repeats what is written to the first, and takes reads only."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import PostgresServer, free_port, get_server, pgexec


@contextmanager
def standby_of(server: PostgresServer) -> Iterator[PostgresServer]:
    """Run a standby; it is stopped and its files are removed at the end."""
    primary_data = server.socket_folder.parent / "data"
    with (primary_data / "pg_hba.conf").open("a") as rules:
        rules.write("host replication postgres 127.0.0.1/32 trust\n")
    server.execute("SELECT pg_reload_conf()")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o777)
    sockets, data, port = folder / "s", folder / "data", free_port()
    sockets.mkdir()
    sockets.chmod(0o777)
    programs = get_server(primary_data, cleanup_mode=None, start=False)

    def run(program: str, *arguments: str) -> None:
        pgexec(program, arguments, bin_path=programs.bin_path, user=programs.system_user)

    address = ("-h", server.host, "-p", str(server.port), "-U", server.user)
    run("pg_basebackup", *address, "-D", str(data), "-R", "--checkpoint=fast")
    control = ("-w", "-D", str(data))
    run("pg_ctl", *control, "-o", f"-h 127.0.0.1 -p {port} -k {sockets}", "-l", str(data / "log"), "start")
    try:
        yield PostgresServer("127.0.0.1", port, sockets)
    finally:
        run("pg_ctl", *control, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def catch_up(standby: PostgresServer, server: PostgresServer) -> None:
    """Wait until the standby has repeated all that was written."""
    # A transaction that is waited for is written after those that are not.
    server.execute("SET synchronous_commit = on; SELECT pg_logical_emit_message(true, 'here', '')")
    ((position,),) = server.execute("SELECT pg_current_wal_lsn()")
    _wait(standby, f"SELECT pg_last_wal_replay_lsn() >= '{position}'")


def hold_back(standby: PostgresServer) -> None:
    """Let the standby repeat nothing until :func:`go_on`."""
    standby.execute("SELECT pg_wal_replay_pause()")
    _wait(standby, "SELECT pg_get_wal_replay_pause_state() = 'paused'")


def go_on(standby: PostgresServer) -> None:
    """Let the standby repeat what it was held back from."""
    standby.execute("SELECT pg_wal_replay_resume()")


def _wait(server: PostgresServer, question: str) -> None:
    end = time.monotonic() + 60
    while server.execute(question) != [(True,)]:
        assert time.monotonic() < end, question
        time.sleep(0.01)
