"""The block of the leak detector: where it looks, what it says, and that the row scope itself never alarms it."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from contextlib import nullcontext
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.commands import loaddata
from django.db import IntegrityError, connection, connections, migrations, models, transaction
from django.db.migrations.state import ProjectState
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery, Sum, Value, Window
from django.db.models.functions import RowNumber
from django.test.utils import CaptureQueriesContext

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantMismatchError
from omnitenant_models.testing import LeakError, _callers, _owners, _watch, leaks, no_leaks
from probe.models import Project, Tenant
from relations.models import Article, Author, City, Country, Essay, Mark, Picture, Shelf, Stamp, Tag, Thesis
from shapes.models import (
    Appendix,
    Badge,
    Contact,
    Document,
    Note,
    Preferences,
    Report,
    Step,
    Task,
    Template,
    Ticket,
    Vehicle,
)

use_tenant = TenantContext.use_tenant
RAW = "SELECT count(*) FROM probe_project"


def ask(sql: str = RAW, params: Any = None, using: Any = connection) -> Any:
    with using.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()


def reads() -> None:
    list(Project.objects.select_related("tenant").order_by("-name"))
    list(Task.objects.select_related("project__tenant").filter(project__name="x", project__tenant__name="x"))
    list(Task.objects.exclude(project__name="x").values_list("project__name").distinct())
    list(Project.objects.filter(tasks__name="x").annotate(n=Count("tasks")).filter(n__gt=0))
    list(Project.objects.prefetch_related("tasks", Prefetch("tasks", Task.objects.filter(name="x"), "some")))
    list(Project.objects.filter(pk__in=Task.objects.values("project")).iterator())
    list(Project.objects.filter(Exists(Task.objects.filter(project=OuterRef("pk")))))
    list(Project.objects.filter(~Exists(Task.objects.filter(project=OuterRef("pk")))))
    list(Project.objects.annotate(first=Subquery(Task.objects.filter(project=OuterRef("pk")).values("name")[:1])))
    list(Project.objects.annotate(place=Window(RowNumber(), order_by="name")).filter(place=1))
    list(Project.objects.filter(name="a").union(Project.objects.filter(name="b"), all=True).order_by("name")[:2])
    list(Project.objects.filter(name="a").intersection(Project.objects.filter(name="b")))
    list(Project.objects.filter(name="a") | Project.objects.filter(name="b"))
    list(Project.objects.filter(name="a") & Project.objects.filter(name="b"))
    list(Project.objects.filter(name="a") ^ Project.objects.filter(name="b"))
    list(Project.objects.filter(Q(name="a") | ~Q(tasks__name="b")))
    Project.objects.all()[:3].aggregate(n=Count("pk"))
    Project.objects.values("name").annotate(n=Count("tasks"), m=Sum("tasks__pk")).order_by("n").count()
    Project.objects.none().count()
    Project.objects.dates  # noqa: B018 - read only, there is no date
    Project.objects.in_bulk([1, 2])
    Project.objects.explain()
    list(Appendix.objects.filter(pages__gt=0, tenant__name="x"))
    list(Vehicle.objects.all())
    list(Document.objects.filter(report__pages=1))
    list(Ticket.objects.filter(pk=(1, 2)))
    list(Badge.objects.filter(tenant__tenant_id="acme"))
    list(Contact.objects.filter(met_through__name="x"))
    list(Step.open.all())
    list(Project.objects.raw("SELECT * FROM probe_project WHERE tenant_id = %s", [TenantContext.get_tenant().pk]))
    Tenant.objects.annotate(n=Count("project")).get(pk=TenantContext.get_tenant().pk)
    TenantContext.get_tenant().project_set.count()


def writes() -> None:
    project = Project.objects.create(name="a")
    project.name = "b"
    project.save()
    project.save(update_fields=["name"])
    project.refresh_from_db()
    project.tasks.create(name="t")
    Task.objects.get_or_create(project=project, name="u")
    Task.objects.update_or_create(project=project, name="u", defaults={"name": "v"})
    Task.objects.filter(project__name="b").update(name="w", project=project)
    Task.objects.select_for_update().filter(project=project).first()
    Project.objects.bulk_create([Project(name=f"{n}") for n in range(3)])
    Project.objects.bulk_create([Project(pk=project.pk, name="c")], ignore_conflicts=True)
    Project.objects.bulk_update(Project.objects.all(), ["name"])
    Project.objects.update(name=F("name"))
    Project.objects.filter(name__in=["0", "1"]).order_by("name")[:1].first()
    Project(pk=987, name="given").save()
    project.full_clean()
    project.delete()
    Project.objects.filter(tasks__name="x").delete()
    Project.objects.all().delete()
    appendix = Appendix.objects.create(name="a", pages=2)
    appendix.pages, appendix.letter, appendix.name = 3, "b", "c"
    appendix.save()
    Appendix.objects.update(name="x", pages=4, letter="c")
    Appendix.objects.filter(pages=4).update(letter="d")
    appendix.delete(keep_parents=True)
    Report.objects.create(name="a").delete()
    Report.objects.all().delete()
    Document.objects.create(name="a").delete()
    Vehicle.objects.create(name="v").delete()
    Preferences.objects.create(name="p").delete()
    ticket = Ticket.objects.create(number=1, name="t")
    ticket.save()
    Ticket.objects.bulk_create(
        [Ticket(number=1, name="u")],
        update_conflicts=True,
        update_fields=["name"],
        unique_fields=["tenant", "number"],
    )
    ticket.delete()
    Template.objects.create(name="t").delete()


def relates() -> None:
    country = Country.objects.create(code="x")
    city = City.objects.create(name="c", country=country)
    country.capital = city
    country.save()
    author = Author.objects.create(code=TenantContext.get_tenant().tenant_id)
    Author.objects.create(code=f"{author.code} 2", mentor=author)
    article = Article.objects.create(city=city, author=author, cover=Picture.objects.create())
    other = Article.objects.create(follows=article)
    tags = [Tag.objects.create(name=name) for name in "ab"]
    article.tags.set(tags)
    article.tags.add(tags[0].pk)
    article.tags.remove(tags[0])
    tags[0].articles.add(article, other)
    article.similar.add(other)
    article.sources.add(other)
    article.sources.clear()
    article.markets.add(country)
    country.partners.add(author)
    list(Article.objects.filter(tags__name="a").prefetch_related("tags", "similar", "markets__cities"))
    list(Article.objects.select_related("city__country__capital", "cover", "author__mentor"))
    list(Article.tags.through.objects.all())
    list(Country.objects.annotate(n=Count("cities"), m=Count("partners")).filter(articles__name="x"))
    list(Country.objects.filter(capital__name="c").select_related("capital"))
    list(Country.objects.prefetch_related("cities", "partners"))
    Country.objects.filter(cities__name="c").update(code="y")
    list(country.cities.all())
    _ = article.cover.article, city.capital_of.first(), country.capital
    shelf = Shelf.objects.create()
    shelf.articles.add(article)
    shelf.countries.add(country)
    list(Shelf.objects.filter(articles__name="", countries__code="y"))
    Stamp.objects.create(target=shelf)
    Mark.objects.create(target=article)
    list(Mark.objects.prefetch_related("target"))
    list(Stamp.objects.prefetch_related("target"))
    list(Article.objects.filter(marks__text=""))
    thesis = Thesis.objects.create(name="t", place=city)
    thesis.save()
    Essay.objects.filter(place__name="c").update(number=None, name="u")
    Thesis.objects.filter(city=None).update(name="v")
    tags[0].delete()
    city.delete()
    article.delete()
    author.delete()
    thesis.delete()
    Article.objects.all().delete()


def change_a_table() -> None:
    """A schema editor copies it as a whole."""
    field = models.CharField(max_length=200)
    field.set_attributes_from_name("name")
    with connection.schema_editor() as editor:
        editor.alter_field(Note, Note._meta.get_field("name"), field, strict=True)


def check_constraints() -> None:
    """The row that breaks one is shown in the error."""
    with connection.constraint_checks_disabled():
        Task.objects.create(name="x", project=Project.objects.create(name="x"))
        with TenantContext.unscoped(), transaction.atomic():
            ask("DELETE FROM probe_project RETURNING id")
            with pytest.raises(IntegrityError), use_tenant(Tenant.objects.get()):
                connection.check_constraints()
            transaction.set_rollback(True)


def migrate() -> None:
    """An operation of a project's own may do anything."""

    class Migration(migrations.Migration):
        operations = [migrations.RunPython(lambda *_: ask(), lambda *_: ask())]

    migration, state = Migration("one", "probe"), ProjectState()
    with connection.schema_editor() as editor:
        migration.apply(state, editor)


