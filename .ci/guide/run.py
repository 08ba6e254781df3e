"""Builds the project of the user's guide and runs every block of the guide in it, as written.

    python run.py GUIDE_FOLDER OUT [sqlite|postgres]

What a block needs around it (a tenant to be active, a migration to migrate to) is made here; the blocks
themselves are taken from the guide. On PostgreSQL a server of its own is started, and its port stands where the
guide says 5432. Prints a line for each block and ends with status 1 if one failed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
GUIDE_PORT = "5432"


class Project:
    """The built project, and what is run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.passed = 0

    def run(self, what: str, *command: str, answers: str = "", status: int = 0, **env: str) -> str:
        """Run a program in the project's folder and compare its exit status."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            input=answers,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "default", **env},
            check=False,
        )
        output = done.stdout + done.stderr
        # A command must never answer with a traceback; a refused page may log one, as in any Django project.
        if done.returncode != status or (command[1:2] == ("manage.py",) and "Traceback" in output):
            print(f"FAILED  {what}\n{output}")
            sys.exit(1)
        self.held(what)
        return output

    def manage(self, what: str, *arguments: str, answers: str = "", status: int = 0, **env: str) -> str:
        """Run a management command."""
        return self.run(what, sys.executable, "manage.py", *arguments, answers=answers, status=status, **env)

    def held(self, what: str) -> None:
        """Count something that was seen to hold."""
        self.passed += 1
        print(f"held    {what}", flush=True)


def shell_blocks(guide: Project, builder: object, heading: str) -> list[list[str]]:
    """Give the manage.py invocations of a section, in order, split into words."""
    import shlex

    lines = "\n".join(builder.blocks(heading, "bash")).replace("\\\n", " ").splitlines()  # type: ignore[attr-defined]
    return [shlex.split(line)[2:] for line in lines if line.startswith("python manage.py")]


def commands(project: Project, builder: object) -> None:
    """Run the shell blocks of the guide."""
    project.manage("Create Migrations", "makemigrations", "myapp")
    project.manage("Migrate Master Database", "migrate")
    project.manage("no migration appears by itself", "makemigrations", "--check", "--dry-run")
    project.manage("Testing: the three test cases", "test", "myapp.tests_guide")
    block = re.findall(r"```\n(Starting tenant creation.*?)```", builder.GUIDE.read_text(), re.DOTALL)[0]  # type: ignore[attr-defined]
    prompts = [line for line in block.splitlines() if ":" in line]
    port = os.environ.get("PGPORT", GUIDE_PORT)
    answers = [line.rpartition(":")[2].strip().replace(GUIDE_PORT, port) for line in prompts]
    block = block.replace(f"(default: {GUIDE_PORT})", f"(default: {port})")
    prompts = [line for line in block.splitlines() if ":" in line]
    output = project.manage("Interactive Creation", "createtenant", answers="\n".join(answers) + "\n")
    position = 0
    for line in block.strip().splitlines():
        prompt = line.rpartition(":")[0] + ":" if line in prompts else line
        found = output.find(prompt, position)
        assert found >= 0, f"the prompt {prompt!r} is missing, or stands elsewhere, in:\n{output}"
        position = found
    project.held("Interactive Creation: the prompts, in their order")
    assert has_database(project, "acme_db")
    project.manage("(a second migration to migrate to)", "makemigrations", "myapp", "--empty", "-n", "auto")
    for heading in ("Create Migrations", "Migrate Master Database", "Migrate Single Tenant", "Migrations Fail"):
        for words in shell_blocks(project, builder, heading):
            project.manage(f"{heading}: {' '.join(words)}", *words)
    for words in shell_blocks(project, builder, "Migrate All Tenants"):
        answer = "" if "--no-input" in words else "y\n"
        project.manage(f"Migrate All Tenants: {' '.join(words)}", *words, answers=answer)
    interactive, automated = shell_blocks(project, builder, "Create Tenant Superuser")
    project.run(
        "Create Tenant Superuser: interactive",
        sys.executable,
        str(HERE / "typed.py"),
        "root",
        "root@acme.com",
        "s3cret-enough",
        "s3cret-enough",
        "--",
        sys.executable,
        "manage.py",
        *interactive,
    )
    project.manage("Create Tenant Superuser: automated", *automated, DJANGO_SUPERUSER_PASSWORD="s3cret-enough")
    project.manage("(remove the tenant)", "deletetenant", "--tenant-id=acme", "--no-input")
    assert not has_database(project, "acme_db")


def has_database(project: Project, name: str) -> bool:
    """Tell whether a tenant's database is there, whatever it is."""
    if "PGPORT" not in os.environ:
        return (project.folder / name).exists()
    import psycopg2

    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    connection = psycopg2.connect(**{key: os.environ[variable] for key, variable in names.items()})
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [name])
            return bool(cursor.fetchone()[0])
    finally:
        connection.close()


