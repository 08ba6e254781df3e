"""The one answer to "for whom does this code run", and the ways to change it."""

from __future__ import annotations

from omnitenant_context._functions import run_in
from omnitenant_context._state import Token, current, enter, get_scope, leave, leave_owned, pop, push
from omnitenant_context.errors import TenantRequiredError
from omnitenant_context.scope import (
    MASTER,
    UNSCOPED,
    ActiveTenant,
    NamedSchema,
    checked_scope,
    require_is_scope,
    require_is_tenant,
)

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing, see scope.py
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, TypeVar

    from omnitenant_context.scope import Scope, Tenant

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["ContextGuard", "TenantContext", "Token", "enter", "get_scope", "leave"]


class ContextGuard:
    """Enters a scope for a block or a function: ``with``, ``async with`` and decorator in one.

    It keeps no state between entries, so one object may be entered again inside itself and shared
    between threads and tasks.

    As a decorator it enters for every call. A generator is stepped inside the scope and pauses
    outside of it, so that the code that consumes it keeps its own; write that instead of a ``with``
    around a ``yield``, which leaves the consumer in the generator's scope. A class cannot be
    decorated.
    """

    __slots__ = ("_make_scope",)

    def __init__(self, make_scope: Callable[[], Scope]) -> None:
        """Prepare an entry; nothing is active or checked yet.

        Args:
            make_scope: gives the scope at each entry, and raises where entering is refused.
        """
        self._make_scope = make_scope

    def __enter__(self) -> Any:
        """Enter, and give the tenant (or None where the scope has none)."""
        scope = self._make_scope()
        push(scope, self)
        return scope.tenant if isinstance(scope, ActiveTenant) else None

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the innermost entry that this object made in this context."""
        token = current.get()
        if token.owner is self and not token.left:
            pop(token)
        else:
            leave_owned(self)

    async def __aenter__(self) -> Any:
        """Enter in a coroutine; never waits."""
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave in a coroutine; never waits."""
        self.__exit__(exc_type, exc, traceback)

    def __call__(self, function: F) -> F:
        """Decorate a function, coroutine function, generator function or async generator function.

        Args:
            function: what shall run in the scope; a ``staticmethod`` or ``classmethod`` is
                decorated inside.

        Returns:
            A function of the same kind.

        Raises:
            TypeError: the argument is a class, or cannot be called.
        """
        if isinstance(function, (staticmethod, classmethod)):
            method: F = type(function)(self(function.__func__))
            return method
        if isinstance(function, type) or not callable(function):
            message = f"{function!r} is no function; decorate the functions that need the scope"
            raise TypeError(message)
        return run_in(function, self._make_scope)


class TenantContext:
    """The public face of the context: enter a scope, and ask which one is active.

    Entering does no I/O and is safe in threads, tasks and event loops. Tasks and
    ``asyncio.to_thread`` carry the scope by themselves; a bare thread or executor starts with
    nobody: see :func:`~omnitenant_context.propagation.bind`. A transaction must be left in the
    context in which it was entered.

    Example:
        >>> class Customer:
        ...     tenant_id = "acme"
        >>> with TenantContext.use_tenant(Customer()):
        ...     TenantContext.require_tenant().tenant_id
        'acme'
        >>> TenantContext.get_tenant() is None
        True
    """

    @staticmethod
    def use_tenant(tenant: Tenant, *, allow_inactive: bool = False) -> ContextGuard:
        """Make a tenant active.

        Args:
            tenant: the tenant. It is checked at each entry, not here.
            allow_inactive: enter although the tenant is suspended or not provisioned: for code that
                operates on tenants (migrations, exports), never for code that serves them.

        Returns:
            A guard to be used with ``with``, ``async with`` or as a decorator; its value is the
            tenant.

        Raises:
            TypeError: the argument has no ``tenant_id``.
            TenantInactiveError: on entry, when the tenant refuses it.
        """
        require_is_tenant(tenant)
        return ContextGuard(lambda: checked_scope(tenant, allow_inactive))

    @staticmethod
    def use_master_db() -> ContextGuard:
        """Make the master active: the place of the tenant and domain tables, without a tenant."""
        return ContextGuard(_master)

    @staticmethod
    def use_schema(name: str) -> ContextGuard:
        """Make a schema active by name, without a tenant.

        Args:
            name: the schema. Nothing is sent to the database on entry, so a name that does not
                exist shows at the first query.

        Raises:
            TypeError: the name is no text.
            ValueError: the name is empty.
        """
        return TenantContext.use_scope(NamedSchema(name))

    @staticmethod
    def unscoped() -> ContextGuard:
        """Lift the row filter, in the master's place: the one explicit door to all rows."""
        return ContextGuard(_unscoped)

    @staticmethod
    def use_scope(scope: Scope) -> ContextGuard:
        """Make a scope active that was captured before, for example by :func:`get_scope`.

        The scope is entered as it is: its tenant was checked when it was captured, and is not asked
        again.

        Raises:
            TypeError: the argument is no scope.
        """
        require_is_scope(scope)
        return ContextGuard(lambda: scope)

    @staticmethod
    def get_scope() -> Scope:
        """Return the active scope; ``NOBODY`` when nothing was entered."""
        return current.get().scope

    @staticmethod
    def get_tenant() -> Any | None:
        """Return the active tenant, or None where no tenant is: all other scopes."""
        scope = current.get().scope
        return scope.tenant if isinstance(scope, ActiveTenant) else None

    @staticmethod
    def require_tenant() -> Any:
        """Return the active tenant.

        Raises:
            TenantRequiredError: no tenant is active.
        """
        scope = current.get().scope
        if isinstance(scope, ActiveTenant):
            return scope.tenant
        message = f"no tenant is active ({scope.label}); enter one with TenantContext.use_tenant(tenant)"
        raise TenantRequiredError(message)


def _master() -> Scope:
    return MASTER


def _unscoped() -> Scope:
    return UNSCOPED
