"""The helpers for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omnitenant_context.context import TenantContext, enter, get_scope, leave
from omnitenant_context.listeners import add_listener, remove_listener
from omnitenant_context.scope import MASTER, NOBODY, ActiveTenant
from omnitenant_context.testing import assert_nothing_active, no_tenant_left

if TYPE_CHECKING:
    from omnitenant_context.scope import Tenant


class TestAssertNothingActive:
    """Asks once."""

    def test_passes_with_nobody(self, acme: Tenant) -> None:
        """Before and after a block."""
        assert_nothing_active()
        with TenantContext.use_tenant(acme):
            pass
        assert_nothing_active()

    def test_names_what_is_active(self, acme: Tenant) -> None:
        """Everything but nobody is something, the master too."""
        with (
            TenantContext.use_tenant(acme),
            pytest.raises(AssertionError, match="'acme'> is active"),
        ):
            assert_nothing_active()
        with TenantContext.use_master_db(), pytest.raises(AssertionError, match="<Master> is"):
            assert_nothing_active()


class TestNoTenantLeft:
    """Asks about a block."""

    def test_passes_when_all_is_left(self, acme: Tenant) -> None:
        """What the block enters and leaves is its own business; what is active outside may stay."""
        with TenantContext.use_master_db(), no_tenant_left():
            with TenantContext.use_tenant(acme):
                pass
            assert get_scope() is MASTER

    def test_restores_and_then_fails(self, acme: Tenant) -> None:
        """The error names what was left; the next test starts clean."""
        with (
            pytest.raises(AssertionError, match=r"began with <Nobody> and ended with <Active.*'acme'>"),
            no_tenant_left(),
        ):
            enter(MASTER)
            enter(ActiveTenant(acme))
        assert get_scope() is NOBODY

    def test_nobody_left_is_found_too(self) -> None:
        """Entering nobody explicitly is an entry as well."""
        with pytest.raises(AssertionError), no_tenant_left():
            enter(NOBODY)
        assert get_scope() is NOBODY

    def test_leaving_too_much_is_found_too(self, acme: Tenant) -> None:
        """A block that takes away what it did not enter is put right again, and no more is left."""
        with TenantContext.use_master_db():
            outer = enter(ActiveTenant(acme))
            heard: list[str] = []
            listener = add_listener(lambda _: None, lambda scope, _: heard.append(scope.label))
            try:
                inner = enter(MASTER)
                with (
                    pytest.raises(AssertionError, match="began with <Master> and ended with <Act"),
                    no_tenant_left(),
                ):
                    leave(inner)
                assert get_scope() is MASTER
                assert heard == ["master"]
                assert not outer.left
            finally:
                remove_listener(listener)
            leave(inner)
            assert get_scope() == ActiveTenant(acme)
            leave(outer)
        assert get_scope() is NOBODY

    def test_the_error_of_the_block_is_the_one_seen(self, acme: Tenant) -> None:
        """A failing test fails for its own reason, and is cleaned up after all the same."""
        with pytest.raises(ZeroDivisionError), no_tenant_left():
            enter(ActiveTenant(acme))
            _ = 1 / 0
        assert get_scope() is NOBODY

    def test_listeners_hear_of_it(self, acme: Tenant) -> None:
        """What hangs on a forgotten tenant, such as a time zone, is put back too."""
        heard: list[str] = []
        listener = add_listener(
            lambda scope: heard.append(f"enter {scope.label}"),
            lambda scope, _: heard.append(f"leave {scope.label}"),
        )
        try:
            with pytest.raises(AssertionError), no_tenant_left():
                enter(MASTER)
                enter(ActiveTenant(acme))
        finally:
            remove_listener(listener)
        assert heard == ["enter master", "enter acme", "leave acme", "leave master"]
