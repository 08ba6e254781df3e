"""The life of a tenant's place: made, migrated, closed, opened, removed; whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.core import serializers
from django.db import DEFAULT_DB_ALIAS, connections
from django.dispatch import Signal

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import OmnitenantError, ProvisioningError, TenantInactiveError
from omnitenant_models.signals import tenant_created, tenant_deleted, tenant_migrated
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.databases.aliases import alias_of
from omnitenant_routing.provisioning import get_tenant_backend, resume, suspend
from probe.models import Domain, Milestone, Note, Project, Tenant

pytestmark = pytest.mark.django_db(transaction=True)

MakeTenant = Callable[..., BaseTenant]


def folder() -> Path:
    """Give the folder of the master's file."""
    return Path(str(connections.settings[DEFAULT_DB_ALIAS]["NAME"])).parent


def pending(tenant_id: str, isolation: str = "database", **config: object) -> Tenant:
    """Save a tenant without making its place."""
    return Tenant.objects.create(tenant_id=tenant_id, name=tenant_id, isolation_type=isolation, config=config)


@contextmanager
def received(signal: Signal, receiver: Callable[..., None]) -> Iterator[None]:
    """Connect a receiver for a block."""
    signal.connect(receiver)
    try:
        yield
    finally:
        signal.disconnect(receiver)


def test_create_makes_a_migrated_file_and_tells_inside_the_tenant(make_tenant: MakeTenant) -> None:
    """Receivers write into the new place with plain code; first migrated, then created."""
    told: list[tuple[str, str]] = []

    def migrated(sender: type, tenant: BaseTenant, **_: object) -> None:
        told.append(("migrated", TenantContext.get_scope().label))
        Project.objects.create(name="from a receiver")

    def created(sender: type, tenant: BaseTenant, **_: object) -> None:
        told.append(("created", TenantContext.get_scope().label))
        with TenantContext.use_tenant(tenant):
            Note.objects.create(text="entered again")

    with received(tenant_migrated, migrated), received(tenant_created, created):
        acme = make_tenant("acme")
    assert told == [("migrated", "acme"), ("created", "acme")]
    assert (folder() / "acme.sqlite3").exists()
    assert Tenant.objects.get(pk=acme.pk).state == "active"
    with TenantContext.use_tenant(acme):
        assert Project.objects.get().tenant_id == acme.pk
        assert Note.objects.get().text == "entered again"


def test_creating_again_changes_nothing(acme: BaseTenant) -> None:
    """An active tenant is left alone, and nobody is told again."""
    told: list[str] = []

    def created(sender: type, tenant: BaseTenant, **_: object) -> None:
        told.append(tenant.tenant_id)

    with received(tenant_created, created):
        get_tenant_backend(acme).create()
    assert told == []


@pytest.mark.parametrize("isolation", ["table", "cache"])
def test_tenants_in_shared_tables_become_active(make_tenant: MakeTenant, isolation: str) -> None:
    """They need no place, and are told about all the same."""
    told: list[str] = []

    def created(sender: type, tenant: BaseTenant, **_: object) -> None:
        told.append(TenantContext.get_scope().label)

    with received(tenant_created, created):
        tenant = make_tenant("shared-one", isolation)
    assert told == ["shared-one"]
    assert Tenant.objects.get(pk=tenant.pk).state == "active"


def test_without_migrations_the_tenant_waits_for_them() -> None:
    """A place without tables cannot be entered until it is migrated."""
    tenant = pending("later")
    backend = get_tenant_backend(tenant)
    backend.create(run_migrations=False)
    assert (folder() / "later.sqlite3").exists()
    with pytest.raises(TenantInactiveError, match="'later' is provisioning"):
        TenantContext.use_tenant(tenant).__enter__()
    backend.migrate()
    with TenantContext.use_tenant(Tenant.objects.get(pk=tenant.pk)):
        assert Note.objects.count() == 0
    backend.delete()


