"""Makes a world: tables by migrations, tenants, rows; and puts it back as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.core.management import call_command
from django.db import connections, transaction
from django.test.utils import setup_test_environment

from harness.places import Place
from harness.snapshot import Snapshot, tables_of, take
from harness.world import Side, World

__all__ = ["Ground", "build", "mend_sequences", "write"]


class Ground:
    """The places under a world: what stands in them, and how it is put back."""

    def __init__(self, world: World, place: Place) -> None:
        """Look after a world that is filled."""
        self.world = world
        self.place = place
        self.shared = "shared" in place.features

    def snapshot(self, *, everything: bool = False) -> dict[str, Snapshot]:
        """Return what stands in each place, by the name of the place; see :func:`take`."""
        with self.world.unscoped():
            taken = {"master": take(connections["master"], everything=everything)}
        if not self.shared:
            for side in (self.world.A, self.world.B):
                with self.world.enter(side):
                    taken[side.tenant.tenant_id] = take(connections["default"], everything=everything)
        return taken

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Run a block in transactions of all places, none of which is committed."""
        with ExitStack() as stack:
            stack.enter_context(_undone("master", self.world.unscoped))
            if self.place.isolation == "database":
                for side in (self.world.A, self.world.B):
                    stack.enter_context(_undone("default", lambda side=side: self.world.enter(side)))
            yield

    def everywhere(self, work: Callable[[Any], None]) -> None:
        """Do something to the connection of each place."""
        with self.world.unscoped():
            work(connections["master"])
        if not self.shared:
            for side in (self.world.A, self.world.B):
                with self.world.enter(side):
                    work(connections["default"])

    def put_back(self, wanted: dict[str, Snapshot]) -> None:
        """Write a snapshot back."""
        from django.contrib.contenttypes.models import ContentType

        ContentType.objects.clear_cache()
        with self.world.unscoped():
            write(connections["master"], wanted["master"])
        if not self.shared:
            for side in (self.world.A, self.world.B):
                with self.world.enter(side):
                    write(connections["default"], wanted[side.tenant.tenant_id])


def build(name: str, place: Place) -> Ground:
    """Make the tables, the tenants and their rows."""
    from omnitenant_routing.provisioning import get_tenant_backend
    from world.models import Domain, Tenant

    setup_test_environment(debug=False)
    call_command("makemigrations", "world", verbosity=0)
    call_command("migrate", verbosity=0, interactive=False)
    world = World(name, place.features)
    for tenant_id in ("a", "b"):
        tenant = Tenant(tenant_id=tenant_id, name=f"Tenant {tenant_id}", isolation_type=place.isolation)
        tenant.save()
        get_tenant_backend(tenant).create()
        tenant.refresh_from_db()
        Domain.objects.create(domain=f"{tenant_id}.example.com", tenant=tenant)
        setattr(world, tenant_id.upper(), Side(world, tenant))
    ground = Ground(world, place)
    world.fill()
    ground.everywhere(mend_sequences)
    return ground


def mend_sequences(connection: Any) -> None:
    """Let sequences begin behind the rows that were written with a primary key of their own."""
    from django.apps import apps
    from django.core.management.color import no_style

    there = tables_of(connection)
    found = apps.get_app_config("world").get_models(include_auto_created=True)
    models = [model for model in found if model._meta.db_table in there]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


@contextmanager
def _undone(alias: str, door: Any) -> Iterator[None]:
    block = transaction.atomic(using=alias)
    with door():
        block.__enter__()
    try:
        yield
    finally:
        with door():
            transaction.set_rollback(True, using=alias)
            block.__exit__(None, None, None)


def write(connection: Any, snapshot: Snapshot) -> None:
    """Put back what stood in a place."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        quote = connection.ops.quote_name
        for model in snapshot.tables:
            cursor.execute(f"DELETE FROM {quote(model._meta.db_table)}")
        for model, rows in snapshot.tables.items():
            for row in rows:
                columns = ", ".join(map(quote, row))
                marks = ", ".join(["%s"] * len(row))
                cursor.execute(
                    f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({marks})",
                    list(row.values()),
                )
