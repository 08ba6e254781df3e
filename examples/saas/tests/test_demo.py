"""The demo does what it says, and notices a leak."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from wsgiref.simple_server import make_server

import pytest

from demo import CUSTOMERS, QuietHandler
from visits import Browser, visit_all

EXAMPLE = Path(__file__).resolve().parent.parent


def demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end."""
    command = [sys.executable, "demo.py", *map(str, arguments)]
    return subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, timeout=300, check=False)


def test_once_shows_that_everybody_sees_its_own_rows_alone() -> None:
    """The table has a line for each customer, and no foreign row in it."""
    done = demo("--once")
    assert (done.returncode, done.stderr) == (0, "")
    lines = re.finditer(r"^(\w+) +(\w+) +(\d+) +(\d+) +(\S+)$", done.stdout, re.MULTILINE)
    rows = {match[1]: match.groups()[1:] for match in lines}
    assert {name: row[0] for name, row in rows.items()} == {name: row[1] for name, row in CUSTOMERS.items()}
    assert {name: int(row[1]) for name, row in rows.items()} == {
        name: len(row[3]) + 1 for name, row in CUSTOMERS.items()
    }
    assert {row[2] for row in rows.values()} == {"0"}
    assert rows["acme"][3].endswith("acme.sqlite3")
    assert rows["globex"][3] == rows["umbrella"][3] != rows["acme"][3]
    assert "the master lists 4 of 4 tenants; unknown hosts get 404; foreign rows seen: 0" in done.stdout


def test_data_is_kept_in_the_folder_that_is_named(tmp_path: Path) -> None:
    """A second run finds the first one's rows and makes nothing twice."""
    for _ in range(2):
        assert demo("--once", "--data", tmp_path / "kept").returncode == 0
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["acme.sqlite3", "master.sqlite3"]


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    """No traceback, and a status that is not 0."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = demo("--once", "--port", str(port))
    assert done.returncode == 1
    assert re.fullmatch(rf"the demo cannot run: .*\(port {port}, folder .*\)\n", done.stderr)


def test_it_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """It prints a URL for each tenant, answers there, and ends with Ctrl-C."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "demo.py", "--port", str(port)],
        cwd=EXAMPLE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    printed = ""
    for line in process.stdout or ():
        printed += line
        if "Ctrl-C" in line:
            break
    try:
        for name in CUSTOMERS:
            assert f"http://{name}.localhost:{port}/" in printed
            assert Browser(f"{name}.localhost", port).ask("GET", "/")[0] == 200
        assert Browser("localhost", port).ask("GET", "/admin/login/")[0] == 200
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert (process.returncode, rest.strip()) == (0, "stopped")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("leak", "status"), [("", 0), (">globex thing<", 1)])
def test_the_visitor_notices_a_foreign_row(leak: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A site that shows a foreign row fails the demo; the same site without it passes."""
    names = {"acme": ["acme thing"], "globex": ["globex thing"]}

    def site(environ: dict[str, str], start_response: object) -> list[bytes]:
        who = environ["HTTP_HOST"].partition(".")[0]
        known = who in names or environ["HTTP_HOST"].startswith("localhost")
        ok = known and not environ["PATH_INFO"].startswith("/projects")
        start_response("302 Found" if environ["REQUEST_METHOD"] == "POST" else "200 OK" if ok else "404 Not Found", [])  # type: ignore[operator]  # WSGI
        page = f'<span class="badge">table</span>My rows are in</dt><dd><code>x</code>>{who} thing<>Added by {who}<'
        page += 'name="csrfmiddlewaretoken" value="t"<code>acme</code><code>globex</code>'
        return [(page + (leak if who == "acme" else "")).encode()]

    with make_server("127.0.0.1", 0, site, handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            assert visit_all(server.server_port, names) == status
        finally:
            server.shutdown()
            thread.join()
    assert f"foreign rows seen: {status}" in capsys.readouterr().out
