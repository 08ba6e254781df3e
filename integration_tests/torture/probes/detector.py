"""The test kit: the leak detector, and what says that two tenants are apart."""

from __future__ import annotations

from typing import Any

from harness.register import topic

detector = topic("leak detector")


@detector(essential=True)
def passes_own_code(w: Any) -> None:
    """The leak detector passes what the guards let through."""
    from django.db.models import Count

    from omnitenant_models.testing import no_leaks

    with w.enter(w.A), no_leaks():
        project = (
            w.Project.objects.select_related("country", "contract")
            .prefetch_related("tasks", "tags")
            .get(pk=w.A.project_pk)
        )
        project.budget += 1
        project.save()
        project.tags.add(w.A.tag2_pk)
        w.Task.objects.create(title="x", project=project)
        w.Task.objects.filter(title="x").update(hours=2)
        w.Task.objects.filter(title="x").delete()
        list(w.Country.objects.annotate(n=Count("projects")))
        list(w.Appendix.objects.filter(name="harmless"))


STATEMENTS: dict[str, tuple[str, list[Any]]] = {
    "select": ("SELECT * FROM world_project", []),
    "select by key": ("SELECT * FROM world_project WHERE id = %s", [2001]),
    "subquery": ("SELECT * FROM world_country WHERE id IN (SELECT country_id FROM world_project)", []),
    "join": ("SELECT c.code, p.name FROM world_country c LEFT JOIN world_project p ON p.country_id = c.id", []),
    "or": ("SELECT * FROM world_project WHERE tenant_id = %s OR id > 0", [1]),
    "another tenant": ("SELECT * FROM world_project WHERE tenant_id = %s", [2]),
    "union": ("SELECT name FROM world_tag WHERE tenant_id = %s UNION SELECT name FROM world_project", [1]),
    "aggregate": ("SELECT COUNT(*) FROM world_project", []),
    "through table": ("SELECT * FROM world_project_tags", []),
    "child": ("SELECT * FROM world_report", []),
    "same common row": (
        "SELECT * FROM world_project WHERE country_id IN (SELECT country_id FROM world_project WHERE tenant_id = %s)",
        [1],
    ),
    "exists with the same common row": (
        (
            "SELECT * FROM world_project p WHERE EXISTS "
            "(SELECT 1 FROM world_project q WHERE q.country_id = p.country_id AND q.tenant_id = %s)"
        ),
        [1],
    ),
    "join by a common row": (
        "SELECT p.* FROM world_project p JOIN world_project q ON q.country_id = p.country_id WHERE q.tenant_id = %s",
        [1],
    ),
    "join through a common row": (
        (
            "SELECT p.* FROM world_project p JOIN world_country c ON c.id = p.country_id "
            "JOIN world_project q ON q.country_id = c.id WHERE q.tenant_id = %s"
        ),
        [1],
    ),
    "same common row in the list": (
        (
            "SELECT name, (SELECT max(x.name) FROM world_project x WHERE x.country_id = p.country_id) "
            "FROM world_project p WHERE p.tenant_id = %s"
        ),
        [1],
    ),
    "new table": ("CREATE TABLE zz AS SELECT * FROM world_project WHERE id < 0", []),
}

OWN: dict[str, tuple[str, list[Any]]] = {
    "foreign key": (
        "SELECT t.* FROM world_task t JOIN world_project p ON p.id = t.project_id WHERE p.tenant_id = %s",
        [1],
    ),
    "two foreign keys to an own row": (
        "SELECT * FROM world_task WHERE project_id IN (SELECT project_id FROM world_task t WHERE t.tenant_id = %s)",
        [1],
    ),
    "common row beside": (
        "SELECT p.name, c.code FROM world_project p JOIN world_country c ON c.id = p.country_id WHERE p.tenant_id = %s",
        [1],
    ),
    "keys": (
        "SELECT p.name FROM world_project p JOIN world_tag t ON t.tenant_id = p.tenant_id WHERE t.tenant_id = %s",
        [1],
    ),
}


@detector(needs="shared", cases=OWN)
def passes_statement(w: Any, case: tuple[str, list[Any]]) -> None:
    """The leak detector passes a statement that reaches own rows by foreign keys."""
    from django.db import connection

    from omnitenant_models.testing import no_leaks

    sql, params = case
    with w.enter(w.A), no_leaks(), connection.cursor() as cursor:
        cursor.execute(sql, params)


