"""The system checks of the row scope: for each a fault that it finds, and the same without the fault."""

from __future__ import annotations

import sys
import sysconfig
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import checks
from django.core.management import call_command
from django.db import connection, models
from django.db.models import CASCADE, F, ForeignKey, Manager, UniqueConstraint
from django.db.models.functions import Lower
from django.test.utils import isolate_apps

from linked.models import Errand, Plan
from omnitenant_context.context import TenantContext
from omnitenant_models.checks.references import check_references, check_reverse_names, check_unenforced_references
from omnitenant_models.checks.rows import check_tenant_keys
from omnitenant_models.checks.shared_tables import check_shared_tables
from omnitenant_models.checks.uniqueness import check_uniqueness
from omnitenant_models.models import BaseTenant, TenantQuerySetManager, TenantReference
from probe.models import Domain, Project, Tenant
from shapes.models import Report

Check = Callable[..., list[Any]]


@pytest.fixture(autouse=True)
def _isolated() -> Iterator[None]:
    """Keep the models that tests make out of the project."""
    with isolate_apps("linked"):
        yield


def key(to: Any = Tenant, **values: Any) -> Any:
    """Give a foreign key that nobody else sees."""
    return ForeignKey(to, CASCADE, **{"related_name": "+", **values})


def make(name: str, *, meta: dict[str, Any] | None = None, base: type = models.Model, **body: Any) -> Any:
    """Make a model of tenants; managers that are given as classes are declared after the one it has."""
    options = type("Meta", (), {"app_label": "linked", **(meta or {})})
    own = {"tenant": key(), "objects": TenantQuerySetManager()} if base is models.Model else {}
    made = {
        name: value() if isinstance(value, type) and issubclass(value, Manager) else value
        for name, value in body.items()
    }
    return type(name, (base,), {"__module__": "linked.models", "Meta": options, **own, **made})


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, str, str]]]:
    """Run a check over these models alone: the id of what it says, the text and the hint."""

    def run(check: Check, *made: Any, **arguments: Any) -> list[tuple[str, str, str]]:
        monkeypatch.setattr(apps, "get_models", lambda *_, **__: list(made))
        messages = check(**arguments)
        return [(each.id.removeprefix("omnitenant_models."), each.msg, each.hint) for each in messages]

    return run


class Forgetful(TenantQuerySetManager[Any]):
    """A manager that forgets what it is for."""

    def get_queryset(self) -> Any:
        return models.QuerySet(self.model, using=self._db)


