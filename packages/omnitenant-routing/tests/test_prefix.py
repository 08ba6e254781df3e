"""What a statement carries, for each scope, inside and outside of transactions, on each alias."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from omnitenant_context.context import TenantContext
from omnitenant_context.scope import ActiveTenant, Scope
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.postgresql import prefix
from omnitenant_routing.postgresql.identifiers import IdentifierError
from omnitenant_routing.postgresql.prefix import Carrier, carry_variable, search_path

VARIABLE = "omnitenant.tenant_id"
PATH = 'SET LOCAL search_path TO "acme", "public";\n'
NO_PATH = "SET LOCAL search_path TO DEFAULT;\n"


@pytest.fixture(autouse=True, name="_clean")
def _nothing_registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin without variables, and leave none behind."""
    monkeypatch.setattr(prefix, "_variables", {})
    prefix._forget()
    yield
    monkeypatch.undo()
    prefix._forget()


def tenant(isolation: str, **config: object) -> ActiveTenant:
    """Make the scope of a tenant that need not be saved."""
    from probe.models import Tenant

    return ActiveTenant(Tenant(pk=7, tenant_id="acme", isolation_type=isolation, config=config))


def due(carrier: Carrier, scope: Scope | None = None, *, inside: bool = False) -> str | None:
    """Tell what a statement carries."""
    if scope is not None:
        with TenantContext.use_scope(scope):
            return due(carrier, inside=inside)
    carried = carrier.due(lambda: inside)
    if carried is not None and carried.proves is not None:
        carrier.prove(carried.proves)  # as a statement does that succeeds
        carried = carrier.due(lambda: inside)
    return None if carried is None else carried.text


def test_a_schema_is_carried_by_every_statement() -> None:
    """On the master's connection, whatever is open on it."""
    carrier = Carrier("default")
    for inside in (False, True):
        assert due(carrier, tenant("schema"), inside=inside) == PATH
        with TenantContext.use_schema("acme"):
            assert due(carrier, inside=inside) == PATH


def test_a_schema_is_proven_usable_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a statement among those that are carried; what another proved, or nothing for long, counts for nothing."""
    carrier = Carrier("default")
    now = 1000.0
    monkeypatch.setattr(prefix, "monotonic", lambda: now)

    def proves(scope: Scope) -> str | None:
        with TenantContext.use_scope(scope):
            carried = carrier.due(lambda: False)
        assert carried is not None
        assert carried.text.startswith(PATH)
        assert ("has_schema_privilege('acme', 'USAGE')" in carried.text) is (carried.proves is not None)
        return carried.proves

    assert [proves(tenant("schema")) for _ in range(2)] == ["acme", "acme"]
    carrier.prove("globex")
    assert proves(tenant("schema")) == "acme"
    carrier.prove("acme")
    assert proves(tenant("schema")) is None
    now += 6
    assert proves(tenant("schema")) == "acme"


def test_nobody_carries_nothing_until_a_schema_was_there() -> None:
    """And then only inside a transaction, where it may have left something."""
    carrier = Carrier("default")
    scopes: list[Scope | None] = [None, tenant("table")]
    with TenantContext.use_master_db():
        scopes.append(TenantContext.get_scope())
    for scope in scopes:
        assert due(carrier, scope) is None
        assert due(carrier, scope, inside=True) is None
    due(carrier, tenant("schema"))
    for scope in scopes:
        assert due(carrier, scope) is None
        assert due(carrier, scope, inside=True) == NO_PATH


def test_a_scope_that_was_entered_before_takes_back_what_came_after() -> None:
    """What it carries is remembered with it, and must not be remembered as nothing."""
    carrier, before = Carrier("default"), tenant("table")
    assert due(carrier, before, inside=True) is None
    due(carrier, tenant("schema"))
    assert due(carrier, before, inside=True) == NO_PATH


def test_another_alias_carries_nothing() -> None:
    """A schema is one of a database."""
    carrier = Carrier("other")
    assert due(carrier, tenant("schema"), inside=True) is None
    assert due(carrier, tenant("schema", db_alias="other")) == PATH
    assert due(Carrier("default"), tenant("schema", db_alias="other")) is None


@override_settings(OMNITENANT_CONFIG={"DEFAULT_SCHEMA_NAME": "shared", "EXTRA_SEARCH_PATH": ["ext", "shared"]})
def test_the_search_path() -> None:
    """The schema first, then what all share, each once."""
    assert search_path("acme") == '"acme", "shared", "ext"'
    assert search_path("shared") == '"shared", "ext"'
    assert search_path('a"%') == '"a""%", "shared", "ext"'


def test_a_percent_sign_is_doubled_for_parameters() -> None:
    """In a statement that is sent with them."""
    with TenantContext.use_schema("100%"):
        carried = Carrier("default").due(lambda: False)
    assert carried is not None
    assert '"100%"' in carried.text
    assert '"100%%"' in carried.doubled
    assert carried.ending == "SET search_path TO DEFAULT;\n"


def test_a_variable_is_carried_for_every_tenant() -> None:
    """On every alias; what has no tenant takes it back inside a transaction."""
    carry_variable(VARIABLE, lambda scope: str(scope.tenant.pk))
    given, none = f"SET LOCAL {VARIABLE} TO '7';\n", f"SET LOCAL {VARIABLE} TO DEFAULT;\n"
    carrier = Carrier("default")
    assert due(carrier, tenant("table")) == given
    assert due(carrier, tenant("table"), inside=True) == given
    assert due(carrier, inside=True) == none
    assert due(carrier) is None
    assert due(carrier, tenant("schema")) == PATH + given
    assert due(carrier, tenant("schema"), inside=True) == PATH + given
    assert due(carrier, tenant("table"), inside=True) == NO_PATH + given
    with TenantContext.use_schema("acme"):
        assert due(carrier) == PATH
        assert due(carrier, inside=True) == PATH + none
    assert due(carrier, inside=True) == NO_PATH + none
    assert due(Carrier("other"), tenant("schema"), inside=True) == given


def test_a_variable_without_a_value() -> None:
    """It is not set outside a transaction, and taken back inside."""
    carry_variable(VARIABLE, lambda scope: None)
    carrier = Carrier("default")
    assert due(carrier, tenant("table")) is None
    assert due(carrier, tenant("table"), inside=True) == f"SET LOCAL {VARIABLE} TO DEFAULT;\n"


@pytest.mark.parametrize("name", ["tenant_id", "a.b.c", "a.b;", "search_path", "ä.b", "a.", ""])
def test_what_is_no_variable(name: str) -> None:
    """It reaches SQL text, and must not be a setting of PostgreSQL's own."""
    with pytest.raises(ValueError, match="two words with a dot"):
        carry_variable(name, lambda scope: "")


def test_a_tenant_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it carries is remembered with the entry."""
    asked: list[BaseTenant] = []
    carry_variable(VARIABLE, lambda scope: asked.append(scope.tenant) or "7")
    scope, carrier = tenant("table"), Carrier("default")
    for _ in range(3):
        due(carrier, scope)
    assert len(asked) == 1


@pytest.mark.parametrize("name", ["$user", "pg_temp", "information_schema", "x" * 64])
def test_a_schema_that_cannot_be_entered(name: str) -> None:
    """PostgreSQL would take another for it, or none; it shows at the first statement."""
    with TenantContext.use_schema(name), pytest.raises(IdentifierError):
        Carrier("default").due(lambda: False)
