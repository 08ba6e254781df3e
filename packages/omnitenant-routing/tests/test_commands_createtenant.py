"""``createtenant``: by answers and by options, and nothing half-made when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.dispatch import Signal

from command_line import run
from omnitenant_context.context import TenantContext
from omnitenant_models.signals import tenant_created, tenant_migrated
from omnitenant_routing.management._prompts import complaint
from probe.models import Domain, Note, Tenant

ANSWERS = {
    "Enter tenant ID (unique): ": "acme",
    "Enter tenant name: ": "ACME Corporation",
    "Select isolation type (database/schema/table/cache): ": "database",
    "Do you want to create the database now? (y/n): ": "y",
    "Enter database name for tenant: ": "acme_db",
    "Enter database user: ": "acme_user",
    "Enter database password: ": "secret",
    "Enter database host: ": "localhost",
    "Enter database port (default: 5432): ": "5432",
    "Do you want to run migrations for this tenant now? (y/n): ": "y",
    "Enter plan: ": "gold",
}
OPTIONS = ["--no-input", "--tenant-id=acme", "--name=ACME", "--set=plan=gold"]


@contextmanager
def failing(signal: Signal, error: BaseException) -> Iterator[None]:
    """Let a receiver of the project fail."""

    def fail(**_: object) -> None:
        raise error

    signal.connect(fail)
    try:
        yield
    finally:
        signal.disconnect(fail)


def left(folder: Path) -> list[str]:
    """Return what a command that failed has left: rows and files."""
    rows = [*Tenant.objects.values_list("tenant_id", flat=True), *map(str, Domain.objects.all())]
    return rows + [path.name for path in folder.iterdir() if path.name != "master.sqlite3"]


class TestAnswers:
    """Interactive use, with the answers in a pipe."""

    def test_asks_the_documented_questions_in_their_order(self, folder: Path) -> None:
        """The tenant, its file and its tables are there afterwards."""
        result = run("createtenant", answers=list(ANSWERS.values()))
        assert (result.status, result.err) == (0, "")
        asked = [line for line in result.out.splitlines() if line.endswith(": ")]
        assert asked == list(ANSWERS)
        assert result.out.startswith("Starting tenant creation...\n")
        tenant = Tenant.objects.get(tenant_id="acme")
        assert (tenant.name, tenant.state, tenant.plan) == ("ACME Corporation", "active", "gold")
        assert tenant.config == {
            "db_config": {
                "NAME": "acme_db",
                "USER": "acme_user",
                "PASSWORD": "secret",
                "HOST": "localhost",
                "PORT": "5432",
            }
        }
        assert (folder / "acme_db").is_file()
        with TenantContext.use_tenant(tenant):
            assert Note.objects.count() == 0

    def test_empty_details_are_left_to_the_masters_settings(self, folder: Path) -> None:
        """Only what was answered is stored."""
        answers = ["acme", "ACME", "database", "y", "", "", "", "", "", "n", "gold"]
        assert run("createtenant", answers=answers).status == 0
        tenant = Tenant.objects.get()
        assert tenant.config == {"db_config": {"PORT": "5432"}}
        assert tenant.state == "provisioning"
        assert (folder / "acme.sqlite3").is_file()

    def test_no_database_now_means_no_details_and_no_file(self, folder: Path) -> None:
        """The tenant waits, and the output says for what."""
        result = run("createtenant", answers=["acme", "ACME", "database", "n", "gold"])
        assert result.status == 0
        assert "migratetenant --tenant-id=acme --create" in result.out
        assert left(folder) == ["acme"]
        assert Tenant.objects.get().state == "pending"

    @pytest.mark.parametrize("isolation", ["table", "CACHE"])
    def test_shared_tables_need_no_details(self, folder: Path, isolation: str) -> None:
        """Nothing is asked about databases, and the tenant is active at once."""
        result = run("createtenant", answers=["acme", "ACME", isolation, "gold"])
        assert (result.status, result.err) == (0, "")
        assert Tenant.objects.get().state == "active"

    def test_options_skip_their_questions(self, folder: Path) -> None:
        """What is given is not asked."""
        result = run(
            "createtenant",
            "--tenant-id=acme",
            "--isolation-type=database",
            "--create",
            "--db-name=x.sqlite3",
            "--db-password-env=HOME",
            "--db-port=1234",
            answers=["ACME", "user", "host", "y", "gold"],
        )
        assert (result.status, result.err) == (0, "")
        assert Tenant.objects.get().config["db_config"] == {
            "NAME": "x.sqlite3",
            "USER": "user",
            "PASSWORD": {"env": "HOME"},
            "HOST": "host",
            "PORT": "1234",
        }

    @pytest.mark.parametrize("answered", range(len(ANSWERS)))
    def test_the_end_of_the_answers_cancels(self, folder: Path, answered: int) -> None:
        """Wherever they end, nothing is made, and one line says so."""
        result = run("createtenant", answers=list(ANSWERS.values())[:answered])
        assert (result.status, result.complaint) == (1, "Cancelled; nothing was created.")
        assert left(folder) == []

    @pytest.mark.parametrize(
        ("answers", "complaint"),
        [
            (["Not A Label"], "'Not A Label' is no valid tenant id"),
            ([""], "This field cannot be blank"),
            (["acme", ""], "This field cannot be blank"),
            (
                ["acme", "ACME", "sharded"],
                "'sharded' is no isolation type; use one of database, schema",
            ),
            (["acme", "ACME", "schema"], "needs PostgreSQL"),
            (["acme", "ACME", "database", "perhaps"], "'perhaps' is neither yes nor no"),
            (["acme", "ACME", "database", "y", "", "", "", "", "http"], "'http' is no port"),
            (["acme", "ACME", "table", ""], "This field cannot be blank"),
        ],
    )
    def test_a_wrong_answer_in_a_pipe_ends_the_command(self, folder: Path, answers: list[str], complaint: str) -> None:
        """The lines after it would be taken for other answers."""
        result = run("createtenant", answers=[*answers, *ANSWERS.values()])
        assert result.status == 1
        assert complaint in result.complaint
        assert left(folder) == []


class TestOptions:
    """Use without anybody to ask."""

    def test_everything_by_options(self, folder: Path) -> None:
        """The place is made and migrated by default, and domains are normalised."""
        result = run(
            "createtenant",
            *OPTIONS,
            "--isolation-type=database",
            "--domain=Acme.Example.com.",
            "--domain=acme.localhost:8000",
            "--domain=acme.localhost",
        )
        assert (result.status, result.err) == (0, "")
        assert result.out == "Tenant 'acme' was created (database, active).\n"
        assert left(folder) == ["acme", "acme.example.com", "acme.localhost", "acme.sqlite3"]

    def test_the_models_default_isolation_type_is_taken(self, folder: Path) -> None:
        """Without the option the tenant lives in shared tables."""
        assert run("createtenant", *OPTIONS).status == 0
        assert Tenant.objects.get().isolation_type == "table"

    def test_call_command_takes_single_values(self, folder: Path) -> None:
        """Repeatable options may be one text there."""
        call_command(
            "createtenant",
            tenant_id="acme",
            name="ACME",
            set="plan=gold",
            domain="acme.localhost",
            interactive=False,
            verbosity=0,
        )
        assert left(folder) == ["acme", "acme.localhost"]

    def test_the_place_may_be_made_later(self, folder: Path) -> None:
        """Each step alone: the row, the file, the migrations."""
        assert run("createtenant", *OPTIONS, "--isolation-type=database", "--no-create").status == 0
        assert left(folder) == ["acme"]
        assert run("migratetenant", "--tenant-id=acme", "--create").status == 0
        assert Tenant.objects.get().state == "active"
        assert left(folder) == ["acme", "acme.sqlite3"]

    def test_migrations_may_be_run_later(self, folder: Path) -> None:
        """A place without tables waits for migratetenant."""
        result = run("createtenant", *OPTIONS, "--isolation-type=database", "--no-migrate")
        assert "migratetenant --tenant-id=acme" in result.out
        assert Tenant.objects.get().state == "provisioning"
        assert run("migratetenant", "--tenant-id=acme").status == 0
        assert Tenant.objects.get().state == "active"

    def test_the_password_of_an_environment_variable_is_not_stored(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only the reference is."""
        monkeypatch.setenv("ACME_PASSWORD", "hunter2")
        arguments = [*OPTIONS, "--isolation-type=database", "--db-password-env=ACME_PASSWORD"]
        assert run("createtenant", *arguments).status == 0
        stored = Tenant.objects.get().config
        assert stored == {"db_config": {"PASSWORD": {"env": "ACME_PASSWORD"}}}

    def test_the_config_may_be_given_whole(self, folder: Path) -> None:
        """Options are laid over it."""
        config = '--set=config={"region": "eu", "db_config": {"name": "a", "OPTIONS": {"timeout": 5}}}'
        arguments = [*OPTIONS, "--isolation-type=database", config, "--db-name=b"]
        assert run("createtenant", *arguments).status == 0
        assert Tenant.objects.get().config == {
            "region": "eu",
            "db_config": {"NAME": "b", "OPTIONS": {"timeout": 5}},
        }


