"""The test runner keeps and restores the rows of all tenants; users of tenants and Django's commands for them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections, models

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantRequiredError
from omnitenant_models import _creation
from probe.models import Project, Tenant
from relations.models import Article, Tag
from shapes.models import Appendix, Member

use_tenant = TenantContext.use_tenant


@pytest.fixture
def two(transactional_db, make_tenant):
    """Give two tenants with rows."""
    tenants = make_tenant("acme"), make_tenant("globex")
    for tenant in tenants:
        with use_tenant(tenant):
            Project.objects.create(name=tenant.tenant_id)
            Appendix.objects.create(name="a", letter="z")
            Article.objects.create().tags.add(Tag.objects.create())
    return tenants


def left(model: type[models.Model] = Project) -> int:
    return models.QuerySet(model).count()


class TestSerializedRollback:
    """What ``serialized_rollback`` does."""

    @pytest.fixture(autouse=True)
    def _migrated(self, settings, monkeypatch, tmp_path):
        """Have apps with migrations: Django keeps the rows of no others."""
        names = {name: f"migrations_of_{name}" for name in ("probe", "shapes", "relations")}
        for name in names.values():
            (tmp_path / name).mkdir()
            (tmp_path / name / "__init__.py").touch()
        monkeypatch.syspath_prepend(tmp_path)
        settings.MIGRATION_MODULES = names

    def empty(self) -> None:
        call_command("flush", interactive=False, verbosity=0, reset_sequences=False, inhibit_post_migrate=True)

    def test_there_and_back(self, two):
        """Rows of all tenants, with nobody active; each is its tenant's again."""
        data = connection.creation.serialize_db_to_string()
        self.empty()
        connection.creation.deserialize_db_from_string(data)
        assert (left(), left(Appendix), left(Article.tags.through)) == (2, 2, 2)
        for tenant in Tenant.objects.all():
            with use_tenant(tenant):
                assert Project.objects.get().name == tenant.tenant_id
                assert Appendix.objects.get().letter == "z"

    def test_whoever_is_active(self, two):
        """A tenant's view would lose the others' rows."""
        with use_tenant(two[0]):
            data = connection.creation.serialize_db_to_string()
        assert data.count("probe.project") == 2

    @pytest.mark.parametrize("name", ["serialize_db_to_string", "deserialize_db_from_string"])
    def test_both_ways_are_needed(self, two, monkeypatch, name):
        """Without it rows of tenants are out of reach; if Django renames them, this fails."""
        data = connection.creation.serialize_db_to_string()
        self.empty()
        written = next(each for each in type(connection.creation).__mro__[3:] if name in vars(each))
        monkeypatch.setattr(_creation.UnscopedCreation, name, vars(written)[name])
        if name == "deserialize_db_from_string":
            with pytest.raises(TenantRequiredError):
                connection.creation.deserialize_db_from_string(data)
        else:
            with pytest.raises(TenantRequiredError):
                connection.creation.serialize_db_to_string()

    def test_every_connection(self, db):
        """One that is opened later, in another thread too; a second time changes nothing."""
        other: Any = connections.create_connection("default")
        assert not isinstance(other.creation, _creation.UnscopedCreation)
        other.connect()
        other.close()
        assert isinstance(other.creation, _creation.UnscopedCreation)
        kind = type(other.creation)
        _creation.install()
        _creation._teach(other)
        assert type(other.creation) is kind
        assert kind.__name__ == "DatabaseCreation"


def make_member(manager: Any, email: str, password: str | None = None) -> Member:
    """Stand in for the method that the model's manager lacks."""
    return manager.create_user(email)


class TestUsers:
    """A user model whose rows belong to tenants: Django's commands look for users."""

    @pytest.fixture(autouse=True)
    def _members(self, settings):
        settings.AUTH_USER_MODEL = "shapes.Member"

    def test_inside_a_tenant(self, acme, globex, monkeypatch):
        """A user of the tenant is made, found and changed; the other's of the same name stays."""
        monkeypatch.setattr(type(Member._default_manager), "create_superuser", make_member, raising=False)
        for tenant in (acme, globex):
            with use_tenant(tenant):
                call_command("createsuperuser", email="a@example.com", interactive=False, verbosity=0)
        self._answer(monkeypatch, "new-Secret-7")
        with use_tenant(acme):
            call_command("changepassword", "a@example.com", stdout=io.StringIO())
            assert Member.objects.get().check_password("new-Secret-7")
        with use_tenant(globex):
            assert not Member.objects.get().check_password("new-Secret-7")

    def test_outside(self, acme, monkeypatch):
        """The error says that a tenant is missing, before anything is made."""
        monkeypatch.setattr(type(Member._default_manager), "create_superuser", make_member, raising=False)
        with pytest.raises(TenantRequiredError, match="shapes.Member belongs to tenants and no tenant is active"):
            call_command("createsuperuser", email="a@example.com", interactive=False, verbosity=0)
        with pytest.raises(TenantRequiredError, match="shapes.Member belongs to tenants and no tenant is active"):
            call_command("changepassword", "a@example.com", stdout=io.StringIO())
        assert left(Member) == 0

    def _answer(self, monkeypatch: Any, password: str) -> None:
        from django.contrib.auth.management.commands import changepassword

        monkeypatch.setattr(changepassword.getpass, "getpass", lambda *_, **__: password)
