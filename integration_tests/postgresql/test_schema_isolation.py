"""Schemas share a connection, and no rows."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import ProgrammingError, connection, transaction

from customers.models import Country, Invoice, Project, Task
from looking import ask, tables
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.provisioning import get_tenant_backend

MakeTenant = Callable[..., BaseTenant]
Act = Callable[[User], object]

ACTS: dict[str, Act] = {
    "save": lambda user: user.save(),
    "save one field": lambda user: user.save(update_fields=["first_name"]),
    "read again": lambda user: user.refresh_from_db(),
    "delete": lambda user: user.delete(),
    "a deferred field": lambda user: (user.__dict__.pop("email"), user.email),
    "what refers to it": lambda user: list(user.groups.all()),
    "add to what refers to it": lambda user: user.groups.add(Group.objects.create(name="crossed")),
}


@pytest.fixture(name="acme")
def _acme(make_tenant: MakeTenant) -> BaseTenant:
    return make_tenant("acme")


@pytest.fixture(name="globex")
def _globex(make_tenant: MakeTenant) -> BaseTenant:
    return make_tenant("globex")


class TestInstances:
    """A row that was loaded for one tenant is no row of another, though both have one of the same key."""

    @pytest.fixture(name="user")
    def _user(self, acme: BaseTenant, globex: BaseTenant) -> User:
        """A user of acme; globex has another with the same key."""
        with TenantContext.use_tenant(globex):
            User.objects.create(username="of globex", email="of globex")
        with TenantContext.use_tenant(acme):
            return User.objects.create(username="of acme", email="of acme")

    @pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
    def test_it_is_refused_elsewhere(self, user: User, globex: BaseTenant, act: Act) -> None:
        """Models without a key to the tenant are told apart by the place of their rows alone."""
        user.first_name = "changed"
        with TenantContext.use_tenant(globex), pytest.raises(TenantMismatchError, match="schema 'acme'"):
            act(user)
        assert ask("SELECT username, first_name FROM globex.auth_user") == [("of globex", "")]

    @pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
    def test_it_is_refused_in_the_master(self, user: User, act: Act) -> None:
        """The master has users of its own."""
        user.first_name = "changed"
        with TenantContext.use_master_db():
            User.objects.create(pk=user.pk, username="of the master")
            with pytest.raises(TenantMismatchError, match="schema 'acme'"):
                act(user)
        assert ask("SELECT username, first_name FROM public.auth_user") == [("of the master", "")]

    def test_it_is_refused_with_nobody_active(self, user: User) -> None:
        """As everything of tenants is."""
        for act in ACTS.values():
            with pytest.raises((TenantMismatchError, TenantRequiredError)):
                act(user)

    def test_a_copy_from_elsewhere_is_still_known(self, user: User, globex: BaseTenant, acme: BaseTenant) -> None:
        """A pickled row, from a cache or a message, knows where it comes from."""
        copy = pickle.loads(pickle.dumps(user))
        with TenantContext.use_tenant(globex), pytest.raises(TenantMismatchError):
            copy.save()
        with TenantContext.use_tenant(acme):
            copy.save()

    def test_rows_of_two_schemas_are_not_put_together(self, user: User, globex: BaseTenant) -> None:
        """A relation between them would lead to another row."""
        with TenantContext.use_tenant(globex):
            group = Group.objects.create(name="theirs")
            with pytest.raises((TenantMismatchError, ValueError), match="schema 'acme'|schema:master:acme"):
                group.user_set.add(user)

    def test_what_stands_once_belongs_to_all(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """SHARED rows may be referred to from each schema, and be held over from one tenant to the next."""
        country = Country.objects.create(code="np")
        for tenant in (acme, globex):
            with TenantContext.use_tenant(tenant):
                project = Project.objects.create(name="p", country=country)
                assert project.country == Country.objects.get()
                assert list(country.project_set.all()) == [project]
        Invoice.objects.create(number=1)
        with TenantContext.use_tenant(acme):
            assert Invoice.objects.get().number == 1


class TestSecondWall:
    """The row filter stays on, where a schema should do already."""

    def test_a_row_that_strayed_is_not_shown(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """One that names another tenant, in this tenant's own table."""
        with TenantContext.use_tenant(acme):
            Project.objects.create(name="mine")
        ask("INSERT INTO acme.customers_project (name, tenant_id) VALUES ('stray', %s)", globex.pk)
        with TenantContext.use_tenant(acme):
            assert [each.name for each in Project.objects.all()] == ["mine"]
            assert Project.objects.update(name="changed") == 1

    def test_a_missing_table_shows_nobodys_rows(self, make_tenant: MakeTenant, acme: BaseTenant) -> None:
        """The table of the public schema is visible instead, with rows of others in it."""
        initech = make_tenant("initech", "table")
        with TenantContext.use_tenant(initech):
            Task.objects.create(project=Project.objects.create(name="p"), title="of initech")
        ask("DROP TABLE acme.customers_task")
        with TenantContext.use_tenant(acme):
            assert not Task.objects.exists()
            assert Task.objects.update(title="changed") == 0
        get_tenant_backend(acme).delete()