DATABASE = "--isolation-type=database"


class TestBadInput:
    """One clear line, exit status 1, and nothing is left."""

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["--tenant-id=A_B"], "--tenant-id: 'A_B' is no valid tenant id"),
            (["--tenant-id=-a"], "--tenant-id: '-a' is no valid tenant id"),
            (["--tenant-id=" + "a" * 64], "--tenant-id: "),
            (["--tenant-id=master"], "'master' is a reserved name"),
            (["--isolation-type=shard"], "'shard' is no isolation type; use one of database"),
            (["--isolation-type=schema"], "needs PostgreSQL"),
            (
                [DATABASE, "--db-name=/no/such/folder/x"],
                "the folder /no/such/folder does not exist",
            ),
            ([DATABASE, "--db-name=/proc/x"], "cannot have its database: "),
            ([DATABASE, "--db-name=master.sqlite3"], "is the master's own database"),
            ([DATABASE, "--db-port=0"], "--db-port: '0' is no port"),
            ([DATABASE, "--db-password-env=A B"], "the name of an environment variable, not 'A B'"),
            ([DATABASE, "--db-password-env=NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE"),
            ([DATABASE, '--set=config={"db_config": []}'], "is list, not an object"),
            (
                [DATABASE, '--set=config={"db_config": {"ENGINE": "no.such", "NAME": "x"}}'],
                "'no.such'",
            ),
            ([DATABASE, "--no-create", "--migrate"], "--migrate needs --create"),
            (["--db-name=x"], "--db-name is for isolation type 'database'"),
            (["--set=config={"], "--set config: Enter a valid JSON"),
            (["--set=config=[]"], "is a JSON object"),
            (["--set=plan"], "--set takes FIELD=VALUE, not 'plan'"),
            (["--set=colour=red"], "has no field 'colour'; it has config, plan, created_at"),
            (["--set=name=x"], "--set cannot set 'name'; use --name"),
            (["--set=state=active"], "--set cannot set 'state'"),
            (["--set=id=7"], "has no field 'id'"),
            (["--set=plan=" + "x" * 21], "--set plan: Ensure this value has at most 20 characters"),
            (["--domain=not a host"], "--domain: 'not a host' is no host name"),
            (["--name="], "--name: This field cannot be blank"),
            (["--name=\udcff"], "something given is not text"),
        ],
    )
    def test_one_line_and_nothing_is_left(self, folder: Path, arguments: list[str], complaint: str) -> None:
        """Whatever is wrong, it is said once, and no row and no file stay."""
        result = run("createtenant", *OPTIONS, *arguments)
        assert result.status == 1
        assert complaint in result.complaint
        assert left(folder) == []

    @pytest.mark.parametrize(
        ("missing", "complaint"),
        [
            ("--tenant-id", "--tenant-id is required with --no-input"),
            ("--name", "--name is required with --no-input"),
            ("--set", "probe.Tenant cannot be saved without more: give --set plan=VALUE"),
        ],
    )
    def test_what_is_missing_is_named(self, folder: Path, missing: str, complaint: str) -> None:
        """Required are the id, the name, and what the project's own model requires."""
        options = [option for option in OPTIONS if not option.startswith(missing)]
        result = run("createtenant", *options)
        assert (result.status, result.complaint) == (1, f"CommandError: {complaint}")
        assert left(folder) == []

    def test_an_id_is_given_once(self, folder: Path) -> None:
        """The second tenant is refused, and the first one keeps its place."""
        assert run("createtenant", *OPTIONS, DATABASE).status == 0
        result = run("createtenant", *OPTIONS, DATABASE, "--db-name=other")
        assert result.status == 1
        assert "a tenant with the id 'acme' exists already" in result.complaint
        assert left(folder) == ["acme", "acme.sqlite3"]

    def test_several_complaints_are_told_apart(self, folder: Path) -> None:
        """Sentences do not run together."""
        result = run("createtenant", *OPTIONS, "--tenant-id=" + 40 * "A_")
        assert result.status == 1
        assert "; Ensure this value has at most 63 characters" in result.complaint
        assert ". Ensure" not in result.complaint
        assert complaint(ValidationError(["One.", "Two."])) == "One; Two."

    @pytest.mark.parametrize("state", ["provisioning", "failed"])
    def test_an_id_whose_tenant_was_not_finished(self, folder: Path, state: str) -> None:
        """After a process was killed both remedies are named, and both work."""
        for remedy in ("migratetenant --create", "deletetenant --no-input"):
            assert run("createtenant", *OPTIONS, DATABASE, "--no-migrate").status == 0
            Tenant.objects.update(state=state)
            result = run("createtenant", *OPTIONS, DATABASE)
            assert result.status == 1
            assert f"a tenant with the id 'acme' exists already and is {state}" in result.complaint
            assert f"{remedy.removesuffix(' --no-input')} --tenant-id=acme" in result.complaint
            command, option = remedy.split()
            assert run(command, option, "--tenant-id=acme").status == 0
            if command == "migratetenant":
                assert Tenant.objects.get().state == "active"
                run("deletetenant", "--no-input", "--tenant-id=acme")
        assert left(folder) == []

    def test_a_domain_is_given_once(self, folder: Path) -> None:
        """Its owner is named."""
        assert run("createtenant", *OPTIONS, "--domain=acme.localhost").status == 0
        result = run("createtenant", *OPTIONS, "--tenant-id=globex", "--domain=ACME.localhost:80", DATABASE)
        assert result.status == 1
        assert "domain 'acme.localhost' belongs to tenant 'acme' already" in result.complaint
        assert left(folder) == ["acme", "acme.localhost"]

    def test_somebody_elses_file_is_left_alone(self, folder: Path) -> None:
        """A database that is there already is neither used nor removed."""
        (folder / "theirs").write_bytes(b"precious")
        result = run("createtenant", *OPTIONS, DATABASE, "--db-name=theirs")
        assert result.status == 1
        assert "exists already and is not the database of this tenant" in result.complaint
        assert left(folder) == ["theirs"]
        assert (folder / "theirs").read_bytes() == b"precious"