def start_server(stack: ExitStack) -> None:
    """Start a server for the guide's project, and say to all processes where it is."""
    sys.path.insert(0, str(HERE.parents[1] / "integration_tests"))
    from servers import postgres_server

    server = stack.enter_context(postgres_server())
    server.create_database("guide")
    os.environ.update(
        PGHOST=server.host, PGPORT=str(server.port), PGUSER=server.user, PGPASSWORD="", PGDATABASE="guide"
    )


def worker(project: Project) -> None:
    """Run the guide's tasks in a real worker process, over the file system."""
    broker = {"BROKER": "filesystem://", "EAGER": "0"}
    with (project.folder / "settings.py").open("a") as settings:
        settings.write(
            "\nif os.environ.get('BROKER') == 'filesystem://':\n"
            "    for each in ('queue', 'processed', 'control'):\n"
            "        (BASE_DIR / each).mkdir(exist_ok=True)\n"
            "    CELERY_BROKER_TRANSPORT_OPTIONS = {'data_folder_in': str(BASE_DIR / 'queue'),\n"
            "        'data_folder_out': str(BASE_DIR / 'queue'), 'processed_folder': str(BASE_DIR / 'processed'),\n"
            "        'control_folder': str(BASE_DIR / 'control'), 'store_processed': True}\n"
            "    CELERY_RESULT_BACKEND = 'file://' + str(BASE_DIR / 'processed')\n"
        )
    log = project.folder / "worker.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "celeryapp", "worker", "-c", "2", "-l", "INFO"],
            cwd=project.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **broker},
        )
    try:
        deadline = time.monotonic() + 60
        while "ready." not in log.read_text():
            assert time.monotonic() < deadline and process.poll() is None, log.read_text()
            time.sleep(0.2)
        project.run("Celery Integration: a real worker", sys.executable, str(HERE / "blocks.py"), "worker", **broker)
    except SystemExit:
        print(log.read_text())
        raise
    finally:
        process.terminate()
        process.wait(30)


def main(guide: Path, out: Path, database: str = "sqlite") -> int:
    """Run everything; returns the exit status."""
    sys.path.insert(0, str(guide))
    import guide_project as builder

    builder.build(out, database)
    os.environ["GUIDE_FOLDER"] = str(guide)
    with ExitStack() as stack:
        if database == "postgres":
            start_server(stack)
        return run_everything(Project(out), builder)


def run_everything(project: Project, builder: object) -> int:
    """Run the commands, the Python blocks and a worker; returns the exit status."""
    commands(project, builder)
    print(project.run("the Python blocks", sys.executable, str(HERE / "blocks.py"), "all"), end="")
    project.run(
        "Custom Resolver",
        sys.executable,
        str(HERE / "blocks.py"),
        "resolver",
        GUIDE_RESOLVER="myapp.resolvers.HeaderTenantResolver",
    )
    worker(project)
    print(f"{project.passed} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), *sys.argv[3:]))
