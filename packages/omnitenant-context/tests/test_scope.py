"""The values that say what is active."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace

import pytest

from omnitenant_context import scope as scope_module
from omnitenant_context.errors import TenantInactiveError
from omnitenant_context.scope import (
    MASTER,
    NOBODY,
    UNSCOPED,
    ActiveTenant,
    Master,
    NamedSchema,
    Nobody,
    Scope,
    Tenant,
    Unscoped,
    tenant_scope,
)

EACH: list[Scope] = [
    ActiveTenant(SimpleNamespace(tenant_id="acme")),
    MASTER,
    NamedSchema("reports"),
    UNSCOPED,
    NOBODY,
]


class TestAllScopes:
    """What holds for each of them."""

    @pytest.mark.parametrize("scope", EACH, ids=repr)
    def test_cannot_be_assigned_to(self, scope: Scope) -> None:
        """A scope that is shared between threads cannot be changed by one of them."""
        for name in ("tenant", "memo", "name", "label", "other"):
            with pytest.raises(AttributeError, match="cannot be changed; enter another scope"):
                setattr(scope, name, "evil")
            with pytest.raises(AttributeError, match="cannot be changed"):
                delattr(scope, name)

    @pytest.mark.parametrize("scope", EACH, ids=repr)
    def test_survives_pickle_and_copy(self, scope: Scope) -> None:
        """A copy is equal, of the same class, and has the same hash."""
        protocols = range(pickle.HIGHEST_PROTOCOL + 1)
        for twin in (
            *(pickle.loads(pickle.dumps(scope, protocol)) for protocol in protocols),
            copy.copy(scope),
            copy.deepcopy(scope),
        ):
            assert twin == scope
            assert hash(twin) == hash(scope)
            assert type(twin) is type(scope)

    @pytest.mark.parametrize("scope", EACH, ids=repr)
    def test_differs_from_all_others(self, scope: Scope) -> None:
        """Each is equal to itself alone, also as the key of a dict."""
        assert [other for other in EACH if other == scope] == [scope]
        assert len(set(EACH)) == len(EACH)
        assert scope != scope.label

    @pytest.mark.parametrize("scope", EACH, ids=repr)
    def test_is_a_scope(self, scope: Scope) -> None:
        """The union can be asked with isinstance."""
        assert isinstance(scope, Scope)

    def test_labels_and_reprs(self) -> None:
        """The label is for logs, the repr for errors and debuggers."""
        assert [each.label for each in EACH] == [
            "acme",
            "master",
            "schema:reports",
            "unscoped",
            "nobody",
        ]
        assert [repr(each) for each in EACH] == [
            "<ActiveTenant 'acme'>",
            "<Master>",
            "<NamedSchema 'reports'>",
            "<Unscoped>",
            "<Nobody>",
        ]


class TestSingles:
    """Scopes that say everything by their class."""

    def test_there_is_one_instance(self) -> None:
        """Calling the class or loading a pickle gives the constant, so that ``is`` can be asked."""
        for cls, constant in ((Master, MASTER), (Unscoped, UNSCOPED), (Nobody, NOBODY)):
            assert cls() is constant
            assert pickle.loads(pickle.dumps(constant)) is constant
            assert pickle.loads(pickle.dumps(constant, 0)) is constant
            assert copy.deepcopy(constant) is constant


class TestActiveTenant:
    """The scope of a tenant."""

    def test_is_equal_by_the_id_of_its_tenant(self, acme: Tenant, bolt: Tenant) -> None:
        """Two loads of one row are the same scope; a tenant that cannot be hashed makes one too."""
        twin = SimpleNamespace(tenant_id="acme", name="changed")
        assert ActiveTenant(acme) == ActiveTenant(twin)
        assert ActiveTenant(acme) != ActiveTenant(bolt)
        assert len({ActiveTenant(acme), ActiveTenant(twin), ActiveTenant(bolt)}) == 2

    def test_has_a_memo_of_its_own(self, acme: Tenant) -> None:
        """What one entry derived is not seen by the next, nor compared, hashed or shown."""
        first, second = ActiveTenant(acme), ActiveTenant(acme)
        first.memo["place"] = "somewhere"
        assert second.memo == {}
        assert first == second
        assert hash(first) == hash(second)
        assert "somewhere" not in repr(first)

    def test_pickle_leaves_the_memo_behind(self, acme: Tenant) -> None:
        """A memo may hold what cannot be pickled, and is of no use elsewhere."""
        scope = ActiveTenant(acme)
        scope.memo["connection"] = lambda: None
        assert pickle.loads(pickle.dumps(scope)).memo == {}

    def test_can_be_matched(self, acme: Tenant) -> None:
        """Both scopes that hold something can be taken apart by ``match``."""
        found = []
        for scope in (ActiveTenant(acme), NamedSchema("reports")):
            match scope:
                case ActiveTenant(tenant):
                    found.append(tenant.tenant_id)
                case NamedSchema(name):
                    found.append(name)
        assert found == ["acme", "reports"]


class TestNamedSchema:
    """A schema by its name."""

    def test_refuses_what_is_no_name(self) -> None:
        """No text and empty text are refused at once, not at the first query."""
        with pytest.raises(TypeError, match="the name of a schema is text, not 7"):
            NamedSchema(7)  # type: ignore[arg-type]  # the mistake under test
        with pytest.raises(ValueError, match="the name of a schema is empty"):
            NamedSchema("")


class TestTenantScope:
    """From a tenant to its scope."""

    def test_asks_the_tenant(self, suspended: Tenant) -> None:
        """A suspended tenant gives no scope, unless it is asked for."""
        with pytest.raises(TenantInactiveError, match="'sleepy' is suspended"):
            tenant_scope(suspended)
        assert tenant_scope(suspended, allow_inactive=True).tenant is suspended

    @pytest.mark.parametrize("wrong", ["acme", None, 7, SimpleNamespace(tenant_id=7), MASTER])
    def test_refuses_what_is_no_tenant(self, wrong: object) -> None:
        """An id, a number or a scope is no tenant; the error shows it and the remedy."""
        with pytest.raises(TypeError, match=r"is no tenant: .*; pass the tenant itself"):
            tenant_scope(wrong)  # type: ignore[arg-type]  # the mistake under test


class TestTenant:
    """The protocol."""

    def test_is_a_protocol_that_can_be_asked(self, acme: Tenant) -> None:
        """Anything with a tenant_id is a tenant."""
        assert isinstance(acme, Tenant)
        assert not isinstance("acme", Tenant)
        assert Tenant.__module__ == "omnitenant_context.scope"

    def test_unknown_names_are_attribute_errors(self) -> None:
        """Fetching the protocol late does not hide a misspelt name."""
        with pytest.raises(AttributeError, match="has no attribute 'Tennant'"):
            _ = scope_module.Tennant