def test_what_fails_is_undone_and_can_be_run_again() -> None:
    """A receiver that fails leaves no file behind, and a tenant that says so; mended, it completes."""
    tenant = pending("broken")

    def fail(sender: type, tenant: BaseTenant, **_: object) -> None:
        message = "the receiver is broken"
        raise RuntimeError(message)

    with (
        received(tenant_created, fail),
        pytest.raises(ProvisioningError, match="'broken'.*the receiver is broken"),
    ):
        get_tenant_backend(tenant).create()
    assert not (folder() / "broken.sqlite3").exists()
    assert Tenant.objects.get(pk=tenant.pk).state == "failed"
    with pytest.raises(TenantInactiveError, match="'broken' is failed"):
        TenantContext.use_tenant(Tenant.objects.get(pk=tenant.pk)).__enter__()
    get_tenant_backend(Tenant.objects.get(pk=tenant.pk)).create()
    assert Tenant.objects.get(pk=tenant.pk).state == "active"
    get_tenant_backend(Tenant.objects.get(pk=tenant.pk)).delete()


def test_a_crash_in_the_middle_is_completed_by_running_again() -> None:
    """A process that died after the file was made left a tenant that is provisioning."""
    tenant = pending("crashed")
    get_tenant_backend(tenant).create(run_migrations=False)
    again = get_tenant_backend(Tenant.objects.get(pk=tenant.pk))
    again.create()
    assert Tenant.objects.get(pk=tenant.pk).state == "active"
    again.delete()


def test_an_interrupt_undoes_too() -> None:
    """Ctrl-C in the middle leaves no file."""
    tenant = pending("interrupted")

    def interrupt(sender: type, tenant: BaseTenant, **_: object) -> None:
        raise KeyboardInterrupt

    with received(tenant_migrated, interrupt), pytest.raises(KeyboardInterrupt):
        get_tenant_backend(tenant).create()
    assert not (folder() / "interrupted.sqlite3").exists()
    assert Tenant.objects.get(pk=tenant.pk).state == "failed"


def test_a_file_that_is_not_ours_is_left_alone() -> None:
    """A database that stood there before is refused, and survives the refusal and the tenant."""
    path = folder() / "taken.sqlite3"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE precious (x)")
        raw.commit()
    tenant = pending("taken")
    with pytest.raises(ProvisioningError, match=r"'taken'.*taken\.sqlite3 exists already"):
        get_tenant_backend(tenant).create()
    assert Tenant.objects.get(pk=tenant.pk).state == "pending"
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("precious",)]
    path.unlink()


def test_two_tenants_never_share_a_file(acme: BaseTenant) -> None:
    """A configuration that names another tenant's file is refused."""
    thief = pending("thief", db_config={"NAME": "acme.sqlite3"})
    with pytest.raises(ProvisioningError, match="exists already and is not the database of this"):
        get_tenant_backend(thief).create()
    with TenantContext.use_tenant(acme):
        assert Note.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [("master.sqlite3", "the master's own database"), ("no/such/a.db", "does not exist")],
)
def test_a_path_that_cannot_be_used_is_refused(name: str, message: str) -> None:
    """Before anything is changed."""
    tenant = pending("misplaced", db_config={"NAME": name})
    with pytest.raises(ProvisioningError, match=f"'misplaced'.*{message}"):
        get_tenant_backend(tenant).create()
    assert Tenant.objects.get(pk=tenant.pk).state == "pending"


def test_schemas_need_postgresql() -> None:
    """The error names the database, its kind and what else could be chosen."""
    tenant = pending("globex", "schema")
    with pytest.raises(ProvisioningError, match=r"'globex'.*needs PostgreSQL.*SQLite.*'table'"):
        get_tenant_backend(tenant).create()
    assert Tenant.objects.get(pk=tenant.pk).state == "pending"


def test_an_isolation_type_that_does_not_exist() -> None:
    """A row that was written past the model names what it could be."""
    tenant = pending("odd")
    Tenant.objects.filter(pk=tenant.pk).update(isolation_type="cloud")
    tenant.refresh_from_db()
    with pytest.raises(ProvisioningError, match="'cloud', which does not exist; use one of"):
        get_tenant_backend(tenant)


def test_an_unsaved_tenant_has_no_place() -> None:
    """It must be saved first."""
    with pytest.raises(ProvisioningError, match="'ghost' is not saved"):
        get_tenant_backend(Tenant(tenant_id="ghost")).create()


