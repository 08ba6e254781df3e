"""``createtenantsuperuser`` in a process of its own, on a terminal."""

from __future__ import annotations

import os
import pty
import select
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SILENCES = 10
"""Number of silences, of three seconds each, after which a terminal is given up."""
CTRL_C, CTRL_D = "\x03", "\x04"

# A terminal must be that of the process for Ctrl-C to reach it, and one that runs in the background ignores it.
OWN_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class Project:
    """A project in a folder of its own, used by separate processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")},
            "DJANGO_SETTINGS_MODULE": "command_settings",
            "OMNITENANT_TEST_FOLDER": str(folder),
            "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
            "PYTHONWARNINGS": "error",
            "DJANGO_COLORS": "nocolor",
        }

    def manage(self, *arguments: str) -> None:
        """Run a command that must succeed."""
        subprocess.run([sys.executable, "-m", "django", *arguments], env=self.environment, cwd=self.folder, check=True)

    def talk(self, *arguments: str, answers: dict[str, str]) -> tuple[int, str]:
        """Run a command on a terminal and answer its questions; return its status and what it showed.

        Args:
            arguments: the command.
            answers: texts to wait for, in order, and what is typed then.
        """
        ours, theirs = pty.openpty()
        command = [sys.executable, "-c", OWN_TERMINAL, "-m", "django", *arguments]
        process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=self.environment,
            cwd=self.folder,
            start_new_session=True,
        )
        os.close(theirs)
        shown, waiting, typed, silences = "", list(answers.items()), "", 0
        while (part := _read(ours)) != "":
            shown += part or ""
            silences += part is None
            if silences > SILENCES:
                process.kill()
            elif waiting and waiting[0][0] in shown:
                typed = waiting.pop(0)[1]
                os.write(ours, typed.encode())
            elif part is None and typed == CTRL_C:
                os.write(ours, typed.encode())  # readline misses one just before it waits
        os.close(ours)
        return process.wait(), shown

    def superusers(self, database: str) -> list[tuple[str, str]]:
        """Read a file's superusers."""
        with closing(sqlite3.connect(self.folder / f"{database}.sqlite3")) as connection:
            return connection.execute("SELECT username, email FROM auth_user WHERE is_superuser").fetchall()


def _read(fd: int) -> str | None:
    """Read what a terminal shows: nothing at its end, None where it is silent for three seconds."""
    if not select.select([fd], [], [], 3)[0]:
        return None
    try:
        return os.read(fd, 4096).decode()
    except OSError:  # the other side closed the terminal
        return ""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one tenant that has a database."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.manage("migrate", "-v0")
    project.manage("createtenant", "--tenant-id=acme", "--name=Acme", "--isolation-type=database", "--noinput", "-v0")
    return project


def test_interactive(project: Project) -> None:
    """The prompts are Django's; the user is stored in the tenant's file."""
    answers = {
        "Username": "admin\n",
        "Email address:": "admin@acme.com\n",
        "Password:": "a long enough one\n",
        "Password (again):": "a long enough one\n",
    }
    status, shown = project.talk("createtenantsuperuser", "--tenant-id=acme", answers=answers)
    assert status == 0, shown
    assert "Superuser created successfully." in shown
    assert project.superusers("acme") == [("admin", "admin@acme.com")]
    assert project.superusers("master") == []


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["Ctrl-C", "Ctrl-D"])
def test_interactive__cancelled(project: Project, key: str) -> None:
    """Ctrl-C and Ctrl-D end it with one line."""
    before = project.superusers("acme")
    status, shown = project.talk("createtenantsuperuser", "--tenant-id=acme", answers={"Username": key})
    assert status == 1, shown
    assert "Operation cancelled." in shown
    assert "Traceback" not in shown
    assert project.superusers("acme") == before
