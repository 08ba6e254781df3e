"""Which statements stay with the active tenant: what the leak detector says of raw SQL."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from omnitenant_context.context import TenantContext
from omnitenant_context.scope import MASTER, NOBODY
from omnitenant_models.testing._parts import Unreadable
from omnitenant_models.testing._statements import read
from omnitenant_models.testing._tables import known_tables
from omnitenant_models.testing._verdict import Verdict

ANY_VALUE = object()


def complaints(sql: str, params: Any = None, vendor: str = "sqlite") -> list[str]:
    """Say what is wrong for whoever is active, as ``table: reason``."""
    tables, scope = known_tables(), TenantContext.get_scope()
    return [
        f"{complaint.table.model._meta.db_table}: {complaint.reason}"
        for statement in read(sql, params, vendor, tables)
        for complaint in Verdict(statement, params, scope, connection, tables).complaints()
    ]


STAYS = {
    "the key": "SELECT * FROM probe_project WHERE tenant_id = %s",
    "the key under an alias": "SELECT * FROM probe_project p WHERE p.name = 'x' AND p.tenant_id = %s",
    "the key quoted": 'SELECT * FROM "probe_project" "P" WHERE "P"."TENANT_ID" = %s',
    "the key on the right": "SELECT * FROM probe_project WHERE %s = tenant_id",
    "the key in brackets": "SELECT * FROM probe_project WHERE ((tenant_id = (%s)) AND (name LIKE 'a%%'))",
    "the key cast": "SELECT * FROM probe_project WHERE tenant_id = CAST(%s AS integer)",
    "the key in a list": "SELECT * FROM probe_project WHERE tenant_id IN (%s)",
    "the key in both branches": (
        "SELECT * FROM probe_project WHERE tenant_id = %s AND name = 'a' OR name = 'b' AND tenant_id = %s"
    ),
    "the key and a choice": "SELECT * FROM probe_project WHERE tenant_id = %s AND (name = 'a' OR name = 'b')",
    "a row value": "SELECT * FROM shapes_ticket WHERE (tenant_id, number) = (%s, 1)",
    "row values": "SELECT * FROM shapes_ticket WHERE (tenant_id, number) IN ((%s, 1), (%s, 2))",
    "joined by a foreign key": (
        "SELECT t.* FROM shapes_task t JOIN probe_project p ON p.id = t.project_id WHERE p.tenant_id = %s"
    ),
    "joined against a foreign key": (
        "SELECT p.* FROM probe_project p JOIN shapes_task t ON p.id = t.project_id WHERE t.tenant_id = %s"
    ),
    "joined in the old way": (
        "SELECT t.* FROM shapes_task t, probe_project p WHERE p.id = t.project_id AND p.tenant_id = %s"
    ),
    "joined by the keys": (
        "SELECT * FROM shapes_note n JOIN shapes_label l ON l.tenant_id = n.tenant_id WHERE n.tenant_id = %s"
    ),
    "joined by USING": "SELECT * FROM shapes_note n JOIN shapes_label l USING (tenant_id) WHERE n.tenant_id = %s",
    "joined on the left": (
        "SELECT * FROM probe_project p LEFT JOIN shapes_task t ON t.project_id = p.id WHERE p.tenant_id = %s"
    ),
    "the key in a left join": (
        "SELECT * FROM shapes_country c LEFT JOIN shapes_note n ON n.name = c.code AND n.tenant_id = %s"
    ),
    "joined on the right": (
        "SELECT * FROM shapes_task t RIGHT JOIN probe_project p ON t.project_id = p.id WHERE p.tenant_id = %s"
    ),
    "joined to the tenant": (
        "SELECT p.* FROM probe_project p JOIN probe_tenant t ON t.id = p.tenant_id WHERE t.tenant_id = 'acme'"
    ),
    "joined by three": (
        "SELECT * FROM shapes_task t JOIN probe_project p ON p.id = t.project_id JOIN probe_tenant x "
        "ON x.id = p.tenant_id WHERE x.tenant_id = 'acme'"
    ),
    "a child and its parent": (
        "SELECT * FROM shapes_report r JOIN shapes_document d ON d.id = r.document_ptr_id WHERE d.tenant_id = %s"
    ),
    "a grandchild": (
        "SELECT * FROM shapes_appendix a WHERE a.report_ptr_id IN (SELECT id FROM shapes_document WHERE tenant_id = %s)"
    ),
    "a key that names the id": "SELECT * FROM shapes_badge WHERE tenant_id = 'acme'",
    "a key in another column": "SELECT * FROM shapes_contact WHERE owner = %s",
    "a subquery": ("SELECT * FROM shapes_task WHERE project_id IN (SELECT id FROM probe_project WHERE tenant_id = %s)"),
    "a subquery of the same table": (
        "DELETE FROM probe_project WHERE id IN (SELECT u.id FROM probe_project u WHERE u.tenant_id = %s LIMIT 5)"
    ),
    "a subquery that is a UNION": (
        "SELECT * FROM shapes_task WHERE project_id IN (SELECT id FROM probe_project WHERE tenant_id = %s "
        "UNION SELECT project_id FROM shapes_task x WHERE x.tenant_id = %s)"
    ),
    "a subquery with one row": (
        "SELECT * FROM shapes_task WHERE project_id = (SELECT id FROM probe_project WHERE tenant_id = %s LIMIT 1)"
    ),
    "EXISTS": (
        "SELECT * FROM shapes_task t WHERE EXISTS "
        "(SELECT 1 FROM probe_project p WHERE p.id = t.project_id AND p.tenant_id = %s)"
    ),
    "EXISTS in it": (
        "SELECT * FROM probe_project p WHERE p.tenant_id = %s AND NOT EXISTS "
        "(SELECT 1 FROM shapes_task t WHERE t.project_id = p.id)"
    ),
    "a column without its table": (
        "SELECT * FROM probe_project p WHERE p.tenant_id = %s AND EXISTS "
        "(SELECT 1 FROM shapes_task t WHERE project_id = p.id)"
    ),
    "a subquery in the list": (
        "SELECT (SELECT count(*) FROM shapes_task t WHERE t.project_id = p.id) FROM probe_project p "
        "WHERE p.tenant_id = %s"
    ),
    "a derived table": ("SELECT count(*) FROM (SELECT id FROM probe_project WHERE tenant_id = %s LIMIT 3) s"),
    "joined to a derived table": (
        "SELECT * FROM shapes_task t JOIN (SELECT id AS key FROM probe_project WHERE tenant_id = %s) p "
        "ON p.key = t.project_id"
    ),
    "joined to all columns of one": (
        "SELECT * FROM shapes_task t JOIN (SELECT * FROM probe_project WHERE tenant_id = %s) p ON p.id = t.project_id"
    ),
    "a common table": (
        "WITH mine AS (SELECT id FROM probe_project WHERE tenant_id = %s) "
        "SELECT * FROM shapes_task t JOIN mine ON mine.id = t.project_id"
    ),
    "a common table with heads": (
        "WITH mine (key) AS (SELECT id FROM probe_project WHERE tenant_id = %s) "
        "SELECT * FROM shapes_task t WHERE t.project_id IN (SELECT key FROM mine)"
    ),
    "a common table of the same name": (
        "WITH probe_project AS (SELECT * FROM probe_project WHERE tenant_id = %s) SELECT * FROM probe_project"
    ),
    "a recursive one": (
        "WITH RECURSIVE n AS (SELECT id FROM probe_project WHERE tenant_id = %s UNION ALL SELECT id + 1 FROM n) "
        "SELECT * FROM n"
    ),
    "a union": (
        "SELECT id FROM probe_project WHERE tenant_id = %s UNION SELECT id FROM shapes_task WHERE tenant_id = %s"
    ),
    "nested joins": (
        "SELECT * FROM (probe_project p JOIN shapes_task t ON t.project_id = p.id) WHERE p.tenant_id = %s"
    ),
    "inserting": "INSERT INTO probe_project (name, tenant_id) VALUES ('x', %s), ('y', %s)",
    "inserting what is the tenant's": (
        "INSERT INTO shapes_note (name, tenant_id) SELECT name, tenant_id FROM probe_project WHERE tenant_id = %s"
    ),
    "inserting for the tenant": (
        "INSERT INTO shapes_note (name, tenant_id) SELECT 'x', id FROM probe_tenant WHERE tenant_id = 'acme'"
    ),
    "inserting a child": "INSERT INTO shapes_report (document_ptr_id, pages) VALUES (7, 1)",
    "an upsert by the key": (
        "INSERT INTO shapes_ticket (tenant_id, number, name) VALUES (%s, 1, 'x') "
        "ON CONFLICT (tenant_id, number) DO UPDATE SET name = excluded.name, tenant_id = excluded.tenant_id"
    ),
    "ignoring conflicts": (
        "INSERT INTO probe_project (id, name, tenant_id) VALUES (1, 'x', %s) ON CONFLICT DO NOTHING"
    ),
    "ignoring in SQLite's way": "INSERT OR IGNORE INTO probe_project (id, name, tenant_id) VALUES (1, 'x', %s)",
    "updating": "UPDATE probe_project SET name = 'x' WHERE tenant_id = %s",
    "updating the key to itself": "UPDATE probe_project SET tenant_id = %s, name = 'x' WHERE tenant_id = %s",
    "updating with others": (
        "UPDATE shapes_task SET name = p.name FROM probe_project p WHERE p.id = project_id AND p.tenant_id = %s"
    ),
    "deleting": "DELETE FROM probe_project WHERE tenant_id = %s",
    "a table of nobody": "SELECT * FROM auth_user",
    "a table of everybody": "SELECT * FROM shapes_country",
    "the tenants": "SELECT * FROM probe_tenant",
    "two foreign keys to a row of the tenant's": (
        "SELECT * FROM relations_article a WHERE a.city_id IN (SELECT place_id FROM relations_essay e JOIN "
        "relations_paper p ON p.id = e.paper_ptr_id WHERE p.tenant_id = %s)"
    ),
    "a foreign key to a child": (
        "SELECT * FROM relations_quote q JOIN relations_paper p ON p.id = q.essay_id WHERE p.tenant_id = %s"
    ),
    "a foreign key to a one-to-one": (
        "SELECT * FROM relations_fan f JOIN relations_author a ON a.id = f.profile_id WHERE a.tenant_id = %s"
    ),
    "the same row twice": (
        "SELECT * FROM relations_article a WHERE a.cover_id IN (SELECT x.cover_id FROM relations_article x "
        "WHERE x.tenant_id = %s)"
    ),
    "the tenant through another row": (
        "SELECT * FROM probe_project p JOIN shapes_membership m ON m.organisation_id = p.tenant_id "
        "JOIN probe_tenant t ON t.id = m.organisation_id WHERE t.tenant_id = 'acme'"
    ),
    "a row of the tenant's through one of nobody's": (
        "SELECT a.* FROM relations_article a JOIN relations_country c ON c.capital_id = a.city_id "
        "JOIN relations_city t ON t.id = c.capital_id WHERE t.tenant_id = %s"
    ),
    "a common row beside": (
        "SELECT * FROM relations_city t JOIN relations_country c ON c.id = t.country_id WHERE t.tenant_id = %s"
    ),
    "common rows of the tenant": (
        "SELECT * FROM relations_city t JOIN relations_country c ON c.id = t.country_id JOIN relations_paper p "
        "ON p.country_id = c.id WHERE t.tenant_id = %s AND p.tenant_id = %s"
    ),
    "keeping in a table": "CREATE TABLE zz AS SELECT * FROM probe_project WHERE tenant_id = %s",
    "a view": "CREATE VIEW zz AS SELECT * FROM probe_project",
    "a table with a column that is made": "CREATE TABLE zz (a integer, b integer GENERATED ALWAYS AS (a) STORED)",
    "a table, and a view of another": (
        "CREATE TABLE zz (id integer REFERENCES probe_project (id)); CREATE VIEW yy AS SELECT * FROM probe_project; "
        "CREATE TABLE xx AS SELECT 1 AS id"
    ),
    "a text with a name": "SELECT 'probe_project'",
    "a savepoint": 'SAVEPOINT "probe_project"',
    "explaining": "EXPLAIN QUERY PLAN SELECT * FROM probe_project",
    "DDL": "CREATE INDEX x ON probe_project (name)",
    "a comment before": "/* SELECT */ -- x\n SELECT * FROM probe_project WHERE tenant_id = %s",
    "two statements": "SELECT 1; SELECT * FROM probe_project WHERE tenant_id = %s",
}

LEAKS = {
    "no condition": "SELECT * FROM probe_project",
    "another condition": "SELECT * FROM probe_project WHERE id = %s",
    "the key of somebody": "SELECT * FROM probe_project WHERE tenant_id = %s + 0",
    "the key of another": "SELECT * FROM probe_project WHERE tenant_id = 4711",
    "the key of two": "SELECT * FROM probe_project WHERE tenant_id IN (%s, 4711)",
    "the key or not": "SELECT * FROM probe_project WHERE tenant_id = %s OR name = 'x'",
    "the key or the key of another": "SELECT * FROM probe_project WHERE tenant_id = %s OR tenant_id = 4711",
    "everybody but": "SELECT * FROM probe_project WHERE NOT tenant_id = %s",
    "everybody else": "SELECT * FROM probe_project WHERE tenant_id <> %s",
    "above": "SELECT * FROM probe_project WHERE tenant_id >= %s",
    "NULL": "SELECT * FROM shapes_template WHERE tenant_id IS NULL",
    "the key of another table": (
        "SELECT * FROM shapes_task t JOIN probe_project p ON p.name = t.name WHERE p.tenant_id = %s"
    ),
    "the key of another column": "SELECT * FROM shapes_contact WHERE met_through_id = %s",
    "the key as a value of the list": "SELECT tenant_id = %s FROM probe_project",
    "the key in the order": "SELECT * FROM probe_project ORDER BY tenant_id = %s",
    "the key in HAVING": "SELECT count(*) FROM probe_project HAVING max(tenant_id) = %s",
    "the key in a filter": "SELECT count(*) FILTER (WHERE tenant_id = %s) FROM probe_project",
    "the key of a left join": (
        "SELECT * FROM probe_project p LEFT JOIN shapes_task t ON t.project_id = p.id AND p.tenant_id = %s"
    ),
    "the other side of a left join": (
        "SELECT * FROM probe_project p LEFT JOIN shapes_task t ON t.project_id = p.id AND t.tenant_id = %s"
    ),
    "the other side of a right join": (
        "SELECT * FROM shapes_task t RIGHT JOIN probe_project p ON t.project_id = p.id AND p.tenant_id = %s"
    ),
    "a full join": (
        "SELECT * FROM shapes_note n FULL JOIN shapes_label l ON l.tenant_id = n.tenant_id AND n.tenant_id = %s"
    ),
    "a common row": ("SELECT * FROM shapes_task t JOIN shapes_country c ON c.code = t.name WHERE c.id = %s"),
    "NOT EXISTS": (
        "SELECT * FROM shapes_task t WHERE NOT EXISTS "
        "(SELECT 1 FROM probe_project p WHERE p.id = t.project_id AND p.tenant_id = %s)"
    ),
    "EXISTS of what is always there": (
        "SELECT * FROM shapes_task t WHERE EXISTS "
        "(SELECT count(*) FROM probe_project p WHERE p.id = t.project_id AND p.tenant_id = %s)"
    ),
    "EXISTS without a link": (
        "SELECT * FROM shapes_task t WHERE EXISTS (SELECT 1 FROM probe_project p WHERE p.tenant_id = %s)"
    ),
    "NOT IN": ("SELECT * FROM shapes_task WHERE project_id NOT IN (SELECT id FROM probe_project WHERE tenant_id = %s)"),
    "a union of one": ("SELECT id FROM probe_project WHERE tenant_id = %s UNION SELECT id FROM shapes_task"),
    "a subquery that is a UNION with others": (
        "SELECT * FROM shapes_task t JOIN probe_project p ON p.id = t.project_id WHERE t.project_id IN "
        "(SELECT id FROM probe_project u WHERE u.tenant_id = %s UNION SELECT id FROM shapes_country)"
    ),
    "a subquery in it": (
        "SELECT * FROM probe_project WHERE tenant_id = %s AND id IN (SELECT project_id FROM shapes_task)"
    ),
    "a derived table that is filtered outside": (
        "SELECT * FROM (SELECT *, row_number() OVER () FROM probe_project) p WHERE p.tenant_id = %s"
    ),
    "a common table": "WITH all_of_them AS (SELECT * FROM probe_project) SELECT 1",
    "a child alone": "SELECT * FROM shapes_report WHERE document_ptr_id = %s",
    "a child and strangers' parents": (
        "SELECT * FROM shapes_report r JOIN shapes_document d ON d.id = r.pages WHERE d.tenant_id = %s"
    ),
    "inserting for another": "INSERT INTO probe_project (name, tenant_id) VALUES ('x', %s), ('y', 4711)",
    "inserting for nobody": "INSERT INTO probe_project (name) VALUES ('x')",
    "inserting without columns": "INSERT INTO probe_project VALUES (1, %s, 'x')",
    "inserting defaults": "INSERT INTO probe_project DEFAULT VALUES",
    "inserting an expression": "INSERT INTO probe_project (name, tenant_id) VALUES ('x', %s + 0)",
    "inserting what is others'": "INSERT INTO shapes_note (name, tenant_id) SELECT name, tenant_id FROM shapes_label",
    "inserting another's key": (
        "INSERT INTO shapes_note (name, tenant_id) SELECT name, id FROM probe_project WHERE tenant_id = %s"
    ),
    "inserting in SQLite's way": "REPLACE INTO probe_project (id, name, tenant_id) VALUES (1, 'x', %s)",
    "replacing": "INSERT OR REPLACE INTO probe_project (id, name, tenant_id) VALUES (1, 'x', %s)",
    "an upsert by another key": (
        "INSERT INTO probe_project (id, name, tenant_id) VALUES (1, 'x', %s) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name"
    ),
    "an upsert that gives away": (
        "INSERT INTO shapes_ticket (tenant_id, number, name) VALUES (%s, 1, 'x') "
        "ON CONFLICT (tenant_id, number) DO UPDATE SET tenant_id = 4711"
    ),
    "an upsert of a child": (
        "INSERT INTO shapes_vehicle (asset_ptr_id, wheels) VALUES (%s, 1) ON CONFLICT (wheels) DO UPDATE SET wheels = 3"
    ),
    "replacing in small letters": "insert or replace into probe_project(id,name,tenant_id) values (1,'x',%s)",
    "replacing by what is the tenant's": (
        "INSERT OR REPLACE INTO probe_project (id, name, tenant_id) SELECT id, name, tenant_id FROM shapes_note "
        "WHERE tenant_id = %s"
    ),
    "the same common row": (
        "SELECT * FROM relations_city WHERE country_id IN "
        "(SELECT country_id FROM relations_city t WHERE t.tenant_id = %s)"
    ),
    "EXISTS of the same common row": (
        "SELECT * FROM relations_city c WHERE EXISTS "
        "(SELECT 1 FROM relations_city t WHERE t.country_id = c.country_id AND t.tenant_id = %s)"
    ),
    "joined by a common row": (
        "SELECT * FROM relations_city c JOIN relations_paper p ON p.country_id = c.country_id WHERE p.tenant_id = %s"
    ),
    "joined through a common row": (
        "SELECT * FROM relations_city c JOIN relations_country x ON x.id = c.country_id JOIN relations_city t "
        "ON t.country_id = x.id WHERE t.tenant_id = %s"
    ),
    "the same common row in the list": (
        "SELECT (SELECT count(*) FROM relations_city t WHERE t.country_id = c.country_id) FROM relations_city c "
        "WHERE c.tenant_id = %s"
    ),
    "the same type of content": (
        "SELECT * FROM relations_stamp s JOIN relations_stamp t ON t.content_type_id = s.content_type_id "
        "WHERE t.tenant_id = %s"
    ),
    "the child of a common row": (
        "SELECT * FROM relations_city c JOIN relations_island i ON i.country_ptr_id = c.country_id "
        "JOIN relations_city t ON t.country_id = i.country_ptr_id WHERE t.tenant_id = %s"
    ),
    "a foreign key of a common row": (
        "SELECT * FROM relations_review r JOIN relations_quote q ON q.id = r.quote_id JOIN relations_article a "
        "ON a.id = r.article_id WHERE q.tenant_id = %s"
    ),
    "a common row that names one of the tenant's": (
        "SELECT p.* FROM relations_paper p JOIN relations_country c ON c.id = p.country_id "
        "JOIN relations_city t ON t.id = c.capital_id WHERE t.tenant_id = %s"
    ),
    "joined by a table that nobody knows": (
        "SELECT * FROM shapes_task t JOIN unknown u ON u.id = t.project_id JOIN probe_project p ON p.id = u.id "
        "WHERE p.tenant_id = %s"
    ),
    "a tenant beside the key": (
        "SELECT * FROM shapes_contact c JOIN probe_project p ON p.tenant_id = c.met_through_id WHERE p.tenant_id = %s"
    ),
    "what a tenant beside the key has": (
        "SELECT * FROM shapes_contact c JOIN probe_project p ON p.tenant_id = c.met_through_id WHERE c.owner = %s"
    ),
    "keeping all in a table": "CREATE TABLE zz AS SELECT * FROM probe_project",
    "keeping all for a while": (
        "create temporary table if not exists zz as with x as (select * from probe_project) select 1"
    ),
    "updating all": "UPDATE probe_project SET name = 'x'",
    "updating by primary key": "UPDATE probe_project SET name = 'x' WHERE id = %s",
    "giving away": "UPDATE probe_project SET tenant_id = 4711 WHERE tenant_id = %s",
    "giving away by an expression": "UPDATE probe_project SET tenant_id = tenant_id + 1 WHERE tenant_id = %s",
    "updating from others": (
        "UPDATE probe_project SET name = t.name FROM shapes_task t WHERE probe_project.tenant_id = %s"
    ),
    "deleting all": "DELETE FROM probe_project",
    "deleting by primary key": "DELETE FROM probe_project WHERE id IN (%s, 2)",
    "the second statement": "SELECT 1; DELETE FROM probe_project",
    "behind a comment": "/* SELECT */ -- tenant_id = %s\n SELECT * FROM probe_project",
}


def given(sql: str, value: Any) -> tuple[Any, ...] | None:
    count = sql.count("%s")
    return (value,) * count or None


@pytest.mark.parametrize("name", STAYS)
@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_what_stays_with_the_tenant(acme, name, vendor):
    """Each table of tenants is held to the active one."""
    sql = STAYS[name]
    with TenantContext.use_tenant(acme):
        assert complaints(sql, given(sql, acme.pk), vendor) == []


@pytest.mark.parametrize("name", LEAKS)
@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_what_could_meet_others(acme, name, vendor):
    """Some table is not, or what is written is not the tenant's; or nobody can tell."""
    sql = LEAKS[name]
    with TenantContext.use_tenant(acme):
        try:
            assert complaints(sql, given(sql, acme.pk), vendor)
        except Unreadable:
            assert sql.startswith("REPLACE")