def test_migrating_a_place_that_was_not_made() -> None:
    """Nothing is made by accident."""
    tenant = pending("unmade")
    with pytest.raises(ProvisioningError, match=r"'unmade' does not exist .*create\(\)"):
        get_tenant_backend(tenant).migrate()
    assert not (folder() / "unmade.sqlite3").exists()


def test_delete_removes_place_domains_and_row(make_tenant: MakeTenant) -> None:
    """Nothing of the tenant is left, and the master is told who it was."""
    acme = make_tenant("acme")
    told: list[tuple[str, object, str]] = []

    def deleted(sender: type, tenant: BaseTenant, **_: object) -> None:
        told.append((tenant.tenant_id, tenant.pk, TenantContext.get_scope().label))

    pk = acme.pk
    with received(tenant_deleted, deleted):
        get_tenant_backend(acme).delete()
    assert told == [("acme", pk, "master")]
    assert not list(folder().glob("acme*"))
    assert not Tenant.objects.filter(pk=pk).exists()
    assert not Domain.objects.filter(domain="acme.localhost").exists()
    with pytest.raises(TenantInactiveError, match="deleted"):
        TenantContext.use_tenant(acme).__enter__()


def test_delete_removes_the_rows_of_one_tenant_only(make_tenant: MakeTenant) -> None:
    """In shared tables the others keep theirs."""
    one, two = make_tenant("one", "table"), make_tenant("two", "table")
    for tenant in (one, two):
        with TenantContext.use_tenant(tenant):
            Project.objects.create(name=tenant.tenant_id)
    get_tenant_backend(one).delete()
    with TenantContext.unscoped():
        assert [project.name for project in Project.objects.all()] == ["two"]


@pytest.mark.parametrize("circle", [False, True])
def test_rows_that_protect_each_other(make_tenant: MakeTenant, circle: bool) -> None:
    """They go in an order that allows it; where there is none, nothing goes and the error names them."""
    tenant, other = make_tenant("one", "table"), make_tenant("two", "table")
    with TenantContext.use_tenant(tenant):
        Milestone.objects.create(project=Project.objects.create(name="protected"))
    if circle:
        # A row of another tenant that refers to this one's: by hand, past every guard.
        with TenantContext.unscoped():
            foreign = Project.objects.get()
            Milestone.objects.create(tenant=other, project=foreign)
        with pytest.raises(ProvisioningError, match="'one' in probe.Project protect"):
            get_tenant_backend(tenant).delete()
        with TenantContext.unscoped():
            assert (Project.objects.count(), Milestone.objects.count()) == (1, 2)
            Milestone.objects.all().delete()
    get_tenant_backend(tenant).delete()
    with TenantContext.unscoped():
        assert Project.objects.count() == 0


def test_deleting_a_tenant_leaves_a_file_that_is_not_its_own() -> None:
    """A tenant that named somebody else's file can go; the file stays."""
    path = folder() / "precious.sqlite3"
    path.write_bytes(b"not even a database")
    tenant = pending("guest", db_config={"NAME": path.name})
    get_tenant_backend(tenant).delete()
    assert not Tenant.objects.filter(tenant_id="guest").exists()
    assert path.read_bytes() == b"not even a database"
    path.unlink()


def test_migrating_the_tenants_own_table_away_and_back(acme: BaseTenant) -> None:
    """The mirror comes back with the table."""
    backend = get_tenant_backend(acme)
    backend.migrate("probe", "zero")
    backend.migrate()
    with TenantContext.use_tenant(acme):
        assert Project.objects.create(name="back").tenant_id == acme.pk
        assert Tenant.objects.using(DEFAULT_DB_ALIAS).get().tenant_id == "acme"


def test_deleting_a_tenant_whose_file_is_gone(acme: BaseTenant) -> None:
    """What a crash has removed already is no obstacle."""
    (folder() / "acme.sqlite3").unlink()
    get_tenant_backend(acme).delete()
    assert not Tenant.objects.filter(tenant_id="acme").exists()


