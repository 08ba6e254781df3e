"""``default`` means here: plain Django code acts on the database of whoever is active."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.utils import ConnectionDoesNotExist
from django.test import AsyncClient, Client, override_settings

from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.databases.aliases import alias_of
from omnitenant_routing.databases.handler import TenantConnectionHandler, real_alias
from omnitenant_routing.places import MASTER_ALIAS
from probe.models import Note, Project, Tenant


def rows(tenant: BaseTenant | None) -> list[str]:
    """Read the notes of a place behind Django's back, from the file itself."""
    if tenant is None:
        name = connections.settings[DEFAULT_DB_ALIAS]["NAME"]
    else:
        with TenantContext.use_tenant(tenant):
            name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name)) as raw:
        return [text for (text,) in raw.execute("SELECT text FROM probe_note ORDER BY id")]


def write(text: str) -> None:
    """Write one note by the ORM and one by a raw cursor, in one transaction on ``default``."""
    with transaction.atomic():
        Note.objects.create(text=text)
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO probe_note (text) VALUES (%s)", [f"{text} raw"])


class HostAsyncClient(AsyncClient):
    """Django's async client, which lets a test choose the host as the sync one does."""

    def _base_scope(self, **request: object) -> dict[str, object]:
        scope: dict[str, object] = super()._base_scope(**request)
        # Django's own adds the given Host behind the one of the test server.
        scope["headers"] = list({name: (name, value) for name, value in scope["headers"]}.values())  # type: ignore[attr-defined]  # pairs of bytes
        return scope


class Refused(Exception):
    """Ends a transaction."""


def test_atomic_and_cursors_write_to_the_tenants_own_file(acme: BaseTenant, globex: BaseTenant) -> None:
    """Each tenant's rows land in its own file, and none in the master."""
    for tenant in (acme, globex):
        with TenantContext.use_tenant(tenant):
            write(tenant.tenant_id)
    assert rows(acme) == ["acme", "acme raw"]
    assert rows(globex) == ["globex", "globex raw"]
    assert rows(None) == []


def test_atomic_rolls_back_in_the_tenants_own_file(acme: BaseTenant) -> None:
    """A failing block leaves nothing in the tenant's file, raw statements included."""
    with TenantContext.use_tenant(acme), pytest.raises(Refused), transaction.atomic():
        write("kept out")
        raise Refused
    assert rows(acme) == []


def test_savepoints_roll_back_in_the_tenants_own_file(acme: BaseTenant) -> None:
    """An inner block is undone alone."""
    with TenantContext.use_tenant(acme), transaction.atomic():
        write("outer")
        with pytest.raises(Refused), transaction.atomic():
            write("inner")
            raise Refused
    assert rows(acme) == ["outer", "outer raw"]


def test_a_tenant_inside_a_transaction_of_the_master_has_its_own(acme: BaseTenant) -> None:
    """What a tenant commits stays, though the master's block around it fails."""
    with pytest.raises(Refused), transaction.atomic():
        Tenant.objects.filter(pk=acme.pk).update(plan="gold")
        with TenantContext.use_tenant(acme):
            write("stays")
        raise Refused
    assert rows(acme) == ["stays", "stays raw"]
    assert Tenant.objects.get(pk=acme.pk).plan == ""


def test_the_master_is_reached_by_its_name_from_inside(acme: BaseTenant) -> None:
    """``master`` and ``use_master_db()`` lead to the real default."""
    with TenantContext.use_tenant(acme):
        with connections[MASTER_ALIAS].cursor() as cursor:
            cursor.execute("INSERT INTO probe_note (text) VALUES ('by name')")
        with TenantContext.use_master_db():
            write("by context")
        with transaction.atomic(using=MASTER_ALIAS):
            Note.objects.using(MASTER_ALIAS).create(text="by using")
    assert rows(None) == ["by name", "by context", "by context raw", "by using"]
    assert rows(acme) == []


def test_the_masters_name_follows_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """``master`` means the database that the settings name now, although every statement asks for it."""
    monkeypatch.setitem(connections.settings, "core", connections.settings[DEFAULT_DB_ALIAS])
    assert real_alias(MASTER_ALIAS) == DEFAULT_DB_ALIAS
    with override_settings(OMNITENANT_CONFIG={**settings.OMNITENANT_CONFIG, "MASTER_DB_ALIAS": "core"}):
        assert real_alias(MASTER_ALIAS) == "core"
        with TenantContext.use_master_db():
            assert real_alias(DEFAULT_DB_ALIAS) == "core"
    assert real_alias(MASTER_ALIAS) == DEFAULT_DB_ALIAS