@pytest.mark.parametrize("name", [name for name in STAYS if "tenant" in STAYS[name] or "owner" in STAYS[name]])
def test_what_is_right_for_another_is_wrong_here(acme, globex, name):
    """The value counts, not only the column."""
    sql = STAYS[name]
    if not given(sql, globex.pk):
        return
    with TenantContext.use_tenant(acme):
        assert complaints(sql, given(sql, globex.pk))


@pytest.mark.parametrize("scope", [NOBODY, MASTER])
def test_without_a_tenant_every_statement_leaks(acme, scope):
    """Nobody's key could make it right."""
    with TenantContext.use_scope(scope):
        (found,) = complaints("SELECT * FROM probe_project WHERE tenant_id = %s", (acme.pk,))
        assert found == f"probe_project: no tenant is active ({scope.label})"
        (found,) = complaints("INSERT INTO probe_project (tenant_id) VALUES (%s)", (acme.pk,))
        assert f"it sets tenant_id to {acme.pk}" in found
        assert complaints("SELECT * FROM probe_tenant") == []


@pytest.mark.parametrize("value", ["{pk}", "'{pk}'"])
def test_a_value_in_the_text(acme, globex, value):
    """Values need not be parameters."""
    sql = f"SELECT * FROM probe_project WHERE tenant_id = {value}"
    with TenantContext.use_tenant(acme):
        assert complaints(sql.format(pk=acme.pk)) == []
        assert complaints(sql.format(pk=globex.pk))


