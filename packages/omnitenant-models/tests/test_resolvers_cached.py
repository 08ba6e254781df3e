"""Tests of what resolvers remember: for how long, how much, and when it is dropped."""

from __future__ import annotations

import contextlib
import gc
import threading
import weakref
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.models.deletion import Collector
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import DomainNotFound, TenantNotFound
from omnitenant_models.resolvers import (
    MASTER,
    BaseTenantResolver,
    CachedTenantResolver,
    CustomDomainTenantResolver,
    HeaderTenantResolver,
    clear_resolver_cache,
)
from omnitenant_models.resolvers._answers import Answers
from probe.models import Domain, PayingTenant, Tenant


def at(host: str = "acme.example.com") -> Any:
    """Make a request to a host."""
    return RequestFactory().get("/", headers={"host": host})


@pytest.fixture
def cached() -> CachedTenantResolver:
    """Give a resolver with nothing in its memory."""
    return CachedTenantResolver(CustomDomainTenantResolver())


@pytest.fixture(params=["resolve", "aresolve"])
def run(request: pytest.FixtureRequest, cached: CachedTenantResolver) -> Any:
    """Ask it in both ways."""

    def ask(host: str = "acme.example.com") -> Any:
        if request.param == "resolve":
            return cached.resolve(at(host))
        return async_to_sync(cached.aresolve)(at(host))

    return ask


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def test_a_remembered_answer_costs_no_query(run: Any, acme: Tenant) -> None:
    """Once asked, twice answered."""
    with CaptureQueriesContext(connection) as queries:
        assert run() == run() == acme
    assert len(queries) == 1


def test_a_refusal_is_remembered(run: Any, db: None) -> None:
    """Scanners reach the database once; each time a new error with the same words is raised."""
    errors = []
    with CaptureQueriesContext(connection) as queries:
        for _ in range(3):
            with pytest.raises(DomainNotFound) as caught:
                run("nobody.example.com")
            errors.append(caught.value)
    assert len(queries) == 1
    assert len({id(error) for error in errors}) == 3
    assert {(str(error), error.domain) for error in errors} == {(str(errors[0]), "nobody.example.com")}


def test_a_remembered_refusal_keeps_no_request_alive(db: None) -> None:
    """The error that is kept has no traceback, whose frames would hold the request."""
    cached = CachedTenantResolver(CustomDomainTenantResolver())
    request = at("nobody.example.com")
    gone = weakref.ref(request)
    with pytest.raises(DomainNotFound):
        cached.resolve(request)
    del request
    gc.collect()
    assert gone() is None


