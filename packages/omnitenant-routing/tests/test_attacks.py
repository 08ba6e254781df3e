"""Ways in which one tenant's code could reach another place, each tried and refused."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.db import OperationalError, close_old_connections, connection, connections, transaction
from django.db.transaction import TransactionManagementError
from django.test import override_settings

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import ProvisioningError, TenantMismatchError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.databases.aliases import alias_of, build_settings, settings_of
from omnitenant_routing.provisioning import get_tenant_backend
from omnitenant_routing.provisioning.sqlite import SQLiteDatabase
from probe.models import Note, Project, Tenant

MODELS = {"TENANT_MODEL": "probe.Tenant", "DOMAIN_MODEL": "probe.Domain"}
use_tenant = TenantContext.use_tenant

pytestmark = pytest.mark.django_db(transaction=True)


def texts(path: str | Path) -> list[str]:
    """Read the notes of a file behind Django's back."""
    with closing(sqlite3.connect(path)) as raw:
        return [text for (text,) in raw.execute("SELECT text FROM probe_note ORDER BY id")]


def budget(number: int) -> override_settings:
    """Allow so many open connections to tenants."""
    return override_settings(OMNITENANT_CONFIG={**MODELS, "MAX_TENANT_CONNECTIONS": number})


def held() -> list[str]:
    """Name the tenants to which this thread has a connection object, closed ones included."""
    found = connections.all(initialized_only=True)
    return [each.alias.removeprefix("tenant:") for each in found if each.alias.startswith("tenant:")]


def forget_connections() -> None:
    """Begin with no connection to any tenant."""
    for each in connections.all(initialized_only=True):
        if each.alias.startswith("tenant:"):
            each.close()
            del connections[each.alias]