def test_parameters_with_names(acme, globex):
    """Both kinds of parameters are looked up."""
    sql = "SELECT * FROM probe_project WHERE tenant_id = %(whose)s AND name = %(name)s"
    with TenantContext.use_tenant(acme):
        assert complaints(sql, {"whose": acme.pk, "name": "x"}) == []
        assert complaints(sql, {"whose": globex.pk, "name": "x"})


def test_parameters_as_text(acme):
    """A value that the database takes for the key counts as the key."""
    with TenantContext.use_tenant(acme):
        assert complaints("SELECT * FROM probe_project WHERE tenant_id = %s", (str(acme.pk),)) == []
        assert complaints("SELECT * FROM probe_project WHERE tenant_id = %s", ("x",))


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT FROM WHERE probe_project", None),
        ("SELECT * FROM probe_project WHERE tenant_id = %s", (1, 2)),
        ("CALL something(probe_project)", None),
    ],
)
def test_what_cannot_be_read(acme, sql, params):
    """It is said, not passed over."""
    with TenantContext.use_tenant(acme), pytest.raises(Unreadable):
        complaints(sql, params)


def test_a_kind_of_database_that_the_parser_does_not_know(acme):
    """It is said, too."""
    with TenantContext.use_tenant(acme), pytest.raises(Unreadable, match="nosuchdb"):
        complaints("SELECT * FROM probe_project", None, "nosuchdb")