class TestFailure:
    """What was begun is undone."""

    @pytest.mark.parametrize("signal", [tenant_created, tenant_migrated])
    @pytest.mark.parametrize("isolation", ["database", "table"])
    def test_a_failing_receiver_undoes_it(self, folder: Path, signal: Signal, isolation: str) -> None:
        """Row, domains and file go again, and the cause is told."""
        arguments = [*OPTIONS, f"--isolation-type={isolation}", "--domain=acme.localhost"]
        with failing(signal, ValueError("no theme")):
            result = run("createtenant", *arguments)
        assert result.status == 1
        assert (
            "'acme' could not be provisioned: no theme; mend the cause and run createtenant again" in result.complaint
        )
        assert left(folder) == []
        assert run("createtenant", *arguments).status == 0

    def test_an_interruption_while_it_is_made_undoes_it(self, folder: Path) -> None:
        """Ctrl-C in the middle of the migrations leaves nothing."""
        with failing(tenant_migrated, KeyboardInterrupt()):
            result = run("createtenant", *OPTIONS, DATABASE, "--domain=acme.localhost")
        assert (result.status, result.complaint) == (130, "Cancelled; nothing was created.")
        assert left(folder) == []

    def test_the_row_stays_with_a_place_that_cannot_be_removed(self, folder: Path) -> None:
        """No file without its row: the line says how to remove both."""
        path = folder / "acme.sqlite3"

        def spoil(**_: object) -> None:
            path.unlink()
            path.mkdir()
            message = "no theme"
            raise ValueError(message)

        tenant_created.connect(spoil)
        try:
            result = run("createtenant", *OPTIONS, DATABASE)
        finally:
            tenant_created.disconnect(spoil)
        assert result.status == 1
        assert "could not be removed" in result.complaint
        assert "run deletetenant --tenant-id=acme" in result.complaint
        assert Tenant.objects.get().tenant_id == "acme"
        path.rmdir()
        assert run("deletetenant", "--tenant-id=acme", "--no-input").status == 0
        assert left(folder) == []