class Awkward(TenantNotFound):
    """An error that cannot be made again of its arguments."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")


def test_an_error_that_cannot_be_copied_is_remembered_as_a_plain_one() -> None:
    """What a project raises need not be made for copying."""

    def find() -> Any:
        raise Awkward("this", "that")

    answers = Answers()
    for kind in (Awkward, TenantNotFound):
        with pytest.raises(TenantNotFound, match="this and that") as caught:
            answers.remember("key", find)
        assert type(caught.value) is kind
    assert len(answers) == 1


def test_other_errors_are_not_remembered(acme: Tenant) -> None:
    """A database that was down for a moment is asked again."""
    answers = Answers()

    def fail() -> Any:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        answers.remember("key", fail)
    assert answers.remember("key", lambda: acme) == acme


def test_every_request_gets_a_tenant_of_its_own(ask: Any, make_tenant: Any) -> None:
    """What one request changes in memory, deep in the JSON too, no other sees."""
    make_tenant("acme", config={"list": ["a"]})
    for _ in range(3):
        assert ask("/changing/").json() == ["Acme", {"list": ["a"]}]


def test_copies_of_a_tenant_are_independent_for_django(run: Any, acme: Tenant) -> None:
    """Saving one of them works, and marks nothing on another."""
    first, second = run(), run()
    first._state.fields_cache["x"] = 1
    assert second._state.fields_cache == {}
    first.name = "New"
    first.save()
    assert Tenant.objects.get(pk=acme.pk).name == "New"


def test_answers_are_forgotten_in_time(acme: Tenant, configure: Any) -> None:
    """After RESOLVER_CACHE_SECONDS, counted from the beginning of the lookup."""
    configure(RESOLVER_CACHE_SECONDS=5)
    clock = Clock()
    answers = Answers(clock)

    def find() -> Any:
        clock.now += 2  # the lookup takes a while
        asked.append(1)
        return acme

    asked: list[int] = []
    answers.remember("key", find)
    clock.now = 4.9
    answers.remember("key", find)
    assert len(asked) == 1
    clock.now = 5
    answers.remember("key", find)
    assert len(asked) == 2


@pytest.mark.parametrize("name", ["RESOLVER_CACHE_SECONDS", "RESOLVER_CACHE_SIZE"])
@pytest.mark.parametrize("off", [0, -1])
def test_remembering_can_be_turned_off(
    run: Any, cached: CachedTenantResolver, acme: Tenant, configure: Any, name: str, off: int
) -> None:
    """By either setting, read at every request; nothing is kept then."""
    configure(**{name: off})
    with CaptureQueriesContext(connection) as queries:
        run()
        run()
    assert len(queries) == 2
    assert len(cached.answers) == 0


def test_the_number_of_answers_is_bounded(db: None, acme: Tenant, configure: Any) -> None:
    """Unknown names push each other out, not what is used all the time."""
    configure(RESOLVER_CACHE_SIZE=10)
    cached = CachedTenantResolver(CustomDomainTenantResolver())
    cached.resolve(at())
    for number in range(50):
        with pytest.raises(DomainNotFound):
            cached.resolve(at(f"n{number}.example.com"))
        with CaptureQueriesContext(connection) as queries:
            assert cached.resolve(at()) == acme
        assert len(queries) == 0
    assert len(cached.answers) == 10


def test_the_master_takes_no_place(db: None) -> None:
    """It needs no looking up."""
    cached = CachedTenantResolver(CustomDomainTenantResolver())
    assert cached.resolve(at("www.example.com")) is MASTER
    assert len(cached.answers) == 0


CHANGES: dict[str, Any] = {
    "tenant saved": lambda tenant: tenant.save(),
    "proxy saved": lambda tenant: PayingTenant.objects.get(pk=tenant.pk).save(),
    "tenant deleted": lambda tenant: TenantContext.unscoped()(Tenant.objects.get(pk=tenant.pk).delete)(),
    "domain saved": lambda tenant: Domain.objects.create(domain="x.example.com", tenant=tenant),
    "domain deleted": lambda tenant: Domain.objects.all().delete(),
    "cleared": lambda tenant: clear_resolver_cache(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_drops_what_is_remembered_at_once(run: Any, acme: Tenant, change: Any) -> None:
    """Saving or deleting a tenant or a domain, also through a proxy of the model; or asking for it."""
    run()
    change(acme)
    with CaptureQueriesContext(connection) as queries, contextlib.suppress(DomainNotFound):
        run()
    assert len(queries) == 1


def test_a_refusal_is_dropped_when_the_domain_is_added(run: Any, acme: Tenant) -> None:
    """A new customer need not wait."""
    with pytest.raises(DomainNotFound):
        run("new.example.com")
    Domain.objects.create(domain="new.example.com", tenant=acme)
    assert run("new.example.com") == acme


def test_a_change_that_sends_no_signal_needs_a_word(run: Any, acme: Tenant) -> None:
    """queryset.update() is followed by clear_resolver_cache(), or by patience."""
    run()
    Tenant.objects.update(name="New")
    assert run().name == "Acme"
    clear_resolver_cache()
    assert run().name == "New"


def test_a_suspension_is_seen_by_the_next_request(ask: Any, acme: Tenant) -> None:
    """The state is part of what is remembered, and dropped with it."""
    assert ask("/who/").status_code == 200
    acme.state = Tenant.State.SUSPENDED
    acme.save()
    assert ask("/who/").status_code == 503
    acme.state = Tenant.State.ACTIVE
    acme.save()
    assert ask("/who/").status_code == 200


def test_a_change_of_the_settings_drops_everything(run: Any, acme: Tenant, configure: Any) -> None:
    """As other models may be meant now."""
    run()
    configure(TENANT_HEADER="X-Other")
    with CaptureQueriesContext(connection) as queries:
        run()
    assert len(queries) == 1


def test_what_was_rolled_back_is_not_remembered(acme: Tenant, run: Any) -> None:
    """A tenant that was seen inside a transaction is gone with it: so test cases do not leak into each other."""
    with transaction.atomic():
        Domain.objects.create(domain="new.example.com", tenant=acme)
        assert run("new.example.com") == acme
        transaction.set_rollback(True)
    with pytest.raises(DomainNotFound):
        run("new.example.com")


def test_what_was_read_before_a_commit_is_not_remembered_after_it(
    transactional_db: None, cached: CachedTenantResolver
) -> None:
    """Another thread, which still sees the old row, may remember it until the commit and no longer."""
    tenant = Tenant.objects.create(tenant_id="acme", name="Acme", state="active")
    Domain.objects.create(domain="acme.example.com", tenant=tenant)
    seen: list[Any] = []

    def look() -> None:
        try:
            seen.append(resolve(at()).name)
        finally:
            connections.close_all()

    resolve: Any = cached.resolve
    with transaction.atomic():
        tenant.name = "New"
        tenant.save()
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == ["Acme"]
    assert resolve(at()).name == "New"


def test_emptying_the_database_drops_everything(transactional_db: None, cached: CachedTenantResolver) -> None:
    """flush, with which transactional test cases clean up, sends no signal of any model."""
    tenant = Tenant.objects.create(tenant_id="acme", name="Acme", state="active")
    Domain.objects.create(domain="acme.example.com", tenant=tenant)
    assert cached.resolve(at()) == tenant
    call_command("flush", interactive=False, verbosity=0)
    with pytest.raises(DomainNotFound):
        cached.resolve(at())


def test_a_lookup_that_a_change_overtakes_is_not_remembered(acme: Tenant) -> None:
    """What was read before a change and arrives after it is given to its own request only."""
    answers = Answers()

    def find() -> Any:
        found = Tenant.objects.get(tenant_id="acme")
        Tenant.objects.get(tenant_id="acme").save()  # somebody else, meanwhile
        return found

    answers.remember("key", find)
    assert len(answers) == 0


def test_an_awaited_lookup_that_a_change_overtakes_is_not_remembered(acme: Tenant) -> None:
    """The same in an event loop, for an answer and for a refusal."""
    answers = Answers()

    async def find() -> Any:
        clear_resolver_cache()
        return acme

    async def find_nobody() -> Any:
        clear_resolver_cache()
        raise TenantNotFound("nobody")

    async_to_sync(answers.aremember)("key", find)
    with pytest.raises(TenantNotFound):
        async_to_sync(answers.aremember)("other", find_nobody)
    assert len(answers) == 0


def test_many_threads_never_see_what_was_before_a_change() -> None:
    """Once a change is announced, nobody is given what was true only before it."""
    answers = Answers()
    truth = announced = 0
    wrong: list[tuple[int, int]] = []
    ready = threading.Barrier(5)

    def read() -> None:
        ready.wait()
        for _ in range(2000):
            known = announced
            found = answers.remember("key", lambda: truth)
            if found < known:
                wrong.append((known, found))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    ready.wait()
    for number in range(1, 500):
        truth = number
        clear_resolver_cache()
        announced = number
    for reader in readers:
        reader.join()
    assert wrong == []


def test_deleting_other_models_stays_fast(acme: Tenant) -> None:
    """Only the tenants' and domains' signals are listened to: a receiver for all would slow every deletion."""
    Answers()
    assert Collector(using="default").can_fast_delete(Session.objects.all())
    assert not Collector(using="default").can_fast_delete(Domain.objects.all())


class Counting(BaseTenantResolver):
    """A resolver that decides for itself when to be asked."""

    asked = 0
    key: Any = "one"

    def resolve(self, request: HttpRequest) -> Any:
        """Count."""
        type(self).asked += 1
        return Tenant(tenant_id="acme", pk=self.asked)

    def cache_key(self, request: HttpRequest) -> Any:
        """Give what the test says."""
        return self.key


@pytest.mark.parametrize(("key", "asked"), [("one", 1), (("a", 1), 1), (None, 3)])
def test_a_resolver_gives_its_own_key(monkeypatch: pytest.MonkeyPatch, key: Any, asked: int) -> None:
    """Anything hashable; None asks every time."""
    monkeypatch.setattr(Counting, "asked", 0)
    monkeypatch.setattr(Counting, "key", key)
    cached = CachedTenantResolver(Counting)
    for _ in range(3):
        cached.resolve(at())
    assert Counting.asked == asked


def test_what_no_request_named_is_not_remembered(db: None) -> None:
    """A header that is missing is seen without a lookup."""
    cached = CachedTenantResolver(HeaderTenantResolver)
    with pytest.raises(TenantNotFound):
        cached.resolve(at())
    assert len(cached.answers) == 0
