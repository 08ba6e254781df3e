"""Finding a tenant by its id."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from omnitenant_context.context import TenantContext, get_scope
from omnitenant_context.errors import TenantNotFound
from omnitenant_context.loaders import aload_tenant, load_tenant, register_loader
from omnitenant_context.propagation import bind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omnitenant_context.scope import Tenant


@pytest.fixture(autouse=True)
def _no_loader_left() -> Iterator[None]:
    """Take out what a test registers."""
    yield
    register_loader(None)


def test_without_a_loader_the_error_says_how_to_get_one() -> None:
    """Nothing is found, and the message names what was looked for and the remedy."""
    for load in (load_tenant, lambda tenant_id: asyncio.run(aload_tenant(tenant_id))):
        with pytest.raises(TenantNotFound, match=r"'acme': no loader is registered; call") as raised:
            load("acme")
        assert raised.value.tenant_id == "acme"


def test_a_loader_finds_tenants(directory: dict[str, Tenant], acme: Tenant) -> None:
    """The registered function is asked, also from a coroutine."""
    assert directory["acme"] is acme
    assert load_tenant("acme") is acme
    assert asyncio.run(aload_tenant("acme")) is acme


@pytest.mark.usefixtures("directory")
def test_a_loader_may_say_none() -> None:
    """None means that there is no such tenant, and is never given to the caller."""
    for load in (load_tenant, lambda tenant_id: asyncio.run(aload_tenant(tenant_id))):
        with pytest.raises(TenantNotFound, match="no tenant has the id 'zeta'") as raised:
            load("zeta")
        assert raised.value.tenant_id == "zeta"


def test_a_loader_may_raise() -> None:
    """Its own error reaches the caller as it is."""

    def load(tenant_id: str) -> Tenant:
        message = "gone since Monday"
        raise TenantNotFound(message, tenant_id=tenant_id)

    register_loader(load)
    for ask in (load_tenant, lambda tenant_id: asyncio.run(aload_tenant(tenant_id))):
        with pytest.raises(TenantNotFound, match="gone since Monday"):
            ask("acme")


def test_an_async_loader_is_preferred_in_coroutines(acme: Tenant, bolt: Tenant) -> None:
    """Each world has its own; None from it means the same."""

    async def aload(tenant_id: str) -> Tenant | None:
        await asyncio.sleep(0)
        return bolt if tenant_id == "bolt" else None

    register_loader({"acme": acme}.get, aload=aload)
    assert load_tenant("acme") is acme
    assert asyncio.run(aload_tenant("bolt")) is bolt
    with pytest.raises(TenantNotFound, match="'acme'"):
        asyncio.run(aload_tenant("acme"))


def test_a_loader_without_a_twin_does_not_block_the_loop(acme: Tenant) -> None:
    """It runs in a thread, with the scope of whoever asks."""
    seen: list[object] = []

    def load(_: str) -> Tenant:
        seen.extend([threading.current_thread(), get_scope().label])
        return acme

    register_loader(load)

    async def main() -> None:
        with TenantContext.use_master_db():
            assert await aload_tenant("acme") is acme

    asyncio.run(main())
    assert seen[0] is not threading.current_thread()
    assert seen[1] == "master"


def test_a_later_loader_replaces_an_earlier_one(acme: Tenant, bolt: Tenant) -> None:
    """Both halves are replaced, so that an old asynchronous loader is never asked any more."""

    async def aload(_: str) -> Tenant:
        return acme

    register_loader(lambda _: acme, aload=aload)
    register_loader(lambda _: bolt)
    assert load_tenant("acme") is bolt
    assert asyncio.run(aload_tenant("acme")) is bolt
    register_loader(None)
    with pytest.raises(TenantNotFound):
        load_tenant("acme")


def test_loaders_are_known_in_all_threads() -> None:
    """They belong to the process, not to a context."""
    found = []
    register_loader(lambda tenant_id: SimpleNamespace(tenant_id=tenant_id))
    thread = threading.Thread(target=bind(lambda: found.append(load_tenant("acme").tenant_id)))
    thread.start()
    thread.join()
    assert found == ["acme"]
