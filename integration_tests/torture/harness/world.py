"""What a probe sees: models by name, two tenants with their rows, and how to become one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connections, transaction

from harness.seeds import SECRET, rows_of, shared_rows

__all__ = ["Side", "World"]


class Side:
    """One tenant and its rows, by the names of the seeds: ``side.project``, ``side.project_pk``."""

    def __init__(self, world: World, tenant: Any) -> None:
        self.world = world
        self.tenant = tenant
        self.seeds = {seed.name: seed for seed in rows_of(tenant.tenant_id)}
        self.pks: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        """Return a row, loaded anew as its own tenant, or its primary key without asking the database."""
        if name.startswith("__"):
            raise AttributeError(name)
        if name.endswith("_pk"):
            return self.pks[name.removesuffix("_pk")]
        seed = self.seeds[name]
        with self.world.enter(self.tenant):
            return getattr(self.world, seed.model)._base_manager.get(pk=self.pks[name])

    def all(self, model: str) -> set[Any]:
        """Return the primary keys of the tenant's rows in a model, its children's included."""
        wanted = getattr(self.world, model)
        return {
            self.pks[seed.name] for seed in self.seeds.values() if issubclass(getattr(self.world, seed.model), wanted)
        }


class World:
    """The models, the tenants and the doors. Everything that a portable probe may use."""

    secret = SECRET

    def __init__(self, name: str, features: frozenset[str]) -> None:
        """Make a world.

        Args:
            name: as the command line knows it.
            features: what it has, for probes that need something.
        """
        self.name = name
        self.features = features
        self.dialect = import_module(settings.TORTURE_DIALECT)
        self.A: Side
        self.B: Side

    def __getattr__(self, name: str) -> Any:
        """Return a model of the world by the name of its class."""
        if name.startswith("_") or not name[0].isupper():
            raise AttributeError(name)
        return apps.get_model("world", name)

    def enter(self, who: Any) -> Any:
        """Return a block in which a tenant, or a side, is active."""
        return self.dialect.enter(getattr(who, "tenant", who))

    def unscoped(self) -> Any:
        """Return a block without a row filter."""
        return self.dialect.unscoped()

    def nobody(self) -> Any:
        """Return a block in which no tenant is active."""
        return self.dialect.nobody()

    @contextmanager
    def refused(self, *others: type[Exception]) -> Iterator[None]:
        """Demand that the block is refused with an error that the library raises on purpose.

        Libraries that promise no error may let the attack run without an effect: the snapshots judge them.

        Args:
            others: errors of Django's that are a refusal here too, such as ``DoesNotExist``.
        """
        with self._refusing(others, strict=self.dialect.strict):
            yield

    @contextmanager
    def _refusing(self, others: tuple[type[Exception], ...], *, strict: bool) -> Iterator[None]:
        block = getattr(self.dialect, "guarded_block", nullcontext)
        try:
            with block():
                try:
                    yield
                except _HeldError:  # what was done stays, for the snapshots to judge
                    strict = False
        except (*self.dialect.refusals, *others):
            return
        if strict:
            raise AssertionError("it was not refused")

    @contextmanager
    def kept_out(self, *others: type[Exception]) -> Iterator[None]:
        """Demand a refusal where tenants share tables; elsewhere a stranger's key is free, and leads to nothing.

        Args:
            others: as for :meth:`refused`.
        """
        if "shared" in self.features:
            with self.refused(*others):
                yield
            return
        try:
            # What Django says of keys that lead to nothing is not ours to judge; the snapshots are.
            with transaction.atomic(using=connections["default"].alias), suppress(_HeldError):
                yield
        except (*self.dialect.refusals, ValueError, TypeError, DatabaseError, *others):
            return

    @contextmanager
    def missing(self) -> Iterator[None]:
        """Demand that the block finds nothing, or is refused."""
        with self._refusing((ObjectDoesNotExist,), strict=True):
            yield

    def held(self) -> None:
        """Say at the end of a refused block that what it did without a refusal was right as well."""
        raise _HeldError

    def own_or_fewer(self, found: Iterable[Any], wanted: Iterable[Any]) -> None:
        """Demand own rows; of libraries that promise no more, that there is nobody else's among them."""
        found, wanted = set(found), set(wanted)
        assert found == wanted or (not self.dialect.strict and found <= wanted), f"found {found} instead of {wanted}"

    def nothing_seen(self, ask: Callable[[], Any]) -> None:
        """Demand that a question as nobody is refused, or that it shows nothing where refusals are not promised."""
        answer: Any = None
        # Where no refusal is promised, a row that is not found is as good.
        with self.refused(*(() if self.dialect.strict else (ObjectDoesNotExist,))):
            answer = ask()
        assert not answer, f"nobody saw {answer!r}"

    def fill(self) -> None:
        """Write the seeds, each tenant's as that tenant."""
        self._fill_shared()
        for side in (self.A, self.B):
            with self.enter(side):
                if "database" in self.features:
                    self._fill_shared()
                made = [(seed, self._make(seed)) for seed in side.seeds.values()]
                side.pks = {seed.name: row.pk for seed, row in made}
                for seed, row in made:
                    if seed.link:
                        seed.link(row, side.pks.__getitem__)

    def _fill_shared(self) -> None:
        for seed in shared_rows():
            getattr(self, seed.model)(**seed.values).save(force_insert=True)

    def _make(self, seed: Any) -> Any:
        values = {name: value() if callable(value) else value for name, value in seed.values.items()}
        row = getattr(self, seed.model)(**values)
        row.save(force_insert=True)
        return row


class _HeldError(Exception):
    """Leaves a block that may be refused, and need not be."""