@pytest.mark.parametrize("how", ["instance", "queryset"])
def test_a_row_is_not_deleted_from_over_its_place(acme: BaseTenant, how: str) -> None:
    """Deleting the row alone would leave a file that nobody knows."""
    with (
        pytest.raises(ProvisioningError, match=r"'acme' still has its database.*deletetenant"),
        TenantContext.unscoped(),
    ):
        if how == "instance":
            Tenant.objects.get(pk=acme.pk).delete()
        else:
            Tenant.objects.filter(pk=acme.pk).delete()
    assert Tenant.objects.filter(pk=acme.pk).exists()


def test_a_suspended_tenant_is_refused_and_keeps_its_rows(acme: BaseTenant) -> None:
    """Its mirror knows too; resumed, it is as before."""
    with TenantContext.use_tenant(acme):
        Note.objects.create(text="kept")
    suspend(acme)
    stale = Tenant.objects.get(pk=acme.pk)
    with pytest.raises(TenantInactiveError, match="'acme' is suspended"):
        TenantContext.use_tenant(stale).__enter__()
    with TenantContext.use_tenant(stale, allow_inactive=True):
        assert Note.objects.count() == 1
        assert Tenant.objects.using(alias_of("acme")).get().state == "suspended"
    with pytest.raises(ProvisioningError, match="is suspended and cannot become suspended"):
        suspend(acme)
    resume(acme)
    with TenantContext.use_tenant(Tenant.objects.get(pk=acme.pk)):
        assert Note.objects.count() == 1
    with pytest.raises(ProvisioningError, match="only one that is suspended can"):
        resume(acme)


class TestMirror:
    """The tenant's own row in its own database."""

    def test_it_follows_the_master(self, acme: BaseTenant) -> None:
        """A new name arrives; the configuration never does."""
        acme.name, acme.config = "Acme & Sons", {"db_config": {}, "secret": "s"}
        acme.save()
        row = Tenant.objects.using(alias_of("acme")).get()
        assert (row.pk, row.tenant_id, row.name) == (acme.pk, "acme", "Acme & Sons")
        assert "secret" not in row.config

    def test_a_database_that_is_gone_does_not_make_the_tenant_unsavable(
        self, acme: BaseTenant, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The master is saved, the failure is logged, and migrating repairs the mirror."""
        path = folder() / "acme.sqlite3"
        connections[alias_of("acme")].close()
        aside = path.rename(path.with_suffix(".aside"))
        path.mkdir()
        acme.name = "Renamed"
        acme.save()
        path.rmdir()
        aside.rename(path)
        assert "could not be mirrored" in caplog.text
        assert Tenant.objects.get(pk=acme.pk).name == "Renamed"
        assert Tenant.objects.using(alias_of("acme")).get().name == "Acme"
        get_tenant_backend(acme).migrate()
        assert Tenant.objects.using(alias_of("acme")).get().name == "Renamed"

    def test_it_is_not_taken_for_the_tenant(self, acme: BaseTenant) -> None:
        """A row without its configuration can neither be entered nor saved over the real one."""
        row = Tenant.objects.using(alias_of("acme")).get()
        with pytest.raises(TenantInactiveError, match="'acme' is mirrored"):
            TenantContext.use_tenant(row).__enter__()
        with pytest.raises(OmnitenantError, match="would erase the configuration"):
            row.save()

    def test_a_fixture_of_a_tenants_database_does_not_erase_the_configuration(self, acme: BaseTenant) -> None:
        """``loaddata`` writes past ``save()``; the row without a configuration is refused in the master alone."""
        acme.config = {"db_config": {}, "precious": 1}
        acme.save()
        with TenantContext.use_tenant(acme):
            dumped = serializers.serialize("json", Tenant.objects.using(DEFAULT_DB_ALIAS).all())
            for each in serializers.deserialize("json", dumped, using=DEFAULT_DB_ALIAS):
                each.save(using=DEFAULT_DB_ALIAS)
        for each in serializers.deserialize("json", dumped):
            with pytest.raises(OmnitenantError, match="would erase the configuration"):
                each.save()
        assert Tenant.objects.get(pk=acme.pk).config == {"db_config": {}, "precious": 1}
