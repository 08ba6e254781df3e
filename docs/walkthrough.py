"""Follows a page from an empty folder, as its reader does: makes the files, runs the commands, looks at the pages.

Of the blocks of a page, or of some of its sections,

- ``python`` is a file where it begins with a comment that names one (``# myapp/models.py``), and what is added to a
  file where the comment ends with ``, at the end``. One that begins with ``>>>`` is a session of ``manage.py shell``;
  those that follow each other are one session;
- ``sh`` holds commands. They are run in the folder, or in the clone where they name ``./packages``; ``runserver`` goes
  on until the page ends, on a free port;
- ``text`` is what the last command prints, where ``...`` stands for anything. Where it ends with an error, the command
  must fail. Lines that begin with ``http://`` are addresses, each with what its page says, or with its status;
- any other block is a mistake of the page.
"""

from __future__ import annotations

import doctest
import http.client
import os
import re
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["ROOT", "Block", "Walk", "blocks_of"]

ROOT = Path(__file__).resolve().parent.parent

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (?P<path>[\w/.]+\.py)(?P<more>, at the end)?\n")
_FAILURE = re.compile(r"^(\w+\.)*(\w+Error|TenantNotFound): ", re.MULTILINE)
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_SESSION = """
import doctest, os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = sys.argv[1]
sys.path.insert(0, "")
django.setup()
test = doctest.DocTestParser().get_doctest(sys.stdin.read(), {}, "the session", None, 0)
sys.exit(doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test).failed)
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    content: str


def blocks_of(page: str, *sections: str) -> Iterator[Block]:
    """Find the blocks of a page, or those below some of its headings of the second level."""
    for section in re.split(r"^## ", page, flags=re.MULTILINE):
        if not sections or section.partition("\n")[0] in sections:
            yield from (Block(*found.groups()) for found in _FENCE.finditer(section))


@dataclass
class Walk:
    """One reader's folder.

    Attributes:
        folder: where the project comes to be.
        python: the interpreter whose environment is used.
        settings: the settings module that sessions use.
        done: how many files, commands, sessions and outputs there were.
    """

    folder: Path
    python: Path
    settings: str = "mysite.settings"
    done: dict[str, int] = field(default_factory=dict)
    _output: str = ""
    _command: str = ""
    _port: int = 0
    _server: subprocess.Popen[bytes] | None = None

    def follow(self, page: str, *sections: str) -> None:
        """Do what the page says.

        Raises:
            AssertionError: something is not as the page says.
        """
        try:
            blocks = list(blocks_of(page, *sections))
            for place, block in enumerate(blocks):
                following = blocks[place + 1] if place + 1 < len(blocks) else Block("", "")
                self._do(block, following)
        finally:
            self._stop()

    def _do(self, block: Block, following: Block) -> None:
        named = _FILE.match(block.content)
        if block.language == "python" and named:
            self._write(named, block.content[named.end() :])
        elif block.language == "python" and block.content.startswith(">>>"):
            self._output += block.content
            if not following.content.startswith(">>>"):
                self._converse()
        elif block.language == "sh":
            fails = following.language == "text" and bool(_FAILURE.search(following.content))
            *lines, last = block.content.replace("\\\n", "").splitlines()
            for line in lines:
                self._run(line)
            self._run(last, fails=fails)
        elif block.language == "text" and block.content.startswith("http://"):
            for line in block.content.splitlines():
                self._look(*line.split(maxsplit=1))
        elif block.language == "text":
            self._count("outputs")
            wanted = block.content
            told = f"{self._command} printed:\n{self._output}\ninstead of:\n{wanted}"
            assert doctest.OutputChecker().check_output(wanted, self._output, _FLAGS), told
        else:
            message = f"nobody checks this block of {block.language!r}:\n{block.content}"
            raise AssertionError(message)

    def _write(self, named: re.Match[str], content: str) -> None:
        self._count("files")
        path = self.folder / named["path"]
        assert path.parent.is_dir(), f"there is no folder for {named['path']} yet"
        before = path.read_text(encoding="utf-8") + "\n" if named["more"] else ""
        path.write_text(before + content, encoding="utf-8")

    def _converse(self) -> None:
        self._count("sessions")
        text, self._output = self._output, ""
        status, printed = self._call(self.folder, str(self.python), "-c", _SESSION, self.settings, text=text)
        assert status == 0, printed

    def _run(self, line: str, *, fails: bool = False) -> None:
        self._count("commands")
        words = shlex.split(line)
        if words[-1] == "runserver":
            self._serve(words)
            return
        folder = ROOT if "./packages/" in line else self.folder
        status, printed = self._call(folder, "bash", "-c", line)
        self._command, self._output = line, printed
        assert (status != 0) is fails, f"{line} ended with {status}:\n{printed}"

    def _call(self, folder: Path, *command: str, text: str = "") -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=folder,
            env=self._env(),
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def _serve(self, words: list[str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        command = [str(self.python), *words[1:], "--noreload", str(self._port)]
        with (self.folder / "runserver.log").open("wb") as log:
            self._server = subprocess.Popen(command, cwd=self.folder, env=self._env(), stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._server.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.05)
        message = f"the site is not served:\n{(self.folder / 'runserver.log').read_text()}"
        raise AssertionError(message)

    def _look(self, url: str, wanted: str) -> None:
        self._count("pages")
        parts = urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request("GET", parts.path, headers={"Host": f"{parts.hostname}:{self._port}"})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        if wanted.strip().isdecimal():
            assert response.status == int(wanted), f"{url} answered {response.status}:\n{text}"
        else:
            assert (response.status, text.strip()) == (200, wanted.strip()), (
                f"{url} answered {response.status}:\n{text}"
            )

    def _stop(self) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.wait(timeout=60)

    def _env(self) -> dict[str, str]:
        # What the tests' own environment finds by PYTHONPATH must be found because it was installed.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO"))}
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        # Unbuffered, so that output and errors come in the order in which a terminal shows them.
        mine = {"PATH": path, "PYTHONUNBUFFERED": "1", "DJANGO_COLORS": "nocolor", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        return {**kept, **mine}

    def _count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1