def migrate_back() -> None:
    """And backwards."""

    class Migration(migrations.Migration):
        operations = [migrations.RunPython(lambda *_: None, lambda *_: ask())]

    migration, state = Migration("one", "probe"), ProjectState()
    with connection.schema_editor() as editor:
        migration.unapply(state, editor)


def empty() -> None:
    """As transactional tests do when they are done."""
    call_command("flush", interactive=False, verbosity=0, reset_sequences=False, inhibit_post_migrate=True)


def set_sequences() -> None:
    """On PostgreSQL the highest number is looked up in the table."""
    command = loaddata.Command()
    command.verbosity = 1
    command.reset_sequences(Sequences(), [Project])


class Sequences:
    """A connection whose sequences are set by a statement."""

    class ops:  # noqa: N801 - Django's name
        @staticmethod
        def sequence_reset_sql(style: Any, model_list: Any) -> list[str]:
            return ["SELECT max(id) FROM probe_project"]

    cursor = connection.cursor


FOR_ALL = {
    "Command.reset_sequences": set_sequences,
    "BaseDatabaseOperations.execute_sql_flush": empty,
    "BaseDatabaseSchemaEditor.execute": change_a_table,
    "DatabaseWrapper.check_constraints": check_constraints,
    "Migration.apply": migrate,
    "Migration.unapply": migrate_back,
}


