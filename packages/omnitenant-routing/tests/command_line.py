"""Runs commands as the command line does: in this process, in another, and on a terminal."""

from __future__ import annotations

import io
import os
import pty
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from django.core.management import ManagementUtility

TESTS = Path(__file__).parent
PATIENCE = 60.0
"""Seconds after which a terminal that says nothing is given up."""

# A terminal must be that of the process for Ctrl-C to reach it.
OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on stderr; more lines, or none, fail the test."""
        (line,) = self.err.splitlines()
        return line


def run(name: str, *arguments: str, answers: Sequence[str] | None = None) -> Result:
    """Run a command in this process; an exception that the command line would print passes through.

    Args:
        name: the command.
        arguments: its arguments.
        answers: lines of a piped stdin; without any it is at its end.
    """
    out, err = io.StringIO(), io.StringIO()
    stdin, sys.stdin = sys.stdin, io.StringIO("".join(f"{line}\n" for line in answers or ()))
    try:
        with ExitStack() as stack:
            stack.enter_context(redirect_stdout(out))
            stack.enter_context(redirect_stderr(err))
            utility = ManagementUtility(["manage.py", name])
            utility.fetch_command(name).run_from_argv(["manage.py", name, *arguments])
            status = 0
    except SystemExit as stop:
        status = int(stop.code or 0)
    finally:
        sys.stdin = stdin
    return Result(status, out.getvalue(), err.getvalue())


class Project:
    """A project in a folder of its own, used by separate processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "command_settings",
            "OMNITENANT_TEST_FOLDER": str(folder),
            "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
            "PYTHONWARNINGS": "error",
            "DJANGO_COLORS": "nocolor",
        }

    def manage(self, *arguments: str, answers: str | None = None) -> Result:
        """Run a command in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            input=answers,
            stdin=subprocess.DEVNULL if answers is None else None,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.folder,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def terminal(self, *arguments: str) -> Terminal:
        """Run a command on a terminal."""
        return Terminal([sys.executable, "-c", OWN_TERMINAL, "-m", "django", *arguments], self)


class Terminal:
    """A command that talks to somebody."""

    def __init__(self, command: Sequence[str], project: Project) -> None:
        ours, theirs = pty.openpty()
        self.fd = ours
        self.shown = ""
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=project.environment,
            cwd=project.folder,
            start_new_session=True,
        )
        os.close(theirs)

    def expect(self, text: str) -> None:
        """Read until a text appears after what was expected before."""
        start = len(self.shown)
        while text not in self.shown[start:]:
            assert self._read(), f"{text!r} never came: {self.shown!r}"

    def answer(self, line: str) -> None:
        """Type a line."""
        os.write(self.fd, f"{line}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C, and again if it is lost: readline misses one just before it waits."""
        for _ in range(10):
            os.write(self.fd, b"\x03")
            while select.select([self.fd], [], [], 3)[0]:
                if not self._read():
                    return

    def end(self) -> None:
        """Press Ctrl-D."""
        os.write(self.fd, b"\x04")

    def close(self) -> int:
        """Read what is left, and return the exit status."""
        while self._read():
            pass
        os.close(self.fd)
        return self.process.wait()

    def _read(self) -> bool:
        ready, _, _ = select.select([self.fd], [], [], PATIENCE)
        assert ready, f"silent for {PATIENCE} seconds: {self.shown!r}"
        try:
            data = os.read(self.fd, 4096)
        except OSError:  # the other side closed the terminal
            return False
        self.shown += data.decode()
        return bool(data)