class Picky(TenantQuerySetManager[Any]):
    """A manager that filters more."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(pk__gt=0)


class Either(TenantQuerySetManager[Any]):
    """A manager that adds rows of its own, or takes them away."""

    def get_queryset(self) -> Any:
        mine = super().get_queryset()
        return mine | mine.model._base_manager.filter(pk=1)


class Open(TenantQuerySetManager[Any]):
    """A manager whose condition lets strangers through."""

    def get_queryset(self) -> Any:
        mine = super().get_queryset()
        return mine | models.QuerySet(self.model).filter(pk=1)


class Demanding(TenantQuerySetManager[Any]):
    """A manager that wants a tenant before it can say anything."""

    def get_queryset(self) -> Any:
        TenantContext.require_tenant()
        return super().get_queryset()


class TestManagers:
    """E013 and W013: managers that show rows of all tenants."""

    def test_a_second_plain_manager(self, found):
        """It is named, and what to do instead."""
        model = make("Thing", everything=Manager)
        [(number, said, hint)] = found(check_tenant_keys, model)
        assert (number, said) == ("W013", "linked.Thing has the manager 'everything', which does not filter by tenant.")
        assert hint == "Take it out, and use TenantContext.unscoped() where all rows are wanted."

    def test_one_that_is_declared_first(self, found):
        """It is what Django uses, for forms and related objects too."""
        first = {"everything": Manager()}
        [(number, said, hint)] = found(check_tenant_keys, make("First", **first))
        assert number == "E013"
        assert "linked.First has the default manager 'everything', which does not filter by tenant: related" in said
        assert hint == "Declare 'objects' first, or set Meta.default_manager_name = 'objects'."

    def test_one_that_is_inherited(self, found):
        """From an abstract base, and by a child in a table of its own."""
        base = make("Base", meta={"abstract": True}, everything=Manager)
        child = make("Child", base=base)
        grandchild = make("Grandchild", base=child, objects=Manager())
        answers = found(check_tenant_keys, child, grandchild)
        assert [(number, said.partition(" ")[0]) for number, said, _ in answers] == [
            ("W013", "linked.Child"),
            ("E013", "linked.Grandchild"),
            ("W013", "linked.Grandchild"),
        ]
        assert answers[1][2] == "Write objects = TenantQuerySetManager() in the class body."

    @pytest.mark.parametrize("manager", [Forgetful, Open])
    def test_one_that_does_not_call_super(self, found, manager):
        """It has the right class: the query is what counts."""
        model = make("Thing", objects=manager())
        [(number, said, hint)] = found(check_tenant_keys, model)
        assert (number, "the default manager 'objects'" in said) == ("E013", True)
        assert hint == f"Let {manager.__name__}.get_queryset() start from super().get_queryset()."
        model = make("Other", other=manager)
        [(number, _, hint)] = found(check_tenant_keys, model)
        assert (number, hint.startswith("Let ")) == ("W013", True)

    @pytest.mark.parametrize("manager", [TenantQuerySetManager, Picky, Either, Demanding])
    def test_right_ones(self, found, manager):
        """Managers that filter for more, that join two of their querysets, and that cannot be asked now."""
        assert found(check_tenant_keys, make("Thing", objects=manager())) == []

    def test_historical_and_global_models(self, found):
        """Models of nobody may have any manager."""
        assert found(check_tenant_keys, Tenant) == []


class TestBaseManager:
    """W012: a base manager that hides rows."""

    def test_one_that_filters_more(self, found):
        """It filters by tenant, and for another reason."""
        model = make("Thing", objects=Picky(), meta={"base_manager_name": "objects"})
        [(number, said, hint)] = found(check_tenant_keys, model)
        assert number == "W012"
        assert "linked.Thing has the base manager 'objects', which filters for other reasons than the tenant" in said
        assert hint == "Leave Meta.base_manager_name out."

    def test_right_ones(self, found):
        """One that filters by tenant alone, one that cannot be asked, and none."""
        for manager in (TenantQuerySetManager(), Demanding()):
            model = make(f"Thing{type(manager).__name__}", objects=manager, meta={"base_manager_name": "objects"})
            assert found(check_tenant_keys, model) == []
        assert found(check_tenant_keys, make("Thing", objects=Picky())) == []


class TestLate:
    """E019: what comes after the class was made teaches nothing."""

    def test_a_manager_that_is_added_later(self, found):
        """The key is there, and guards nothing."""
        model = make("Thing", objects=Manager())
        model.add_to_class("mine", TenantQuerySetManager())
        [(number, said, hint)] = found(check_tenant_keys, model)
        assert (number, hint) == ("E019", "Write both in the class body.")
        assert said.startswith("linked.Thing got its TenantQuerySetManager or its foreign key")

    def test_one_in_the_place_of_djangos_own(self, found):
        """Django keeps the manager that it made under the same name as the model's."""
        base = make("Base", objects=None, meta={"abstract": True})
        model = make("Thing", base=base)
        assert [number for number, _, _ in found(check_tenant_keys, model)] == ["W029"]
        model.add_to_class("objects", TenantQuerySetManager())
        [(number, said, _)] = found(check_tenant_keys, model)
        assert (number, said.partition(" ")[0]) == ("E019", "linked.Thing")

    def test_a_key_that_is_added_later(self, found):
        """The manager is there, and filters nothing."""
        model = make("Thing", tenant=None)
        [(number, _, _)] = found(check_tenant_keys, model)
        assert number == "E010"
        model.add_to_class("owner", key())
        [(number, _, _)] = found(check_tenant_keys, model)
        assert number == "E019"