class TestInstances:
    """Objects that were loaded in one place and are used in another."""

    @pytest.mark.parametrize("method", ["save", "delete", "refresh_from_db"])
    def test_a_row_without_a_key_is_not_taken_for_the_other_ones(
        self, acme: BaseTenant, globex: BaseTenant, method: str
    ) -> None:
        """Number 1 of acme is not number 1 of globex."""
        with use_tenant(acme):
            note = Note.objects.create(text="acme's")
        with use_tenant(globex):
            Note.objects.create(text="globex's")
            with pytest.raises(TenantMismatchError, match="'tenant:acme' is used in 'tenant:globex'"):
                getattr(note, method)()
            assert Note.objects.get().text == "globex's"
        with use_tenant(acme):
            getattr(note, method)()

    def test_a_row_of_the_master_is_not_saved_into_a_tenant(self, acme: BaseTenant, initech: BaseTenant) -> None:
        """A TABLE tenant's row stays in the shared tables."""
        with use_tenant(initech):
            note = Note.objects.create(text="shared")
        with use_tenant(acme), pytest.raises(TenantMismatchError):
            note.save()

    def test_a_copy_into_another_place_is_made_on_purpose(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """Without its key and as a new row, an object may be written elsewhere."""
        with use_tenant(acme):
            note = Note.objects.create(text="copied")
        note.pk, note._state.adding = None, True
        with use_tenant(globex):
            note.save()
            assert Note.objects.get().text == "copied"


class TestStaleInstances:
    """Tenants that were loaded before they were moved, or made again."""

    def test_another_thread_with_an_old_copy_turns_nobody_back(self, acme: BaseTenant, tmp_path: Path) -> None:
        """Whoever entered with the new configuration stays in the new file."""
        stale = Tenant.objects.get(pk=acme.pk)
        old = str(settings_of(alias_of("acme"))["NAME"])
        new = tmp_path / "moved.sqlite3"
        new.write_bytes(Path(old).read_bytes())
        acme.config = {"db_config": {"NAME": str(new)}}
        acme.save()

        def visit() -> None:
            with use_tenant(stale):
                connection.ensure_connection()
            connections.close_all()

        with use_tenant(acme):
            Note.objects.create(text="one")
            thread = threading.Thread(target=visit)
            thread.start()
            thread.join()
            Note.objects.create(text="two")
        assert (texts(new), texts(old)) == (["one", "two"], [])
        acme.config = {}
        acme.save()

    def test_an_old_copy_does_not_work_in_a_transaction_of_the_new_file(self, acme: BaseTenant, tmp_path: Path) -> None:
        """One alias cannot mean two files inside one transaction."""
        stale = Tenant.objects.get(pk=acme.pk)
        new = tmp_path / "moved.sqlite3"
        new.write_bytes(Path(str(settings_of(alias_of("acme"))["NAME"])).read_bytes())
        acme.config = {"db_config": {"NAME": str(new)}}
        acme.save()
        with use_tenant(acme), transaction.atomic():
            Note.objects.create(text="kept")
            with use_tenant(stale), pytest.raises(TransactionManagementError, match="'tenant:acme' meant before"):
                Note.objects.count()
        assert texts(new) == ["kept"]
        acme.config = {}
        acme.save()

    def test_a_tenant_that_another_process_made_again(self, folder: Path) -> None:
        """The new customer does not read from the connection that the old one left open."""
        first = Tenant.objects.create(tenant_id="acme", name="first", isolation_type="database")
        get_tenant_backend(first).create()
        with use_tenant(first):
            Note.objects.create(text="the first customer's")
        connections["default"].close()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                connections.close_all()
                get_tenant_backend(Tenant.objects.get(pk=first.pk)).delete()
                again = Tenant.objects.create(tenant_id="acme", name="second", isolation_type="database")
                get_tenant_backend(again).create()
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        second = Tenant.objects.get(tenant_id="acme")
        with use_tenant(second):
            assert Note.objects.count() == 0
        get_tenant_backend(second).delete()

    def test_a_tenant_that_was_deleted_while_somebody_worked(self, folder: Path) -> None:
        """A copy that outlives it makes no new file, and the id can be used again."""
        tenant = Tenant.objects.create(tenant_id="gone", name="gone", isolation_type="database")
        get_tenant_backend(tenant).create()
        same = Tenant.objects.get(pk=tenant.pk)

        def delete() -> None:
            get_tenant_backend(tenant).delete()
            connections.close_all()

        thread = threading.Thread(target=delete)
        thread.start()
        thread.join()
        with use_tenant(same), pytest.raises(OperationalError, match="database of tenant 'gone' cannot be opened"):
            Note.objects.count()
        assert not (folder / "gone.sqlite3").exists()
        again = Tenant.objects.create(tenant_id="gone", name="again", isolation_type="database")
        get_tenant_backend(again).create()
        get_tenant_backend(again).delete()


class TestFiles:
    """Names that lead to a file of somebody else."""

    def test_a_tenant_that_is_turned_to_another_ones_file(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """The file says whose it is, however the configuration came to name it."""
        acme.config = {"db_config": {"NAME": str(settings_of(alias_of("globex"))["NAME"])}}
        acme.save()
        with use_tenant(acme), pytest.raises(TenantMismatchError, match="is not the database of tenant 'acme'"):
            Note.objects.count()
        acme.config = {}
        acme.save()

    @pytest.mark.parametrize("form", ["{path}", "{folder}/../{name}/acme.sqlite3", "link.sqlite3"])
    def test_a_new_tenant_by_any_name_of_the_file(self, acme: BaseTenant, folder: Path, form: str) -> None:
        """The same path, a detour and a link are all found out."""
        path = settings_of(alias_of("acme"))["NAME"]
        (folder / "link.sqlite3").symlink_to(path)
        name = form.format(path=path, folder=folder, name=folder.name)
        thief = Tenant.objects.create(
            tenant_id="thief", name="thief", isolation_type="database", config={"db_config": {"NAME": name}}
        )
        with pytest.raises(ProvisioningError, match="is not the database of this tenant"):
            get_tenant_backend(thief).create()
        (folder / "link.sqlite3").unlink()

    @pytest.mark.parametrize("suffix", ["-journal", "-wal", "-shm"])
    def test_a_name_of_sqlites_own_files(self, acme: BaseTenant, folder: Path, suffix: str) -> None:
        """Opening the database that it stands beside would remove it, rows and all."""
        guest = Tenant.objects.create(
            tenant_id="guest",
            name="guest",
            isolation_type="database",
            config={"db_config": {"NAME": f"acme.sqlite3{suffix}"}},
        )
        with pytest.raises(ProvisioningError, match="'guest' .* SQLite gives to its own files; choose another NAME"):
            get_tenant_backend(guest).create()
        assert not (folder / f"acme.sqlite3{suffix}").exists()

    @pytest.mark.parametrize("query", ["cache=private", "x=mode=memory", "mode=ro"])
    def test_a_uri_is_no_name_of_a_file(self, query: str) -> None:
        """What its query says is not guessed."""
        thief = Tenant(
            tenant_id="thief",
            isolation_type="database",
            config={"db_config": {"NAME": f"file:/tmp/acme.sqlite3?{query}"}},
        )
        with pytest.raises(ProvisioningError, match="'thief' is the URI .* write the path"):
            build_settings(thief)

    def test_a_tenant_named_like_an_alias_in_a_test_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Django names the master in memory by its alias."""
        name = "file:memorydb_default?mode=memory&cache=shared"
        monkeypatch.setitem(connections.settings["default"], "NAME", name)
        assert build_settings(Tenant(tenant_id="default", isolation_type="database"))["NAME"] != name


class TestCrashes:
    """What is left when a process dies or two do the same."""

    def test_a_process_that_died_before_it_marked_the_file(self, folder: Path) -> None:
        """Nothing stands under the name, so it is made when asked again."""
        tenant = Tenant.objects.create(tenant_id="dead", name="dead", isolation_type="database")
        pid = os.fork()
        if pid == 0:
            os.link = lambda *_: os._exit(9)  # type: ignore[assignment]  # in the child alone
            SQLiteDatabase("dead", str(folder / "dead.sqlite3")).create()
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
        assert not (folder / "dead.sqlite3").exists()
        get_tenant_backend(tenant).create()
        get_tenant_backend(tenant).delete()
        assert not list(folder.glob(".dead*"))

    def test_two_that_make_the_same_tenant(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The one that fails does not remove what the other one has finished."""
        tenant = Tenant.objects.create(tenant_id="race", name="race", isolation_type="database")
        first, second = (get_tenant_backend(Tenant.objects.get(pk=tenant.pk)) for _ in range(2))

        def beaten(*_: object, **__: object) -> None:
            second.create()
            message = "table already exists"
            raise RuntimeError(message)

        monkeypatch.setattr(first, "run_migrations", beaten)
        with pytest.raises(ProvisioningError):
            first.create()
        assert Tenant.objects.get(pk=tenant.pk).state == "active"
        assert (folder / "race.sqlite3").exists()
        second.delete()


class TestBudget:
    """A connection that somebody uses is never cut; one that nobody uses is not kept."""

    @budget(1)
    def test_a_transaction_by_hand(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """What was written before another tenant was visited is committed."""
        forget_connections()
        with use_tenant(acme):
            connection.set_autocommit(False)
            Note.objects.create(text="uncommitted")
            with use_tenant(globex):
                Note.objects.count()
            connection.commit()
            connection.set_autocommit(True)
            assert Note.objects.count() == 1

    @budget(1)
    def test_rows_that_are_being_read(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """An iterator goes on where it was, and a cursor stays open."""
        forget_connections()
        with use_tenant(acme):
            Note.objects.bulk_create(Note(text=str(number)) for number in range(1000))
            rows = Note.objects.order_by("id").iterator(chunk_size=10)
            next(rows)
        with use_tenant(globex):
            Note.objects.count()
        with use_tenant(acme):
            assert len(list(rows)) == 999
        with use_tenant(acme), connection.cursor() as cursor:
            with use_tenant(globex):
                Note.objects.count()
            cursor.execute("SELECT 1")

    def test_connections_that_the_end_of_a_request_has_closed(self, make_tenant: Callable[..., BaseTenant]) -> None:
        """They are counted when they open again, and let go when they do not."""
        with budget(2):
            tenants = [make_tenant(f"t{number}") for number in range(5)]
            for tenant in tenants:
                with use_tenant(tenant):
                    Note.objects.count()
                close_old_connections()
            assert len(held()) <= 2
            for tenant in tenants:
                with use_tenant(tenant):
                    Note.objects.count()
            assert held() == ["t3", "t4"]


def test_keyed_rows_of_another_database_by_alias(acme: BaseTenant, globex: BaseTenant) -> None:
    """Naming the other tenant's alias is refused for rows that name their tenant."""
    with use_tenant(globex):
        Project.objects.create(name="theirs")
    with use_tenant(acme), pytest.raises(TenantMismatchError):
        list(Project.objects.using(alias_of("globex")))
