"""Shows that two tenants do not meet: in a model, or in what a function returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Model

from omnitenant_context.context import TenantContext
from omnitenant_models.settings import omnitenant_settings
from omnitenant_models.testing._finds import strangers_in
from omnitenant_models.testing._probes import probe
from omnitenant_models.testing.leaks import no_leaks

if TYPE_CHECKING:
    from omnitenant_models.tenants import BaseTenant

__all__ = ["aassert_isolated", "assert_isolated"]


def assert_isolated(
    subject: type[Model] | Callable[[], Any],
    tenant_a: BaseTenant,
    tenant_b: BaseTenant,
    *,
    ignore_managers: Iterable[str] = (),
) -> None:
    """Fail unless two tenants are kept apart. All that is written on the way is rolled back.

    A **model** is tried while one of the tenants is active and the other's rows are there: through each of its
    managers and the base manager rows are listed, counted, got by primary key, changed and deleted, an instance of
    the other's is refreshed, saved, forged and deleted, and its relations are followed in both directions. Each of
    the tenants must have a row, or nothing would be shown. Methods and signal handlers of the model run.

    A **function** is called for each of the tenants in turn. What it returns must hold nothing of the other: no
    instance (asked of the database), in querysets, containers and responses too, and no text with the other's id or
    name, so give tenants telling ones. Each statement must stay with the active tenant, as in
    :class:`~omnitenant_models.testing.no_leaks`.

    Args:
        subject: the model, or a function without arguments. A function that speaks to a site asks
            ``TenantContext.get_tenant()`` for whom.
        tenant_a: a tenant.
        tenant_b: another one.
        ignore_managers: names of managers of the model that show all tenants on purpose.

    Raises:
        AssertionError: they meet; says where, and names both.
        TypeError: the function is a coroutine function: await :func:`aassert_isolated`.
    """
    __tracebackhide__ = True  # pytest shows the line of the call
    _refuse_one_tenant(tenant_a, tenant_b)
    if isinstance(subject, type) and issubclass(subject, Model):
        with TenantContext.use_master_db(), _undone(tenant_a, tenant_b):
            found = [*probe(subject, tenant_a, tenant_b, frozenset(ignore_managers))]
            found += probe(subject, tenant_b, tenant_a, frozenset(ignore_managers))
        _fail_for(found, f"rows of {subject._meta.label}")
        return
    if inspect.iscoroutinefunction(subject):
        message = f"{_name(subject)} is a coroutine function; await aassert_isolated() with it"
        raise TypeError(message)
    with TenantContext.use_master_db(), _undone(tenant_a, tenant_b):
        found = []
        for mine, other in ((tenant_a, tenant_b), (tenant_b, tenant_a)):
            with TenantContext.use_tenant(mine), no_leaks() as watch:
                found += strangers_in(subject(), mine, other)
                found += _leaks_of(watch, mine, other)
    _fail_for(found, _name(subject))


async def aassert_isolated(
    subject: type[Model] | Callable[[], Coroutine[Any, Any, Any]],
    tenant_a: BaseTenant,
    tenant_b: BaseTenant,
    *,
    ignore_managers: Iterable[str] = (),
) -> None:
    """Do what :func:`assert_isolated` does in a coroutine, with a coroutine function or a model.

    Raises:
        AssertionError: they meet; says where, and names both.
        TypeError: the function is no coroutine function.
    """
    __tracebackhide__ = True
    if isinstance(subject, type) and issubclass(subject, Model):
        await sync_to_async(assert_isolated)(subject, tenant_a, tenant_b, ignore_managers=ignore_managers)
        return
    _refuse_one_tenant(tenant_a, tenant_b)
    if not inspect.iscoroutinefunction(subject):
        message = f"{_name(subject)} is no coroutine function; call assert_isolated() with it"
        raise TypeError(message)
    found: list[str] = []
    async with TenantContext.use_master_db():
        block = await sync_to_async(_undone)(tenant_a, tenant_b)
        # The ORM works in one thread for all coroutines of a loop, so the transaction is that of the function, too.
        await sync_to_async(block.__enter__)()
        try:
            for mine, other in ((tenant_a, tenant_b), (tenant_b, tenant_a)):
                async with TenantContext.use_tenant(mine), no_leaks() as watch:
                    returned = await subject()
                    found += await sync_to_async(strangers_in)(returned, mine, other)
                    found += _leaks_of(watch, mine, other)
        finally:
            await sync_to_async(block.__exit__)(None, None, None)
    _fail_for(found, _name(subject))


@contextmanager
def _undone(*tenants: BaseTenant) -> Iterator[None]:
    """Roll back what is done in the databases of these tenants and in the master."""
    aliases = {omnitenant_settings.MASTER_DB_ALIAS}
    for tenant in tenants:
        with TenantContext.use_tenant(tenant):
            aliases.add(connections[DEFAULT_DB_ALIAS].alias)
    with ExitStack() as stack:
        for alias in sorted(aliases):
            stack.enter_context(transaction.atomic(using=alias))
        try:
            yield
        finally:
            for alias in sorted(aliases):
                transaction.set_rollback(True, using=alias)


def _leaks_of(watch: no_leaks, mine: BaseTenant, other: BaseTenant) -> list[str]:
    leaks, watch.leaks = watch.leaks, []
    return [
        f"for {mine.tenant_id!r} a statement ran that would meet rows of {other.tenant_id!r}, too: {leak}"
        for leak in leaks
    ]


def _refuse_one_tenant(tenant_a: BaseTenant, tenant_b: BaseTenant) -> None:
    if tenant_a == tenant_b:
        message = f"two tenants are needed to show anything, and both are {tenant_a.tenant_id!r}"
        raise ValueError(message)


def _fail_for(found: list[str], what: str) -> None:
    __tracebackhide__ = True
    if found:
        message = f"{what}: tenants meet\n" + "\n".join(f"- {each}" for each in found)
        raise AssertionError(message)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", repr(function))