@pytest.mark.parametrize(
    "sql",
    ["TRUNCATE probe_project", "COPY probe_project TO STDOUT", "TABLE probe_project"],
)
def test_whole_tables_of_postgresql(acme, sql):
    """What only PostgreSQL has."""
    with TenantContext.use_tenant(acme):
        assert complaints(sql, None, "postgresql")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM probe_project WHERE tenant_id = ANY(%s)",
        "SELECT * FROM probe_project WHERE tenant_id IN %s",
        'INSERT INTO "probe_project" ("tenant_id", "name") SELECT * FROM UNNEST((%s)::bigint[], (%s)::varchar[])',
    ],
)
def test_lists_of_postgresql(acme, globex, sql):
    """A parameter may hold a list: each value counts, and an empty one says nothing."""
    names = (["a", "b"],) * (sql.count("%s") - 1)
    with TenantContext.use_tenant(acme):
        assert complaints(sql, ([acme.pk, acme.pk], *names), "postgresql") == []
        for wrong in ([acme.pk, globex.pk], [globex.pk], [None], []):
            assert complaints(sql, (wrong, *names), "postgresql")


def test_merging(acme):
    """A MERGE is not looked into: it names the table, and nothing holds it."""
    sql = "MERGE INTO probe_project USING shapes_note n ON n.id = probe_project.id WHEN MATCHED THEN DELETE"
    with TenantContext.use_tenant(acme):
        assert complaints(sql, None, "postgresql")
