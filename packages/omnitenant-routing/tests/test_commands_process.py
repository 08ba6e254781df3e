"""Commands as processes: exit statuses, terminals, and a master that is not ready."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from command_line import Project

COMMANDS = [
    ["createtenant", "--no-input", "--tenant-id=a", "--name=A", "--set=plan=p"],
    ["migratetenant", "--tenant-id=a"],
    ["migratealltenants", "--no-input"],
    ["showtenants"],
    ["showtenants", "--json"],
    ["showtenantmigrations"],
    ["deletetenant", "--tenant-id=a", "--no-input"],
    ["suspendtenant", "--tenant-id=a"],
    ["resumetenant", "--tenant-id=a"],
    ["tenantcommand", "--all", "check"],
]


def tenants(project: Project) -> list[str]:
    """Read the tenants behind Django's back."""
    with closing(sqlite3.connect(project.folder / "master.sqlite3")) as raw:
        return [tenant_id for (tenant_id,) in raw.execute("SELECT tenant_id FROM probe_tenant")]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_master_that_is_not_migrated(tmp_path: Path, command: list[str]) -> None:
    """One line says what to run first."""
    result = Project(tmp_path).manage(*command)
    assert (result.status, result.out) == (1, "")
    assert result.complaint == ("CommandError: the master's database has no table 'probe_tenant'; run migrate first")


def test_the_life_of_a_tenant(project: Project) -> None:
    """Each step in a process of its own, with the answers in a pipe."""
    answers = "acme\nACME\ndatabase\ny\nacme_db\nuser\nsecret\nlocalhost\n5432\ny\ngold\n"
    result = project.manage("createtenant", answers=answers)
    assert (result.status, result.err) == (0, "")
    assert (project.folder / "acme_db").is_file()
    assert "acme_db" in project.manage("showtenants").out
    result = project.manage("tenantcommand", "--tenant-id", "acme", "--", "dumpdata", "probe.note")
    assert (result.status, result.out.strip(), result.err) == (0, "[]", "")
    assert project.manage("migratealltenants", "--check").status == 0
    result = project.manage("deletetenant", "--tenant-id=acme", answers="acme\n")
    assert (result.status, result.err) == (0, "")
    assert tenants(project) == []
    assert not (project.folder / "acme_db").exists()


def test_bad_input_is_one_line_and_a_status(project: Project) -> None:
    """No traceback, on stderr, and nothing on stdout."""
    arguments = ["--no-input", "--tenant-id=A B", "--name=x", "--set=plan=p"]
    result = project.manage("createtenant", *arguments)
    assert (result.status, result.out) == (1, "")
    assert result.complaint.startswith("CommandError: --tenant-id: 'A B' is no valid tenant id")


def test_no_answers_at_all(project: Project) -> None:
    """Stdin at its end from the beginning."""
    result = project.manage("createtenant")
    assert (result.status, result.complaint) == (1, "Cancelled; nothing was created.")


def test_a_terminal_is_asked_again_and_hides_the_password(project: Project) -> None:
    """Wrong answers are explained; what is typed as a password is not shown."""
    terminal = project.terminal("createtenant")
    for question, answer in (
        ("Enter tenant ID (unique): ", "Not A Label"),
        ("Enter tenant ID (unique): ", "acme"),
        ("Enter tenant name: ", ""),
        ("Enter tenant name: ", "ACME"),
        ("(database/schema/table/cache): ", "schema"),
        ("(database/schema/table/cache): ", "database"),
        ("create the database now? (y/n): ", "maybe"),
        ("create the database now? (y/n): ", "y"),
        ("Enter database name for tenant: ", "acme_db"),
        ("Enter database user: ", "acme_user"),
        ("Enter database password: ", "hunter2"),
        ("Enter database host: ", "localhost"),
        ("Enter database port (default: 5432): ", "port"),
        ("Enter database port (default: 5432): ", ""),
        ("run migrations for this tenant now? (y/n): ", "y"),
        ("Enter plan: ", "gold"),
    ):
        terminal.expect(question)
        terminal.answer(answer)
    assert terminal.close() == 0
    shown = terminal.shown
    assert "Tenant 'acme' was created (database, active)." in shown
    assert "acme_user" in shown
    assert "hunter2" not in shown
    for complaint in (
        "'Not A Label' is no valid tenant id",
        "needs PostgreSQL",
        "neither yes nor no",
    ):
        assert f"Error: {complaint}" in shown or complaint in shown
    assert tenants(project) == ["acme"]
    assert (project.folder / "acme_db").is_file()


@pytest.mark.parametrize(
    "reached",
    ["Enter tenant ID (unique): ", "Enter tenant name: ", "Enter database password: "],
)
def test_ctrl_c_at_a_question(project: Project, reached: str) -> None:
    """One line, exit status 130, and nothing is made."""
    terminal = project.terminal("createtenant", "--isolation-type=database", "--create")
    for question, answer in (
        ("Enter tenant ID (unique): ", "acme"),
        ("Enter tenant name: ", "ACME"),
        ("Enter database name for tenant: ", "acme_db"),
        ("Enter database user: ", ""),
        ("Enter database password: ", ""),
    ):
        terminal.expect(question)
        if question == reached:
            break
        terminal.answer(answer)
    terminal.interrupt()
    assert terminal.close() == 130
    assert terminal.shown.splitlines()[-1] == "Cancelled; nothing was created."
    assert "Traceback" not in terminal.shown
    assert tenants(project) == []
    assert [path.name for path in project.folder.iterdir()] == ["master.sqlite3"]


def test_the_end_of_the_input_on_a_terminal(project: Project) -> None:
    """Ctrl-D cancels as well."""
    terminal = project.terminal("deletetenant", "--tenant-id=acme")
    assert terminal.close() == 1
    assert "no tenant has the id 'acme'" in terminal.shown
    terminal = project.terminal("createtenant")
    terminal.expect("Enter tenant ID (unique): ")
    terminal.answer("acme")
    terminal.expect("Enter tenant name: ")
    terminal.end()
    assert terminal.close() == 1
    assert terminal.shown.splitlines()[-1] == "Cancelled; nothing was created."
    assert tenants(project) == []