class TestUnguarded:
    """W029: a key to the tenant that nothing guards, because the manager is missing."""

    def test_a_plain_manager(self, found):
        """Django's own or the project's, and a key that is unique; the hint is the line to write."""
        own = models.OneToOneField(Tenant, CASCADE, related_name="+")
        for model in (
            make("Thing", objects=Manager()),
            make("Bare", objects=None),
            make("Own", tenant=own, objects=Manager()),
        ):
            [(number, said, hint)] = found(check_tenant_keys, model)
            assert number == "W029"
            assert hint == (
                "Write objects = TenantQuerySetManager() in the class body, or say in MODEL_SCOPES that it is "
                "'shared' or 'master'."
            )
            assert said == (
                f"{model._meta.label} has a foreign key to the tenant model ('tenant') and no TenantQuerySetManager: "
                "in shared tables every tenant sees and changes all of its rows."
            )

    def test_parents(self, found):
        """An abstract base tells nothing, its child does; of a parent with a table, the parent alone."""
        base = make("Base", objects=None, meta={"abstract": True})
        child = make("Child", base=base)
        grandchild = make("Grandchild", base=child)
        assert [said.partition(" ")[0] for _, said, _ in found(check_tenant_keys, child, grandchild)] == [
            "linked.Child"
        ]
        assert found(check_tenant_keys, make("View", base=child, meta={"proxy": True})) == []

    def test_what_is_right(self, found, configure):
        """The manager, no key, the domain model, and what is the master's or shared."""
        right = [make("Thing"), make("Keyless", tenant=None, objects=Manager()), Domain, Tenant]
        scopes = ("master", "shared", "nowhere")
        right += [make(each.title(), objects=Manager(), tenant_scope=each) for each in scopes]
        assert found(check_tenant_keys, *right) == []
        model = make("Bill", objects=Manager())
        configure(MODEL_SCOPES={"linked": "master"})
        assert found(check_tenant_keys, model) == []

    def test_it_is_silenced(self, found, settings):
        """As any other."""
        model = make("Thing", objects=Manager())
        assert found(check_tenant_keys, model)
        settings.SILENCED_SYSTEM_CHECKS = ["omnitenant_models.W029"]
        [message] = check_tenant_keys()
        assert message.is_silenced()


class TestUniqueness:
    """W014: what is unique across tenants tells one of them what another has."""

    def test_a_field(self, found):
        """``unique=True``, and a primary key of one's own."""
        model = make("Thing", code=models.CharField(max_length=9, unique=True))
        [(number, said, hint)] = found(check_uniqueness, model)
        assert (number, said[:60]) == ("W014", "linked.Thing: 'code' is unique among the rows of all tenants")
        assert hint == (
            "Take unique=True out and add models.UniqueConstraint(fields=['tenant', 'code'], name=...) to "
            "Meta.constraints."
        )
        model = make("Other", code=models.CharField(max_length=9, primary_key=True))
        [(_, _, hint)] = found(check_uniqueness, model)
        assert hint == "Use another primary key, and models.UniqueConstraint(fields=['tenant', 'code'], name=...)."

    @pytest.mark.parametrize(
        ("meta", "said"),
        [
            ({"unique_together": [("a", "b")]}, "'a', 'b' of unique_together are"),
            ({"constraints": [UniqueConstraint(fields=["b"], name="u")]}, "'b' of the constraint 'u' are"),
            (
                {"constraints": [UniqueConstraint(Lower("a"), F("b").desc(), name="u")]},
                "'a', 'b' of the constraint 'u'",
            ),
        ],
    )
    def test_several(self, found, meta, said):
        """Sets of fields and expressions without the tenant."""
        model = make("Thing", a=models.IntegerField(), b=models.CharField(max_length=9), meta=meta)
        [(number, text, hint)] = found(check_uniqueness, model)
        assert (number, said in text) == ("W014", True)
        assert hint.startswith("Add 'tenant' to ")

    def test_a_composite_primary_key(self, found):
        """Without the tenant."""
        made = {"a": models.IntegerField(), "b": models.IntegerField()}
        [(_, said, hint)] = found(check_uniqueness, make("Thing", pk=models.CompositePrimaryKey("a", "b"), **made))
        assert "'a', 'b' of its primary key are unique" in said
        assert hint == "Add 'tenant' to its primary key."

    def test_right_ones(self, found):
        """With the tenant; with a reference to a row of a tenant; random; and what Django makes."""
        together = [
            UniqueConstraint(fields=["tenant", "a"], name="u"),
            UniqueConstraint(F("plan"), Lower("a"), name="v"),
        ]
        model = make(
            "Thing",
            a=models.CharField(max_length=9),
            plan=key(Plan),
            seat=models.OneToOneField(Plan, CASCADE, related_name="+"),
            token=models.UUIDField(default=uuid.uuid4, unique=True),
            meta={"constraints": together, "unique_together": [("a", "tenant")]},
        )
        own = make("Own", tenant=models.OneToOneField(Tenant, CASCADE, primary_key=True, related_name="+"))
        many = make("Many", n=models.IntegerField(), pk=models.CompositePrimaryKey("tenant", "n"))
        proxy = make("View", base=model, meta={"proxy": True})
        assert found(check_uniqueness, model, own, many, proxy, Report, Tenant) == []

    def test_a_child_in_a_table_of_its_own(self, found):
        """Its table has no tenant to be unique with."""
        child = make("Child", base=make("Parent"), code=models.CharField(max_length=9, unique=True))
        [(_, said, hint)] = found(check_uniqueness, child)
        assert "linked.Child: 'code' is unique" in said
        assert hint == (
            "Move the field to linked.Parent, in whose table the tenant is, and make it unique with it there."
        )

    def test_fields_that_do_not_exist(self, found):
        """Django reports them, nothing crashes."""
        assert found(check_uniqueness, make("Thing", meta={"unique_together": [("zzz",)]})) == []


