"""A schema that is missing, or closed to the role, is an error; PostgreSQL would look into the public one instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection

from looking import ask
from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.postgresql import prefix

MakeTenant = Callable[..., BaseTenant]
use_tenant = TenantContext.use_tenant


@pytest.fixture(autouse=True)
def _nothing_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has just begun, or has waited for some seconds."""
    monkeypatch.setattr(prefix, "_PROVEN_SECONDS", -1)


@pytest.fixture(name="acme")
def _acme(make_tenant: MakeTenant) -> BaseTenant:
    """Give a tenant with a schema."""
    return make_tenant("acme")


@pytest.fixture(name="closed")
def _closed(acme: BaseTenant) -> Iterator[BaseTenant]:
    """Let this connection act as a role that may use the public schema, and not the tenant's."""
    ask("DROP ROLE IF EXISTS stranger")
    ask("CREATE ROLE stranger")
    ask("GRANT ALL ON ALL TABLES IN SCHEMA public TO stranger")
    ask("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO stranger")
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE stranger")
    yield acme
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    ask("DROP OWNED BY stranger")
    ask("DROP ROLE stranger")


def write() -> object:
    return User.objects.create(username="stray")


def read() -> object:
    return list(User.objects.all())


def read_by_hand() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM auth_user")
        return cursor.fetchall()


def write_many() -> object:
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM auth_user WHERE username = %s", [["a"], ["b"]])


def fetch_in_steps() -> object:
    return list(User.objects.iterator(chunk_size=1))


ACTS = [write, read, read_by_hand, write_many, fetch_in_steps]


@pytest.mark.parametrize("act", ACTS)
def test_a_schema_that_is_closed_to_the_role(closed: BaseTenant, act: Callable[[], object]) -> None:
    """The error names it; nothing is written elsewhere."""
    with use_tenant(closed), pytest.raises(DatabaseError, match=r"acme \(no right to USAGE\)"):
        act()
    assert ask("SELECT count(*) FROM public.auth_user") == [(0,)]


@pytest.mark.parametrize("act", ACTS)
def test_a_schema_that_is_missing(acme: BaseTenant, act: Callable[[], object]) -> None:
    """The same."""
    ask("ALTER SCHEMA acme RENAME TO elsewhere")
    try:
        with use_tenant(acme), pytest.raises(DatabaseError, match='schema "acme" does not exist'):
            act()
        with TenantContext.use_schema("acme"), pytest.raises(DatabaseError, match='schema "acme" does not exist'):
            read_by_hand()
    finally:
        ask("ALTER SCHEMA elsewhere RENAME TO acme")
    assert ask("SELECT count(*) FROM public.auth_user") == [(0,)]
    with use_tenant(acme):
        write()
    assert ask("SELECT count(*) FROM acme.auth_user") == [(1,)]


def test_once_in_a_while(acme: BaseTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a statement proved holds for the next ones, of this entry and of others."""
    monkeypatch.setattr(prefix, "_PROVEN_SECONDS", 1000)
    connection.carrier._proven.clear()
    carried = []
    for _ in range(2):
        with use_tenant(acme):
            for _ in range(2):
                due = connection.carrier.due(lambda: False)
                carried.append(due is not None and due.proves)
                read()
    assert carried == ["acme", None, None, None]
