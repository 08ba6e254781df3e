"""What ``checktenants`` says of sound sites, and of what others have on their servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connections

from customers.models import Tenant
from looking import ask, databases, session
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.doctor import Finding, examine

MakeTenant = Callable[..., BaseTenant]

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def findings() -> list[Finding]:
    """Look at everything."""
    return list(examine(Tenant.objects.all()))


@contextmanager
def marked(name: str, mark: str) -> Iterator[None]:
    """Let a database with a mark stand on the master's server for a while."""
    with session() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
        cursor.execute(f'COMMENT ON DATABASE "{name}" IS %s', [mark])
    try:
        yield
    finally:
        ask(f'DROP DATABASE "{name}"')


def test_a_sound_site(make_tenant: MakeTenant) -> None:
    """With tenants of all isolation types, two of each, there is nothing to say."""
    for kind in ("table", "cache", "schema", "database"):
        for number in range(2):
            make_tenant(f"{kind}{number}", kind)
    out = StringIO()
    call_command("checktenants", stdout=out, no_color=True)
    assert out.getvalue() == "Nothing found.\n"


class TestOrphans:
    """Databases whose tenants are gone, and those that are somebody's."""

    def test_the_database_of_a_tenant(self, make_tenant: MakeTenant) -> None:
        """Nobody is told to drop it."""
        make_tenant("acme", "database")
        assert (len(databases()), findings()) == (1, [])

    def test_a_database_that_is_left_over(self, make_tenant: MakeTenant) -> None:
        """It is told once, though two aliases lead to its server."""
        make_tenant("acme", "database")
        mark = f"omnitenant: gone of {connections.settings['default']['NAME']}"
        second = connections["second"].settings_dict
        before = {name: second[name] for name in ("HOST", "PORT", "NAME")}
        connections["second"].close()
        second.update({name: connections["default"].settings_dict[name] for name in before})
        try:
            with marked("left-over", mark):
                (found,) = findings()
        finally:
            connections["second"].close()
            second.update(before)
        assert (found.code, found.where) == ("place.orphaned", "default")
        assert "'gone'" in found.message
        assert 'DROP DATABASE "left-over"' in found.remedy

    @pytest.mark.parametrize("mark", ["omnitenant: gone of another site", "omnitenant: gone", "the accountants'"])
    def test_a_database_of_another_site(self, make_tenant: MakeTenant, mark: str) -> None:
        """What is not known to be ours is not our business."""
        make_tenant("acme", "database")
        with marked("theirs", mark):
            assert findings() == []


class TestDiffering:
    """Tables that are not like those of others."""

    def test_tenants_of_different_isolation_types(self, make_tenant: MakeTenant) -> None:
        """A database holds more than a schema: that is no difference."""
        for name, kind in (("acme", "schema"), ("globex", "schema"), ("initech", "database")):
            make_tenant(name, kind)
        assert findings() == []

    def test_one_alone(self, make_tenant: MakeTenant) -> None:
        """There is nothing with which it could be compared."""
        make_tenant("acme")
        ask("ALTER TABLE acme.customers_project ADD COLUMN colour text")
        assert findings() == []

    def test_two_that_differ(self, make_tenant: MakeTenant) -> None:
        """Each is named: which one was changed is not known."""
        make_tenant("acme")
        make_tenant("globex")
        ask("ALTER TABLE acme.customers_project ADD COLUMN colour text")
        found = {each.where: each for each in findings()}
        assert {each.code for each in found.values()} == {"place.differs"}
        assert "those of tenant 'globex' with the same migrations: customers_project.colour" in found["acme"].message
        assert "those of tenant 'acme' " in found["globex"].message

    def test_tables_that_are_no_tenants(self, make_tenant: MakeTenant) -> None:
        """What somebody else keeps in a tenant's schema is not compared."""
        make_tenant("acme")
        make_tenant("globex")
        ask("CREATE TABLE acme.notes (id int)")
        assert findings() == []