class TestReferences:
    """E016 and E017: a ``TenantReference`` that the database cannot enforce."""

    def reference(self, *names: str, **body: Any) -> Any:
        """Make a model with references."""
        return make("Thing", meta={"constraints": [TenantReference(name, name=name) for name in names]}, **body)

    def test_a_target_that_is_not_unique_with_its_tenant(self, found):
        """The hint is the line to write."""
        model = self.reference("project", project=key(Project))
        [(number, said, hint)] = found(check_references, model)
        assert number == "E017"
        assert said == "linked.Thing has a TenantReference('project'), and probe.Project is not unique with its tenant."
        assert hint == (
            "Add models.UniqueConstraint(fields=['tenant', 'id'], name='probe_project_tenant_id') to "
            "Meta.constraints of probe.Project."
        )

    @pytest.mark.parametrize(
        "constraint",
        [
            UniqueConstraint(fields=["id", "tenant", "a"], name="u"),
            UniqueConstraint(fields=["id", "tenant"], condition=models.Q(a=1), name="u"),
            UniqueConstraint(fields=["id", "tenant"], deferrable=models.Deferrable.DEFERRED, name="u"),
            UniqueConstraint(F("id"), F("tenant"), name="u"),
        ],
        ids=["more", "conditional", "deferrable", "expressions"],
    )
    def test_constraints_that_databases_do_not_take(self, found, constraint):
        """What is unique in another way is not enough."""
        target = make("Target", a=models.IntegerField(), meta={"constraints": [constraint]})
        [(number, _, _)] = found(check_references, self.reference("target", target=key(target)))
        assert number == "E017"

    def test_right_ones(self, found):
        """Those of the app of these tests, and one whose target has a primary key with the tenant in it."""
        number = models.IntegerField(unique=True)
        target = make("Target", pk=models.CompositePrimaryKey("tenant", "number"), number=number)
        model = self.reference("target", target=key(target, to_field="number"))
        assert found(check_references, Errand, Plan, model) == []

    @pytest.mark.parametrize(
        ("body", "said", "hint"),
        [
            ({}, "linked.Thing has no field 'ref'", "Name one of its foreign keys."),
            ({"ref": models.IntegerField()}, "linked.Thing.ref is no foreign key", "Name one of the model's"),
            (
                {"ref": models.ManyToManyField(Plan, related_name="+")},
                "linked.Thing.ref is a many-to-many field, and the table that Django makes for it has no tenant",
                "Write a through model with a key to the tenant and a TenantReference for each",
            ),
            (
                {"ref": ForeignKey("linked.Nothing", CASCADE)},
                "linked.Thing.ref leads to 'linked.Nothing', which is no installed model",
                "Name one that is.",
            ),
            (
                {"ref": ForeignKey("contenttypes.ContentType", CASCADE, related_name="+")},
                "leads to contenttypes.ContentType, whose rows belong to no tenant",
                "Take this TenantReference out.",
            ),
            (
                {"ref": ForeignKey("shapes.Report", CASCADE, related_name="+")},
                "leads to shapes.Report, whose tenant stands in the table of shapes.Document",
                "Let the foreign key lead to shapes.Document, or leave the reference to the guards in Python.",
            ),
            (
                {"ref": ForeignKey("shapes.Badge", CASCADE, related_name="+")},
                "linked.Thing.tenant holds the tenant's 'id' and shapes.Badge.tenant its 'tenant_id'",
                "Give both keys the same to_field.",
            ),
            (
                {"ref": ForeignKey("shapes.Preferences", CASCADE, related_name="+")},
                "linked.Thing.ref leads to the tenant key of shapes.Preferences, which names one row a tenant",
                "Write models.CheckConstraint(condition=models.Q(ref=models.F('tenant')), name=...) instead.",
            ),
            ({"tenant": None, "ref": key(Plan)}, "linked.Thing has no foreign key to the tenant", "Add one, or take"),
        ],
        ids=["missing", "number", "many", "text", "global", "child", "to_field", "one each", "keyless"],
    )
    def test_those_that_cannot_be(self, found, monkeypatch, body, said, hint):
        """Each says what is in the way, and what to write instead."""
        isolated = models.base.Options.default_apps
        for label in ("contenttypes.ContentType", "shapes.Report", "shapes.Badge", "shapes.Preferences"):
            model = apps.get_model(label)
            monkeypatch.setitem(isolated.all_models[model._meta.app_label], model._meta.model_name, model)
            isolated.do_pending_operations(model)
        [(number, text, remedy)] = found(check_references, self.reference("ref", **body))
        assert number == "E016"
        assert text.startswith("linked.Thing has a TenantReference('ref') that cannot be: ")
        assert said in text
        assert remedy.startswith(hint)

    def test_the_key_itself(self, found):
        """It is compared with nothing."""
        [(number, said, _)] = found(check_references, self.reference("tenant"))
        assert (number, "linked.Thing.tenant is the tenant key itself" in said) == ("E016", True)

    def test_a_wrong_key(self, found):
        """One that the constraint names and that is not there."""
        model = make("Thing", plan=key(Plan), meta={"constraints": [TenantReference("plan", tenant="x", name="y")]})
        [(_, said, _)] = found(check_references, model)
        assert "linked.Thing has no foreign key 'x' to the tenant" in said

    def test_columns_of_a_parent(self, found):
        """The reference, or the tenant, stands in another table."""
        parent = make("Parent", plan=key(Plan))
        constraints = {"constraints": [TenantReference("plan", name="x"), TenantReference("other", name="y")]}
        child = make("Child", base=parent, other=key(Plan), meta=constraints)
        answers = found(check_references, child)
        assert [(number, hint) for number, _, hint in answers] == [
            ("E016", "Write the TenantReference in Parent.Meta.constraints."),
            ("E016", "Move the foreign key to Parent, or leave the reference to the guards in Python."),
        ]
        assert "linked.Child has its tenant in the table of linked.Parent" in answers[1][1]