def test_the_first_tenant_that_a_process_connects_to_is_listed(
    acme: BaseTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until there is one the handler does not look for any, and from then on it does."""
    monkeypatch.setattr(TenantConnectionHandler, "_met_tenants", False)
    del connections[alias_of(acme.tenant_id)]
    assert alias_of(acme.tenant_id) not in [each.alias for each in connections.all()]
    with TenantContext.use_tenant(acme):
        opened = connections[DEFAULT_DB_ALIAS]
    assert opened in connections.all(initialized_only=True)


def test_tables_of_the_master_are_one_connection_for_table_tenants(initech: BaseTenant) -> None:
    """A TABLE tenant's ``default`` is the master's own connection, so its transactions are one."""
    outside = connections[DEFAULT_DB_ALIAS]
    with TenantContext.use_tenant(initech):
        assert connections[DEFAULT_DB_ALIAS] is outside
        assert connections[MASTER_ALIAS] is outside


def test_on_commit_runs_for_whoever_registered_it(acme: BaseTenant, initech: BaseTenant) -> None:
    """A callback of one tenant keeps its tenant, though another one commits."""
    seen: list[str] = []

    def note_who() -> None:
        seen.append(TenantContext.get_scope().label)

    with TenantContext.use_tenant(acme), transaction.atomic():
        transaction.on_commit(note_who)
    with transaction.atomic():
        with TenantContext.use_tenant(initech):
            transaction.on_commit(note_who)
        transaction.on_commit(note_who)
    assert seen == ["acme", "initech", "nobody"]


def test_threads_start_with_the_real_default(acme: BaseTenant) -> None:
    """A bare thread has nobody active, so ``default`` is Django's own there."""
    found: list[str] = []

    def look() -> None:
        found.append(connections[DEFAULT_DB_ALIAS].alias)
        connections.close_all()

    with TenantContext.use_tenant(acme):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert connection.alias == alias_of("acme")
    assert found == [DEFAULT_DB_ALIAS]


def test_async_code_writes_to_the_tenants_own_file(acme: BaseTenant, globex: BaseTenant) -> None:
    """The async ORM and ``sync_to_async`` follow the task's tenant, tasks interleaved."""

    async def work(tenant: BaseTenant) -> None:
        async with TenantContext.use_tenant(tenant):
            await Note.objects.acreate(text=f"{tenant.tenant_id} async")
            await asyncio.sleep(0)
            await sync_to_async(write)(tenant.tenant_id)
            await asyncio.sleep(0)
            assert await Note.objects.acount() == 3

    async def main() -> None:
        await asyncio.gather(work(acme), work(globex))
        await sync_to_async(connections.close_all)()

    asyncio.run(main())
    assert sorted(rows(acme)) == ["acme", "acme async", "acme raw"]
    assert sorted(rows(globex)) == ["globex", "globex async", "globex raw"]
    assert rows(None) == []


@pytest.mark.parametrize("atomic_requests", [False, True])
def test_requests_write_to_the_tenants_own_file(
    acme: BaseTenant, globex: BaseTenant, settings: object, atomic_requests: bool
) -> None:
    """A view that knows nothing of tenants writes where its host leads."""
    connections.settings[DEFAULT_DB_ALIAS]["ATOMIC_REQUESTS"] = atomic_requests
    try:
        for tenant in (acme, globex):
            host = f"{tenant.tenant_id}.localhost"
            assert Client().get(f"/write/{tenant.tenant_id}/", HTTP_HOST=host).status_code == 200
    finally:
        connections.settings[DEFAULT_DB_ALIAS]["ATOMIC_REQUESTS"] = False
    assert rows(acme) == ["acme", "acme raw"]
    assert rows(globex) == ["globex", "globex raw"]
    assert rows(None) == []


@pytest.mark.parametrize(("atomic_requests", "left"), [(False, ["boom"]), (True, [])])
def test_atomic_requests_roll_back_in_the_tenants_own_file(
    acme: BaseTenant, atomic_requests: bool, left: list[str]
) -> None:
    """The transaction of a request is the tenant's: a failing view leaves nothing only with it on."""
    connections.settings[DEFAULT_DB_ALIAS]["ATOMIC_REQUESTS"] = atomic_requests
    try:
        client = Client(raise_request_exception=False)
        assert client.get("/fail/boom/", HTTP_HOST="acme.localhost").status_code == 500
    finally:
        connections.settings[DEFAULT_DB_ALIAS]["ATOMIC_REQUESTS"] = False
    assert rows(acme) == left
    assert rows(None) == []


def test_async_requests_roll_back_in_the_tenants_own_file(acme: BaseTenant) -> None:
    """The same through ASGI."""
    connections.settings[DEFAULT_DB_ALIAS]["ATOMIC_REQUESTS"] = True

    async def main() -> None:
        client = HostAsyncClient(raise_request_exception=False)
        failed = await client.get("/fail/boom/", headers={"host": "acme.localhost"})
        assert failed.status_code == 500
        written = await client.get("/write/fine/", headers={"host": "acme.localhost"})
        assert written.status_code == 200
        await sync_to_async(connections.close_all)()

    try:
        asyncio.run(main())
    finally:
        connections.settings[DEFAULT_DB_ALIAS]["ATOMIC_REQUESTS"] = False
    assert rows(acme) == ["fine", "fine raw"]
    assert rows(None) == []


def test_serving_one_tenant_opens_no_other(acme: BaseTenant, globex: BaseTenant) -> None:
    """ATOMIC_REQUESTS opens a transaction on the request's database alone."""
    connections.settings[DEFAULT_DB_ALIAS]["ATOMIC_REQUESTS"] = True
    connections.close_all()
    for open_connection in connections.all(initialized_only=True):
        if open_connection.alias.startswith("tenant:"):
            del connections[open_connection.alias]
    try:
        Client().get("/write/here/", HTTP_HOST="acme.localhost")
    finally:
        connections.settings[DEFAULT_DB_ALIAS]["ATOMIC_REQUESTS"] = False
    tenants = [c.alias for c in connections.all(initialized_only=True) if ":" in c.alias]
    assert tenants == [alias_of("acme")]


def test_aliases_of_tenants_are_in_no_loop_of_django(acme: BaseTenant) -> None:
    """Iterating over ``connections`` gives the keys of DATABASES, tenants visited or not."""
    with TenantContext.use_tenant(acme):
        assert Note.objects.count() == 0
        assert list(connections) == [DEFAULT_DB_ALIAS]
        assert alias_of("acme") in [c.alias for c in connections.all(initialized_only=True)]
        assert DEFAULT_DB_ALIAS in [c.alias for c in connections.all()]


def test_a_process_that_never_met_the_tenant_finds_its_database(acme: BaseTenant) -> None:
    """An alias that comes from elsewhere (a pickled queryset) is looked up by the tenant's id."""
    from omnitenant_routing.databases import aliases

    with TenantContext.use_tenant(acme):
        write("mine")
    aliases.forget_tenant("acme")
    assert Note.objects.using(alias_of("acme")).count() == 2
    with pytest.raises(ConnectionDoesNotExist, match="no tenant has the id 'nobody-here'"):
        Note.objects.using(alias_of("nobody-here")).count()


def test_the_handler_is_djangos_own_object() -> None:
    """Modules that imported ``connections`` before the apps were ready have the same one."""
    from django.db import connections as elsewhere

    assert isinstance(elsewhere, TenantConnectionHandler)
    assert type(connections[DEFAULT_DB_ALIAS]).__module__ == "django.db.backends.sqlite3.base"


def test_rows_of_a_keyed_model_stand_in_the_tenants_file_under_its_key(acme: BaseTenant) -> None:
    """The mirrored row of the tenant makes foreign keys, joins and the row filter hold there."""
    with TenantContext.use_tenant(acme):
        project = Project.objects.create(name="first")
        assert project.tenant_id == acme.pk
        assert Project.objects.select_related("tenant").get().tenant.tenant_id == "acme"
        assert Project.objects.filter(tenant__tenant_id="acme").count() == 1
    path = Path(str(connections[alias_of("acme")].settings_dict["NAME"]))
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT tenant_id, name FROM probe_project").fetchall() == [(acme.pk, "first")]
        assert raw.execute("SELECT tenant_id, config FROM probe_tenant").fetchall() == [
            ("acme", '{"omnitenant_mirror": true}')
        ]
