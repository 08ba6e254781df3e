"""Threads that switch between schemas at random, and write down what they have seen.

    python turmoil.py HOST PORT DATABASE --driver psycopg3 --pooled --steps 100

The last line of its output is JSON: how much was done, and each thing that went wrong. Nothing may. Every thread
checks at every step whose rows it sees; at the end every schema must hold what was committed for it, and nothing else.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import random
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drivers import DRIVERS, choose

PUBLIC = "public"


class RolledBackError(Exception):
    """Leaves a transaction by rolling it back."""


class Actor:
    """One thread's random walk."""

    def __init__(self, number: int, seed: int, schemas: list[str], driver: str, *, pooled: bool) -> None:
        self.random = random.Random(f"{seed}-{number}")
        self.schemas = schemas
        self.driver = driver
        self.pooled = pooled
        self.here = PUBLIC
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.pending: list[list[tuple[str, str]]] = []
        self.committed: list[tuple[str, str]] = []
        self._tokens = (f"{number}-{each}" for each in itertools.count())

    def run(self, steps: int) -> None:
        """Walk, and close the connection at the end."""
        from django.db import connections

        from omnitenant_context.context import TenantContext

        try:
            with TenantContext.use_master_db():
                for _ in range(steps):
                    try:
                        self.step(0)
                    except Exception:  # noqa: BLE001 - it is reported
                        self.wrong.append(traceback.format_exc())
                        self.pending, self.here = [], PUBLIC
                        connections.close_all()
        finally:
            connections.close_all()

    # What is expected

    def expect(self, what: str, seen: object, wanted: object) -> None:
        self.done["checks"] += 1
        if seen != wanted:
            self.wrong.append(f"{what} in {self.here}: wanted {wanted!r}, got {seen!r}")

    def wrote(self, tokens: list[str]) -> None:
        rows = [(self.here, token) for token in tokens]
        (self.pending[-1] if self.pending else self.committed).extend(rows)
        self.done["rows"] += len(rows)

    def new_tokens(self, most: int = 3) -> list[str]:
        return [next(self._tokens) for _ in range(self.random.randint(1, most))]

    # The walk

    def step(self, depth: int) -> None:
        """Do something, or nest."""
        self.done["steps"] += 1
        if depth < 4 and self.random.random() < 0.45:
            nest = self.random.choice(
                [self.switch, self.switch, self.atomic, self.atomic, self.savepoint, self.nested_atomic]
            )
            with nest():
                for _ in range(self.random.randint(1, 4)):
                    self.step(depth + 1)
            self.look()
            return
        actions = [*self.anywhere]
        if not self.pending:
            actions += self.outside
        elif len(self.pending) > 0:
            actions += self.inside
        action = self.random.choice(actions)
        self.done[action] += 1
        getattr(self, action)()

    anywhere = (
        "look",
        "look",
        "look_by_orm",
        "create",
        "create",
        "bulk_create",
        "executemany",
        "copy_in",
        "copy_out",
        "call_function",
        "iterate",
        "raw_cursor",
        "update",
        "fail_in_savepoint",
        "tables",
    )
    outside = ("fail", "raw_transaction", "vacuum", "close", "driver_specific", "on_commit_now")
    inside = ("on_commit", "server_cursor", "for_update", "driver_specific")

    @contextmanager
    def switch(self) -> Iterator[None]:
        from omnitenant_context.context import TenantContext

        target = self.random.choice([PUBLIC, *self.schemas, *self.schemas])
        guard = TenantContext.use_master_db() if target == PUBLIC else TenantContext.use_schema(target)
        before, self.here = self.here, target
        try:
            with guard:
                yield
        finally:
            self.here = before

    @contextmanager
    def atomic(self) -> Iterator[None]:
        from django.db import transaction

        self.pending.append([])
        try:
            with transaction.atomic():
                yield
                if self.random.random() < 0.3:
                    self.done["rollbacks"] += 1
                    raise RolledBackError  # noqa: TRY301 - the block that it leaves is what matters
        except RolledBackError:
            self.pending.pop()
        except BaseException:
            self.pending.pop()
            raise
        else:
            rows = self.pending.pop()
            (self.pending[-1] if self.pending else self.committed).extend(rows)

    @contextmanager
    def nested_atomic(self) -> Iterator[None]:
        """Let SAVEPOINT be the first statement of a transaction."""
        with self.atomic(), self.atomic():
            yield

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        from django.db import connection

        with self.atomic():
            name = connection.savepoint()
            self.pending.append([])
            yield
            rows = self.pending.pop()
            if self.random.random() < 0.5:
                self.done["rollbacks"] += 1
                connection.savepoint_rollback(name)
            else:
                connection.savepoint_commit(name)
                self.pending[-1].extend(rows)

    # Reading

    def look(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            if self.random.random() < 0.5:
                cursor.execute("SELECT name, %s FROM ledger_sign", ["100%"])
            else:
                cursor.execute("SELECT name, '100%' FROM ledger_sign")
            self.expect("look", cursor.fetchall(), [(self.here, "100%")])

    def look_by_orm(self) -> None:
        from ledger.models import Sign

        self.expect("orm", [each.name for each in Sign.objects.filter(name__isnull=False)], [self.here])

    def raw_cursor(self) -> None:
        from django.db import connection

        connection.ensure_connection()
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT name FROM ledger_sign")
            self.expect("raw cursor", cursor.fetchone()[0], self.here)
            cursor.execute("SELECT %s || name FROM ledger_sign", ["raw "])
            self.expect("raw cursor", cursor.fetchone()[0], f"raw {self.here}")

    def call_function(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.callproc(self.random.choice(["whose_sql", "whose_plpgsql"]), ["it is "])
            self.expect("function", cursor.fetchone()[0], f"it is {self.here}")

    def iterate(self) -> None:
        from ledger.models import Entry

        for number, entry in enumerate(Entry.objects.order_by("pk").iterator(chunk_size=2)):
            self.expect("iterator", entry.owner, self.here)
            if number == 3:
                with self.switch():
                    self.look()
            elif number > 8:
                break

    def server_cursor(self) -> None:
        from django.db import connection

        with connection.chunked_cursor() as cursor:
            cursor.execute("SELECT name FROM ledger_sign UNION ALL SELECT owner FROM ledger_entry")
            first = cursor.fetchmany(2)
            with self.switch():
                self.look()
            for (name,) in [*first, *cursor.fetchmany(5)]:
                self.expect("server cursor", name, self.here)

    def tables(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid "
                "WHERE c.oid = 'ledger_entry'::regclass"
            )
            self.expect("the table's schema", cursor.fetchone()[0], self.here)

    def for_update(self) -> None:
        from ledger.models import Sign

        # Without waiting: threads that wait for each other's two connections would wait for good.
        rows = Sign.objects.select_for_update(skip_locked=True)
        self.expect("for update", {each.name for each in rows} <= {self.here}, True)

    def copy_out(self) -> None:
        text = self._copy_out("COPY (SELECT name FROM ledger_sign) TO STDOUT")
        self.expect("copy out", text.strip(), self.here)

    # Writing

    def create(self) -> None:
        from ledger.models import Entry

        (token,) = self.new_tokens(1)
        Entry.objects.create(token=token, owner=self.here)
        self.wrote([token])

    def bulk_create(self) -> None:
        from ledger.models import Entry

        tokens = self.new_tokens()
        Entry.objects.bulk_create([Entry(token=token, owner=self.here) for token in tokens])
        self.wrote(tokens)

    def executemany(self) -> None:
        from django.db import connection

        tokens = self.new_tokens()
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO ledger_entry (token, owner) VALUES (%s, %s)", [(token, self.here) for token in tokens]
            )
            self.expect("rowcount", cursor.rowcount, len(tokens))
        self.wrote(tokens)

    def copy_in(self) -> None:
        from django.db import connection

        tokens = self.new_tokens()
        text = "".join(f"{token}\t{self.here}\n" for token in tokens)
        statement = "COPY ledger_entry (token, owner) FROM STDIN"
        with connection.cursor() as cursor:
            if self.driver != "psycopg2":
                with cursor.copy(statement) as copy:
                    copy.write(text)
            elif self.random.random() < 0.5:
                cursor.copy_expert(statement, io.StringIO(text))
            else:
                cursor.copy_from(io.StringIO(text), "ledger_entry", columns=("token", "owner"))
        self.wrote(tokens)

    def _copy_out(self, statement: str) -> str:
        from django.db import connection

        with connection.cursor() as cursor:
            if self.driver == "psycopg2":
                file = io.StringIO()
                cursor.copy_expert(statement, file)
                return file.getvalue()
            with cursor.copy(statement) as copy:
                return b"".join(bytes(each) for each in copy).decode()

    def update(self) -> None:
        from django.db.models import F

        from ledger.models import Entry

        # Rows of its own: those of others may be locked by who waits for this thread's connection.
        own = [token for where, token in itertools.chain(self.committed, *self.pending) if where == self.here][-2:]
        self.expect("update", Entry.objects.filter(token__in=own).update(owner=F("owner")), len(own))

    # What goes wrong, and transactions by hand

    def fail(self) -> None:
        from django.db import DatabaseError, connection

        self.done["errors"] += 1
        try:
            with connection.cursor() as cursor:
                cursor.execute(self.random.choice(["SELECT nothing FROM nowhere", "SELECT 1/0", "nonsense"]))
        except DatabaseError:
            return
        self.wrong.append("an error went unseen")

    def fail_in_savepoint(self) -> None:
        from django.db import IntegrityError

        from ledger.models import Entry

        self.done["errors"] += 1
        (token,) = self.new_tokens(1)
        try:
            with self.atomic():
                Entry.objects.create(token=token, owner=self.here)
                with self.switch():
                    Entry.objects.create(token=token, owner=self.here)
                    Entry.objects.create(token=token, owner=self.here)
        except IntegrityError:
            return
        self.wrong.append("a violated constraint went unseen")

    def raw_transaction(self) -> None:
        from django.db import connection

        (token,) = self.new_tokens(1)
        keep = self.random.random() < 0.5
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("INSERT INTO ledger_entry (token, owner) VALUES (%s, %s)", [token, self.here])
            with self.switch():
                cursor.execute("SELECT name FROM ledger_sign")
                self.expect("raw transaction", cursor.fetchone()[0], self.here)
            cursor.execute("COMMIT" if keep else "ROLLBACK")
        if keep:
            self.wrote([token])

    def vacuum(self) -> None:
        from django.db import NotSupportedError, connection

        with connection.cursor() as cursor:
            try:
                cursor.execute("VACUUM ledger_sign")
            except NotSupportedError:
                self.expect("vacuum refused", self.pooled and self.here != PUBLIC, True)
            else:
                self.expect("vacuum refused", self.pooled and self.here != PUBLIC, False)

    def close(self) -> None:
        from django.db import connection

        connection.close()

    def on_commit(self) -> None:
        from django.db import transaction

        wanted = self.here

        def look_again() -> None:
            before, self.here = self.here, wanted
            try:
                self.look()
            finally:
                self.here = before

        transaction.on_commit(look_again)

    on_commit_now = on_commit

    def driver_specific(self) -> None:
        from django.db import connection

        connection.ensure_connection()
        raw = connection.connection
        if self.driver == "psycopg2":
            from psycopg2.extras import DictCursor, execute_values

            tokens = self.new_tokens()
            with connection.cursor() as cursor:
                rows = [(token, self.here) for token in tokens]
                execute_values(cursor.cursor, "INSERT INTO ledger_entry (token, owner) VALUES %s", rows)
            self.wrote(tokens)
            with raw.cursor(cursor_factory=DictCursor) as cursor:
                cursor.execute("SELECT name FROM ledger_sign")
                self.expect("DictCursor", cursor.fetchone()["name"], self.here)
            return
        self.expect("connection.execute", raw.execute("SELECT name FROM ledger_sign").fetchone()[0], self.here)
        with connection.cursor() as cursor:
            names = [row[0] for row in cursor.stream("SELECT name FROM ledger_sign")]
            self.expect("stream", names, [self.here])
        with raw.transaction():
            self.look()
            with self.switch():
                self.look()
            with raw.transaction(force_rollback=True), self.switch():
                self.look()
            self.look()
        with raw.pipeline():
            seen = []
            for _ in range(2):
                with self.switch():
                    seen.append((self.here, raw.cursor().execute("SELECT name FROM ledger_sign")))
            for wanted, cursor in seen:
                self.expect("pipeline", cursor.fetchone()[0], wanted)


def configure(options: argparse.Namespace) -> None:
    """Start Django on one database."""
    import django
    from django.conf import settings

    entry = {
        "ENGINE": options.engine,
        "NAME": options.database,
        "USER": "postgres",
        "HOST": options.host,
        "PORT": str(options.port),
        "OPTIONS": choose(options.driver),
        "DISABLE_SERVER_SIDE_CURSORS": options.pooled,
        "CONN_MAX_AGE": 0 if options.driver == "psycopg3-pool" else None,
    }
    settings.configure(
        INSTALLED_APPS=["ledger", "django_omnitenant"],
        DATABASES={"default": entry},
        DATABASE_ROUTERS=["django_omnitenant.routers.TenantRouter"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        OMNITENANT_CONFIG={},
        USE_TZ=True,
    )
    django.setup()


def prepare(schemas: list[str]) -> None:
    """Make the tables of every schema, on a direct connection."""
    from django.db import connection

    from ledger.models import Entry, Sign
    from omnitenant_routing.postgresql.identifiers import quoted

    with connection.cursor() as cursor:
        for name in [PUBLIC, *schemas]:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}")
            cursor.execute(f"SET search_path TO {quoted(name)}")
            with connection.schema_editor() as editor:
                editor.create_model(Sign)
                editor.create_model(Entry)
            cursor.execute("INSERT INTO ledger_sign (name) VALUES (%s)", [name])
        cursor.execute("RESET search_path")
        for language, body in (
            ("sql", "SELECT said || name FROM ledger_sign"),
            ("plpgsql", "BEGIN RETURN (SELECT said || name FROM ledger_sign); END"),
        ):
            cursor.execute(
                f"CREATE FUNCTION public.whose_{language}(said text) RETURNS text LANGUAGE {language} AS '{body}'"
            )


def walk(options: argparse.Namespace, schemas: list[str]) -> dict[str, Any]:
    """Let the threads walk; returns what they did, what went wrong, and what should stand in the schemas."""
    from django.db import connection

    actors = [
        Actor(number, options.seed, schemas, options.driver, pooled=options.pooled) for number in range(options.threads)
    ]
    threads = [threading.Thread(target=actor.run, args=[options.steps]) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if connection.pool if hasattr(connection, "pool") else False:
        connection.close_pool()
    return {
        "done": dict(sum((actor.done for actor in actors), Counter())),
        "wrong": [each for actor in actors for each in actor.wrong],
        "committed": [row for actor in actors for row in actor.committed],
    }


def main(arguments: list[str]) -> None:
    """Walk, and print what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("database")
    parser.add_argument("--driver", choices=DRIVERS, default=DRIVERS[0])
    parser.add_argument("--engine", default="omnitenant_routing.postgresql")
    parser.add_argument("--pooled", action="store_true", help="a pooler stands before the server")
    parser.add_argument("--prepare", action="store_true", help="only make the tables")
    parser.add_argument("--schemas", type=int, default=20)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    configure(options)
    schemas = [f't"%{number}' for number in range(options.schemas)]
    if options.prepare:
        prepare(schemas)
    else:
        print(json.dumps(walk(options, schemas)))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(sys.argv[1:])
