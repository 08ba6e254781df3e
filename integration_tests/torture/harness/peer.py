"""Makes the portable part of the world for another library, on PostgreSQL, and puts the portable probes to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from harness.register import all_probes
from harness.snapshot import Snapshot, take
from harness.world import Side, World

__all__ = ["PeerGround", "configure", "judge_peer"]

APPS = {"django_rls_tenants": ["django_rls_tenants"], "django_easy_tenants": ["easy_tenants"]}
"""What a library wants among the installed apps."""


class PeerGround:
    """The one database under the world of another library; see ``harness.build.Ground``."""

    def __init__(self, world: World) -> None:
        """Look after a world that is filled."""
        self.world = world

    def snapshot(self, *, everything: bool = False) -> dict[str, Snapshot]:
        """Return what stands in the database, past the library."""
        with self.world.unscoped():
            return {"master": take(connection, everything=everything)}

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Run a block in a transaction that is not committed."""
        with transaction.atomic():
            try:
                yield
            finally:
                transaction.set_rollback(True)

    def put_back(self, wanted: dict[str, Snapshot]) -> None:
        """Write a snapshot back."""
        from harness.build import write

        with self.world.unscoped():
            write(connection, wanted["master"])


ENGINES = {"django_multitenant": "django_multitenant.backends.postgresql"}
"""The engine that a library recommends."""


def configure(library: str, database: dict[str, Any]) -> None:
    """Configure Django as a project of the library does, with the strictest settings that it has."""
    if library in ENGINES:
        database = {**database, "ENGINE": ENGINES[library]}
    settings.configure(
        SECRET_KEY="torture",
        DATABASES={"default": database},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", *APPS.get(library, []), "world"],
        MIGRATION_MODULES={"world": "world_migrations"},
        TORTURE_DIALECT=f"dialects.{library}",
        RLS_TENANTS={"TENANT_MODEL": "world.Tenant", "TENANT_PK_TYPE": "bigint", "STRICT_MODE": True},
        EASY_TENANTS_TENANT_MODEL="world.Tenant",
        TENANT_STRICT_MODE=library == "django_multitenant",
    )


def judge_peer(library: str) -> list[Any]:
    """Make the tables, the tenants and their rows, and put the portable probes to them."""
    from django.core.management import call_command

    from harness.build import mend_sequences
    from harness.judge import judge

    call_command("makemigrations", "world", verbosity=0)
    call_command("migrate", verbosity=0, interactive=False)
    if library == "django_rls_tenants":
        call_command("setup_m2m_rls", verbosity=0)
    world = World(library, frozenset({"shared", "postgresql"}))
    with world.unscoped():
        for tenant_id in ("a", "b"):
            tenant = world.Tenant(tenant_id=tenant_id, name=f"Tenant {tenant_id}")
            tenant.save()
            setattr(world, tenant_id.upper(), Side(world, tenant))
    world.fill()
    with world.unscoped():
        mend_sequences(connection)
    probes = [probe for probe in all_probes() if probe.portable]
    return list(judge(PeerGround(world), probes))  # type: ignore[arg-type]  # it has what a ground has