@pytest.mark.parametrize("work", [reads, writes, relates])
def test_the_row_scope_never_alarms(acme, globex, work):
    """What the ORM makes of the managers stays with the tenant, statement by statement."""
    with use_tenant(globex):
        writes()
        task = Task.objects.create(name="theirs", project=Project.objects.create(name="theirs"))
    with use_tenant(acme), no_leaks(), CaptureQueriesContext(connection) as captured:
        Task.objects.create(name="x", project=Project.objects.create(name="x"))
        work()
    assert len(captured) > 20
    with use_tenant(globex):
        task.refresh_from_db()


class TestWhereItLooks:
    """Each connection, each thread, raw and not."""

    def test_a_cursor(self, acme):
        """The error names the table, what is missing, the statement and the line."""
        with pytest.raises(LeakError) as caught, use_tenant(acme), no_leaks():
            assert ask("SELECT count(*) FROM probe_project WHERE id > %s", [7]) == (0,)
        (leak,) = caught.value.leaks
        assert (leak.table, leak.model, leak.alias, leak.scope) == ("probe_project", "probe.Project", "default", "acme")
        assert leak.reason == "nothing holds tenant_id to the active tenant 'acme'"
        text = str(caught.value)
        assert "WHERE id > %s" in text
        assert "with [7]" in text
        assert f"{__file__}:" in text
        assert " in ask" in text
        assert "a statement does not stay with the active tenant" in text
        assert "TenantContext.unscoped()" in text

    def test_raw_queries(self, acme):
        """``raw()`` checks what it can; the statement says more."""
        with pytest.raises(LeakError), use_tenant(acme), no_leaks():
            list(Project.objects.raw("SELECT * FROM probe_project WHERE name = 'x'"))

    def test_a_manager_that_shows_everything(self, acme):
        """A plain manager is as open as a cursor."""
        with pytest.raises(LeakError, match="shapes_step"), use_tenant(acme), no_leaks():
            Step.everything.count()

    def test_a_queryset_made_by_hand(self, acme):
        """It goes past the managers."""
        with pytest.raises(LeakError, match="2 statements do"), use_tenant(acme), no_leaks():
            models.QuerySet(Project).count()
            models.QuerySet(Project).filter(pk=1).update(name="x")

    def test_many_sets_of_parameters(self, acme, globex):
        """Each of them is looked at; an iterator is left whole."""
        sql = "INSERT INTO probe_project (name, tenant_id) VALUES (%s, %s)"
        with use_tenant(acme), no_leaks(), connection.cursor() as cursor:
            cursor.executemany(sql, iter([("a", acme.pk), ("b", acme.pk)]))
        with (
            pytest.raises(LeakError, match=f"it sets tenant_id to {globex.pk}"),
            use_tenant(acme),
            no_leaks(),
            connection.cursor() as cursor,
        ):
            cursor.executemany(sql, [("c", acme.pk), ("d", globex.pk)])
        with use_tenant(acme):
            assert Project.objects.count() == 3

    def test_a_statement_that_cannot_be_read(self, acme):
        """Nobody can tell, so it is told."""
        with pytest.raises(LeakError, match="cannot be read"), use_tenant(acme), no_leaks():
            ask("REPLACE INTO probe_project (id, name, tenant_id) VALUES (1, 'x', %s) RETURNING id", [acme.pk])

    def test_statements_of_other_tables_are_not_read(self, acme):
        """What the parser does not know is no matter there."""
        with use_tenant(acme), no_leaks():
            ask("SELECT name FROM sqlite_master WHERE name GLOB 'x*'")

    def test_the_same_statement_at_the_same_place_is_told_once(self, acme):
        """A loop does not fill the screen."""
        with pytest.raises(LeakError) as caught, use_tenant(acme), no_leaks():
            for _ in range(3):
                ask()
        assert len(caught.value.leaks) == 1

    def test_threads(self, transactional_db, make_tenant):
        """A connection that is opened in the block by another thread."""
        acme = make_tenant("acme")

        def work() -> None:
            with use_tenant(acme):
                ask()
            connection.close()

        with pytest.raises(LeakError), no_leaks():
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

    def test_threads_that_were_there_before(self, transactional_db, make_tenant):
        """A connection of another thread that is open already, and is left as it was."""
        acme = make_tenant("acme")
        opened, go_on = threading.Event(), threading.Event()
        wrappers = []

        def work() -> None:
            with use_tenant(acme):
                Project.objects.count()
                opened.set()
                go_on.wait()
                ask()
                wrappers.append(list(connection.execute_wrappers))
            connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        opened.wait()
        with pytest.raises(LeakError), no_leaks():
            go_on.set()
            thread.join()
        assert wrappers == [[_watch._show]]

    def test_another_connection_of_this_thread(self, transactional_db, make_tenant):
        """One that Django is told of in the block, as a tenant's own database is."""
        acme = make_tenant("acme")
        with pytest.raises(LeakError, match="'another'"), use_tenant(acme), no_leaks():
            other = connections.create_connection("default")
            other.alias = "another"
            ask(using=other)
            other.close()

    def test_coroutines(self, transactional_db, make_tenant):
        """``async with``; the ORM works in another thread there."""
        acme = make_tenant("acme")

        async def work() -> None:
            async with use_tenant(acme), no_leaks():
                assert await Project.objects.acount() == 0
                await sync_to_async(ask)()

        with pytest.raises(LeakError, match="in ask"):
            asyncio.run(self._closing(work()))

    def test_a_coroutine_that_asks_the_orm(self, transactional_db, make_tenant):
        """Its line is not in the stack of the thread that asks; that is said instead."""
        acme = make_tenant("acme")

        async def work() -> None:
            async with use_tenant(acme), no_leaks():
                await Step.everything.acount()

        with pytest.raises(LeakError, match="from a coroutine"):
            asyncio.run(self._closing(work()))

    async def _closing(self, work: Any) -> None:
        try:
            await work
        finally:
            await sync_to_async(connections.close_all)()

    def test_wrappers_of_others_stay(self, acme):
        """Nested blocks of Django's, and ours within and around them, end in any order."""
        seen: list[str] = []

        def other(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            seen.append(sql)
            return execute(sql, params, many, context)

        watch = no_leaks()
        with use_tenant(acme):
            with connection.execute_wrapper(other):
                watch.__enter__()
                Project.objects.count()
            Project.objects.count()
            assert connection.execute_wrappers == [_watch._show]
            with connection.execute_wrapper(other):
                watch.__exit__(None, None, None)
                Project.objects.count()
        assert len(seen) == 2
        assert connection.execute_wrappers == []

    def test_blocks_in_blocks(self, acme):
        """Each tells what it saw itself."""
        with pytest.raises(LeakError) as outer, use_tenant(acme), no_leaks():
            with pytest.raises(LeakError) as inner, no_leaks():
                ask()
            ask("SELECT id FROM probe_project")
        assert (len(inner.value.leaks), len(outer.value.leaks)) == (1, 2)


class TestWhatIsNoLeak:
    """All tenants are meant."""

    def test_unscoped(self, acme):
        """The explicit door is open; a block may want to see it anyway."""
        with use_tenant(acme), no_leaks(), TenantContext.unscoped():
            assert Project.objects.count() == 0
            ask()
        with pytest.raises(LeakError, match=r"\(unscoped\)"), no_leaks(allow_unscoped=False), TenantContext.unscoped():
            Project.objects.count()

    def test_nobody_and_the_master(self, acme):
        """No statement on a table of tenants could be right."""
        with pytest.raises(LeakError, match=r"no tenant is active \(nobody\)"), no_leaks():
            ask()
        with (
            pytest.raises(LeakError, match=r"no tenant is active \(master\)"),
            no_leaks(),
            TenantContext.use_master_db(),
        ):
            ask()

    def test_deleting_a_tenant(self, acme):
        """It is for all rows of the tenant, and does so unscoped."""
        with use_tenant(acme):
            Task.objects.create(name="t", project=Project.objects.create(name="p"))
        with no_leaks():
            acme.delete()

    @pytest.mark.parametrize("name", sorted(_callers._FOR_ALL))
    @pytest.mark.parametrize("recognised", [True, False])
    def test_what_django_does_for_all_tenants(self, transactional_db, make_tenant, monkeypatch, name, recognised):
        """Migrating and emptying a database, checking its constraints: where Django renames it, this fails."""
        acme = make_tenant("acme")
        if not recognised:
            monkeypatch.setattr(_callers, "_FOR_ALL", _callers._FOR_ALL - {name})
        with nullcontext() if recognised else pytest.raises(LeakError), use_tenant(acme), no_leaks():
            FOR_ALL[name]()

    @pytest.mark.parametrize("guard", sorted(_callers._GUARDS, key=str))
    @pytest.mark.parametrize("recognised", [True, False])
    def test_what_the_guards_ask(self, acme, globex, monkeypatch, guard, recognised):
        """They look past the filter, for whose a row is: no code of the project's does."""
        with use_tenant(globex):
            theirs = Project.objects.create(name="x")
        if not recognised:
            monkeypatch.setattr(_callers, "_GUARDS", _callers._GUARDS - {guard})
        asks = {
            "owner_of": theirs.delete,
            "_owner_of": lambda: Task.objects.create(project_id=theirs.pk),
            "refuse_any_taken": lambda: Project.objects.bulk_create([Project(pk=theirs.pk, name="x")]),
        }[guard.co_name]
        refused = pytest.raises(TenantMismatchError, match="globex")
        with nullcontext() if recognised else pytest.raises(LeakError), use_tenant(acme), no_leaks(), refused:
            asks()


class TestKeysThatWereFoundBefore:
    """Django deletes, and writes children with parents, by keys that an earlier statement found."""

    def test_rows_of_the_tenant(self, acme):
        """Whose rows these are is asked of the database, and is not counted as a statement of the code's."""
        with use_tenant(acme):
            project = Project.objects.create(name="x")
            with no_leaks(), CaptureQueriesContext(connection) as captured:
                Project.objects.filter(pk=project.pk).delete()
        assert not [query for query in captured if "EXCLUDE" in query["sql"] or "NOT" in query["sql"]]

    def test_rows_of_others(self, acme, globex, monkeypatch):
        """Where the guards before it failed, the last statement shows it."""
        with use_tenant(globex):
            theirs = Project.objects.create(name="x")
        collector = models.deletion.Collector(using="default")
        collector.add([theirs])
        with pytest.raises(LeakError, match="DELETE FROM"), use_tenant(acme), no_leaks(), transaction.atomic():
            collector.delete()

    @pytest.mark.parametrize(("owner", "name"), [(_callers, "_DELETING"), (_callers, "_UPDATING")])
    def test_the_names_of_djangos_functions(self, acme, monkeypatch, owner, name):
        """If Django renames one of them, this fails: its statement is not recognised."""
        with use_tenant(acme):
            report = Report.objects.create(name="x")
            work = {"_DELETING": report.delete, "_UPDATING": lambda: Report.objects.update(name="y", pages=2)}[name]
            monkeypatch.setattr(owner, name, ("django", "nothing"))
            with pytest.raises(LeakError), no_leaks():
                work()

    def test_the_question_is_needed(self, acme, globex, monkeypatch):
        """Without it a stranger's row goes unseen."""
        with use_tenant(globex):
            theirs = Project.objects.create(name="x")
        monkeypatch.setattr(leaks, "strangers_among", lambda *_: False)
        collector = models.deletion.Collector(using="default")
        collector.add([theirs])
        with use_tenant(acme), no_leaks(), transaction.atomic():
            collector.delete()

    def test_a_transaction_that_is_broken_says_so_itself(self, acme):
        """The question does not hide the project's error."""
        with use_tenant(acme):
            project = Project.objects.create(name="x")
            with pytest.raises(transaction.TransactionManagementError), no_leaks(), transaction.atomic():
                transaction.set_rollback(True)
                models.Model.delete(project)
        assert _owners.key_path(Project) == "tenant"


class TestTheEnd:
    """How a block ends."""

    def test_an_error_of_the_block_passes(self, acme):
        """With the leaks as a note."""
        with pytest.raises(ZeroDivisionError) as caught, use_tenant(acme), no_leaks():
            ask()
            raise ZeroDivisionError
        (note,) = caught.value.__notes__
        assert "probe_project" in note

    def test_what_was_found_so_far(self, acme):
        """The block can be asked, and told to forget."""
        with use_tenant(acme), no_leaks() as watch:
            assert watch.leaks == []
            ask()
            assert len(watch.leaks) == 1
            with pytest.raises(LeakError):
                watch.check()
            assert watch.leaks == []
        with use_tenant(acme):
            ask()
        assert watch.leaks == []

    def test_the_error_pickles(self, acme):
        """Test runners send it between processes."""
        with pytest.raises(LeakError) as caught, use_tenant(acme), no_leaks():
            ask()
        again = pickle.loads(pickle.dumps(caught.value))
        assert (again.leaks, str(again)) == (caught.value.leaks, str(caught.value))

    def test_long_statements_are_cut(self, acme):
        """A statement with a thousand rows does not fill the screen."""
        rows = ", ".join(["('x', 4711)"] * 1000)
        with pytest.raises(LeakError) as caught, use_tenant(acme), no_leaks(), transaction.atomic():
            ask(f"INSERT INTO probe_project (name, tenant_id) VALUES {rows} RETURNING id")
            transaction.set_rollback(True)
        assert len(str(caught.value)) < 5_000

    def test_without_sqlglot(self, monkeypatch):
        """The error names what to install."""
        monkeypatch.setitem(sys.modules, "sqlglot", None)
        with pytest.raises(ImproperlyConfigured, match=r"install omnitenant-models\[testing\]"), no_leaks():
            raise AssertionError

    def test_the_package_works_without_sqlglot(self):
        """Nothing but the block needs it."""
        code = (
            "import sys; sys.modules['sqlglot'] = None; import django; django.setup(); import omnitenant_models.testing"
        )
        subprocess.run([sys.executable, "-c", code], check=True, env=self._environment())

    def _environment(self) -> dict[str, str]:
        import os

        return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "DJANGO_SETTINGS_MODULE": "models_settings"}


def test_an_expression_as_value_is_told(acme):
    """What the guard of the key would refuse in the ORM is seen in the statement, too."""
    with pytest.raises(LeakError, match="to nothing"), use_tenant(acme), no_leaks():
        models.QuerySet(Project).filter(tenant=acme).update(name=Value("x"))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE probe_project SET tenant_id = abs(1) WHERE tenant_id = %s", [acme.pk])