class TestUnenforced:
    """I018: references that Python guards alone, listed before a deployment."""

    def test_they_are_listed_by_model(self, found):
        """One line, with what to write."""
        model = make(
            "Thing",
            plan=key(Plan),
            other=key(Errand),
            held=key(Plan),
            tags=models.ManyToManyField(Plan, related_name="+"),
            meta={"constraints": [TenantReference("held")]},
        )
        [(number, said, hint)] = found(check_unenforced_references, model)
        assert number == "I018"
        assert said == (
            "linked.Thing: SQL of one's own could let 'plan', 'other', 'tags' lead to rows of another tenant."
        )
        assert hint == (
            "Add TenantReference('plan'), TenantReference('other') to Meta.constraints; give 'tags' a through model "
            "with a TenantReference to each end."
        )

    def test_nothing_to_write(self, found):
        """References that are held, that lead to rows of nobody, and that no database could hold."""
        model = make(
            "Thing", kind=key(Tenant), report=key(Report), tags=models.ManyToManyField(Tenant, related_name="+")
        )
        assert found(check_unenforced_references, Errand, Plan, model, Tenant) == []

    def test_it_is_for_deployments(self):
        """Nobody is told every day."""
        assert check_unenforced_references in checks.registry.registry.deployment_checks
        assert "omnitenant_models.I018" not in {each.id for each in checks.run_checks()}
        assert "omnitenant_models.I018" in {each.id for each in checks.run_checks(include_deployment_checks=True)}