class TestTransactions:
    """One connection, so one transaction, whoever is active in it."""

    def test_a_transaction_over_two_schemas(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """All of it is rolled back, or nothing."""
        with pytest.raises(RuntimeError), transaction.atomic():
            for tenant in (acme, globex):
                with TenantContext.use_tenant(tenant):
                    Project.objects.create(name="gone")
            raise RuntimeError
        with transaction.atomic():
            for tenant in (acme, globex):
                with TenantContext.use_tenant(tenant):
                    Project.objects.create(name="kept")
        for schema in ("acme", "globex"):
            assert ask(f"SELECT name FROM {schema}.customers_project") == [("kept",)]

    def test_a_raw_cursor_sees_the_schema(self, acme: BaseTenant) -> None:
        """``django.db.connection`` is the tenant's."""
        with TenantContext.use_tenant(acme), connection.cursor() as cursor:
            cursor.execute("INSERT INTO auth_group (name) VALUES ('raw') RETURNING tableoid::regclass::text")
            assert cursor.fetchone() == ("auth_group",)
        assert ask("SELECT name FROM acme.auth_group") == [("raw",)]


class TestNamedSchemas:
    """``use_schema``: a place without a tenant."""

    def test_rows_of_the_schema_are_read(self, acme: BaseTenant, globex: BaseTenant) -> None:
        """Those of its tenant, and of nobody else."""
        for tenant in (acme, globex):
            with TenantContext.use_tenant(tenant):
                project = Project.objects.create(name=tenant.tenant_id)
                Task.objects.create(project=project, title="t")
        with TenantContext.use_schema("acme"):
            assert [each.name for each in Project.objects.all()] == ["acme"]
            assert Task.objects.filter(project__name="acme").count() == 1
            assert Project.objects.filter(tasks__title="t").exists()
            assert ContentType.objects.get_for_model(Project).model == "project"

    @pytest.mark.parametrize("schema", ["nowhere", "half"])
    def test_a_table_that_is_missing_is_an_error(self, acme: BaseTenant, schema: str) -> None:
        """The table of the same name in the public schema is not taken for it."""
        ask("CREATE SCHEMA half")
        try:
            with TenantContext.unscoped():
                Project.objects.create(name="in public", tenant=acme)
            with TenantContext.use_schema(schema):
                for act in (
                    Project.objects.count,
                    Project.objects.update,
                    lambda: Project.objects.filter(name="in public").delete(),
                    lambda: list(Project.objects.order_by("name")[:1]),
                    lambda: Task.objects.filter(project__in=Project.objects.all()).exists(),
                ):
                    with pytest.raises(ProgrammingError, match="does not exist"):
                        act() if act != Project.objects.update else act(name="changed")
            assert ask("SELECT name FROM public.customers_project") == [("in public",)]
        finally:
            ask("DROP SCHEMA half")
            ask("DELETE FROM public.customers_project")

    def test_the_public_schema_is_no_tenants(self, make_tenant: MakeTenant) -> None:
        """Its tables hold rows of many; ``unscoped()`` is the one door to all of them."""
        with TenantContext.use_tenant(make_tenant("initech", "table")):
            Project.objects.create(name="of initech")
        with TenantContext.use_schema("public"):
            for act in (Project.objects.count, lambda: Project.objects.update(name="x"), Project.objects.first):
                with pytest.raises(TenantRequiredError, match=r"schema:public.*unscoped\(\)"):
                    act()
        assert ask("SELECT name FROM public.customers_project") == [("of initech",)]

    def test_a_tenant_key_cannot_be_written(self, acme: BaseTenant) -> None:
        """There is nobody whom it could name."""
        with TenantContext.use_tenant(acme):
            project = Project.objects.create(name="a")
        with TenantContext.use_schema("acme"):
            for write in (
                lambda: Project.objects.create(name="b"),
                lambda: Project.objects.bulk_create([Project(name="b", tenant=acme)]),
                lambda: Project.objects.update(tenant=acme),
                Project(name="b", tenant=acme).save,
                project.save,
            ):
                with pytest.raises(TenantRequiredError, match="schema:acme"):
                    write()
        assert tables("acme")
        assert ask("SELECT name FROM acme.customers_project") == [("a",)]

    def test_its_rows_are_those_of_its_tenant(self, acme: BaseTenant) -> None:
        """A row that was read there may be used when the tenant is entered."""
        with TenantContext.use_tenant(acme):
            User.objects.create(username="one")
        with TenantContext.use_schema("acme"):
            user = User.objects.get()
        with TenantContext.use_tenant(acme):
            user.save()