@detector(needs="shared", cases=STATEMENTS)
def finds_statement(w: Any, case: tuple[str, list[Any]]) -> None:
    """The leak detector finds a statement that reaches rows of other tenants."""
    from django.db import connection

    from omnitenant_models.testing import LeakError, no_leaks

    sql, params = case
    try:
        with w.enter(w.A), no_leaks(), connection.cursor() as cursor:
            cursor.execute(sql, params)
    except LeakError:
        return
    raise AssertionError("it was not found")


WRITING = {
    "update": "UPDATE world_tag SET name = name",
    "delete": "DELETE FROM world_tag WHERE id = -1",
    "insert for another": "INSERT INTO world_tag (name, tenant_id) VALUES ('x', 2)",
    "insert of a reference": "INSERT INTO world_project_tags (project_id, tag_id) SELECT id, 1002 FROM world_project",
    "giving away": "UPDATE world_duty SET tenant_id = 2 WHERE tenant_id = 1",
    "upsert": (
        "INSERT INTO world_tag (id, name, tenant_id) VALUES (2001, 'x', 1) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name"
    ),
}


@detector(needs="shared", cases=WRITING)
def finds_writing_statement(w: Any, sql: str) -> None:
    """The leak detector finds a statement that writes rows of other tenants."""
    from django.db import connection, transaction

    from omnitenant_models.testing import LeakError, no_leaks

    try:
        with w.enter(w.A), transaction.atomic(), no_leaks(), connection.cursor() as cursor:
            cursor.execute(sql)
    except LeakError:
        return
    raise AssertionError("it was not found")


REPLACING = {
    "replace": "INSERT OR REPLACE INTO world_tag(id, name, tenant_id) VALUES (2001, 'x', 1)",
    "replace in small letters": "insert or replace into world_tag(id, name, tenant_id) values (2001, 'x', 1)",
    "replace in short": "REPLACE INTO world_tag (id, name, tenant_id) VALUES (2001, 'x', 1)",
    "update or replace": "UPDATE OR REPLACE world_tag SET id = 2001 WHERE id = 1001 AND tenant_id = 1",
}


@detector(needs="shared sqlite", cases=REPLACING)
def finds_replacing_statement(w: Any, sql: str) -> None:
    """The leak detector finds a statement that puts a row in the place of another tenant's."""
    finds_writing_statement(w, sql)


@detector(needs="shared")
def finds_a_plain_manager(w: Any) -> None:
    """The leak detector finds what goes through a plain manager."""
    from omnitenant_models.testing import LeakError, no_leaks

    try:
        with w.enter(w.A), no_leaks():
            list(w.Step.everything.all())
    except LeakError:
        return
    raise AssertionError("it was not found")


@detector(needs="shared")
def finds_statement_of_nobody(w: Any) -> None:
    """The leak detector finds a statement on rows of tenants with nobody active."""
    from django.db import connection

    from omnitenant_models.testing import LeakError, no_leaks

    try:
        with w.nobody(), no_leaks(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM world_project WHERE tenant_id = 1")
    except LeakError:
        return
    raise AssertionError("it was not found")


@detector(needs="shared")
def leaves_unscoped_code_alone(w: Any) -> None:
    """The leak detector leaves unscoped blocks alone, unless it is told not to."""
    from omnitenant_models.testing import LeakError, no_leaks

    with no_leaks(), w.unscoped():
        list(w.Project.objects.all())
    try:
        with no_leaks(allow_unscoped=False), w.unscoped():
            list(w.Project.objects.all())
    except LeakError:
        return
    raise AssertionError("it was not found")


ISOLATED = ("Tag", "Project", "Task", "Report", "Label")


@detector(needs="shared", cases={model.lower(): model for model in ISOLATED})
def model_is_isolated(w: Any, model: str) -> None:
    """The test kit finds guarded models isolated."""
    from omnitenant_models.testing import assert_isolated

    assert_isolated(getattr(w, model), w.A.tenant, w.B.tenant)


@detector(needs="shared")
def model_is_not_isolated(w: Any) -> None:
    """The test kit finds a model with a plain manager not isolated."""
    from omnitenant_models.testing import assert_isolated

    try:
        assert_isolated(w.Step, w.A.tenant, w.B.tenant)
    except AssertionError:
        return
    raise AssertionError("it was found isolated")


@detector(needs="shared")
def function_is_isolated(w: Any) -> None:
    """The test kit tells a function that returns own rows from one that returns everybody's."""
    from omnitenant_models.testing import assert_isolated

    assert_isolated(lambda: list(w.Project.objects.all()), w.A.tenant, w.B.tenant)

    def leaking() -> Any:
        with w.unscoped():
            return list(w.Project.objects.all())

    try:
        assert_isolated(leaking, w.A.tenant, w.B.tenant)
    except AssertionError:
        return
    raise AssertionError("it was found isolated")