class TestReverseNames:
    """E018: a relation to the tenant model that hides what every tenant has."""

    @pytest.mark.parametrize(
        ("name", "relation"),
        [
            ("isolation", lambda tenants: models.OneToOneField(tenants, CASCADE)),
            ("check_active", lambda tenants: ForeignKey(tenants, CASCADE, related_name="check_active")),
            ("save", lambda tenants: models.ManyToManyField(tenants, related_name="save")),
        ],
    )
    def test_a_name_that_hides_something(self, monkeypatch, name, relation):
        """A property, a method, and Django's own."""
        tenants = make("Customer", base=BaseTenant)
        monkeypatch.setattr("omnitenant_models.checks.references.get_tenant_model", lambda: tenants)
        assert check_reverse_names() == []
        tenants._meta._expire_cache()
        make("Isolation", objects=Manager(), tenant=None, customer=relation(tenants))
        [message] = check_reverse_names()
        assert message.id == "omnitenant_models.E018"
        assert message.msg == f"linked.Isolation.customer hides Customer.{name}, which every tenant has."
        assert message.hint == "Give linked.Isolation.customer another related_name."

    def test_right_ones(self, configure):
        """Those of the project, and a project without a tenant model."""
        assert check_reverse_names() == []
        configure(TENANT_MODEL=None)
        assert check_reverse_names() == []


@pytest.mark.django_db
class TestSharedTables:
    """W015: models without a key, once there are tenants that share tables."""

    @pytest.fixture
    def keyless(self) -> Any:
        """Make a model of the project without a key to the tenant."""
        return make("Thing", tenant=None, objects=Manager())

    def test_it_is_told_once_tenants_share_tables(self, found, keyless, make_tenant):
        """It names them, and how many tenants there are."""
        run = lambda: found(check_shared_tables, keyless, Plan, Tenant, databases=["default"])  # noqa: E731 - twice
        make_tenant("db", isolation_type="database")
        assert run() == []
        make_tenant("one")
        make_tenant("two", isolation_type="cache")
        [(number, said, hint)] = run()
        assert number == "W015"
        assert said == (
            "Tenants of the types TABLE and CACHE share tables (there are 2), and these models have no foreign key to "
            "the tenant, so that all of them see the same rows: linked.Thing."
        )
        assert "models.ForeignKey('probe.Tenant', ...)" in hint

    def test_what_is_left_out(self, found, keyless, acme, configure):
        """What others wrote, what is the master's or shared, proxies, tables of others; all without a database."""
        assert found(check_shared_tables, keyless) == []
        assert found(check_shared_tables, keyless, databases=["other"]) == []
        proxy = make("View", base=keyless, meta={"proxy": True})
        view = make("Outside", tenant=None, objects=Manager(), meta={"managed": False})
        others = [apps.get_model(label) for label in ("auth.User", "shapes.Country", "sessions.Session")]
        told = make("Told", objects=Manager())  # by W029
        assert found(check_shared_tables, proxy, view, told, Tenant, Plan, *others, databases=["default"]) == []
        configure(MODEL_SCOPES={"linked": "everywhere"})
        assert found(check_shared_tables, keyless, databases=["default"]) == []

    def test_before_the_first_migration(self, found, keyless, acme, configure):
        """No table of tenants is nothing to warn of, and the transaction goes on."""
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE probe_tenant RENAME TO away")
        assert found(check_shared_tables, keyless, databases=["default"]) == []
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO probe_tenant")
        configure(TENANT_MODEL=None)
        assert found(check_shared_tables, keyless, databases=["default"]) == []

    def test_the_project_is_told_apart_from_what_is_installed(self, found, keyless, acme, monkeypatch):
        """By where the app's files are."""
        config = apps.get_app_config("linked")
        monkeypatch.setattr(config, "path", str(Path(sys.prefix, "somewhere")))
        assert found(check_shared_tables, keyless, databases=["default"])
        monkeypatch.setattr(config, "path", str(Path(sysconfig.get_path("purelib"), "linked")))
        assert found(check_shared_tables, keyless, databases=["default"]) == []

    def test_it_runs_before_migrate(self, acme, capsys, settings):
        """With ``--database``, as ``migrate`` runs it, and in no other check."""
        settings.SILENCED_SYSTEM_CHECKS = ["omnitenant_models.E013"]  # of apps of odd shapes
        for databases, told in ((None, False), (["default"], True)):
            call_command("check", databases=databases)
            assert ("omnitenant_models.W015" in capsys.readouterr().err) is told
