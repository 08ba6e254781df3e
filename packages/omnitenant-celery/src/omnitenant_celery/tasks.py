"""A base class for tasks that name their tenant by an argument."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from celery import Task
from celery.result import AsyncResult, EagerResult

from omnitenant_celery.header import tenant_headers
from omnitenant_celery.policy import TenantPolicy
from omnitenant_context.carriers import HEADER
from omnitenant_context.context import TenantContext

__all__ = ["TenantAwareTask"]


if TYPE_CHECKING:
    _Task = Task[Any, Any]
else:
    _Task = Task  # celery 5.4 cannot subscript it


class TenantAwareTask(_Task):
    """A task that needs a tenant, and may be told by its argument ``tenant_id`` which one.

    ``@shared_task(base=TenantAwareTask)``. Which tenant the body runs for, the first that applies:

    1. the header that the caller passed (``headers=tenant_headers("acme")``),
    2. the tenant that is active where the task is called,
    3. the argument ``tenant_id`` of the call, positional or by keyword, when it is text.

    The third is for callers that have no tenant: a schedule, the master, a loop over all tenants.
    With none of them the task fails before its body runs. Plain tasks need this class only for the
    third rule: every task runs in the context that it was called in.

    Example:
        >>> from celery import Celery
        >>> app = Celery("example", set_as_current=False)
        >>> @app.task(base=TenantAwareTask)
        ... def report(tenant_id):
        ...     return TenantContext.require_tenant().tenant_id
        >>> signature = report.s(tenant_id="acme")
    """

    abstract = True
    tenant_policy: str = TenantPolicy.REQUIRED

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        *positional: Any,
        **options: Any,
    ) -> AsyncResult[Any]:
        """Send the task, with a header from its ``tenant_id`` where no tenant is active.

        Takes what ``celery.Task.apply_async`` takes.
        """
        self._add_header(args, kwargs, options)
        return super().apply_async(args, kwargs, *positional, **options)  # type: ignore[arg-type]  # the stubs want a tuple, celery any sequence

    def apply(
        self,
        args: Sequence[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        *positional: Any,
        **options: Any,
    ) -> EagerResult[Any]:
        """Run the task here and now, by the same rules.

        Takes what ``celery.Task.apply`` takes.
        """
        self._add_header(args, kwargs, options)
        return super().apply(args, kwargs, *positional, **options)  # type: ignore[arg-type]  # the stubs want a tuple, celery any sequence

    def _add_header(
        self,
        args: Sequence[Any] | None,
        kwargs: Mapping[str, Any] | None,
        options: dict[str, Any],
    ) -> None:
        headers = options.get("headers") or {}
        if HEADER in headers or TenantContext.get_tenant() is not None:
            return
        tenant_id = self._tenant_id(args or (), kwargs or {})
        if tenant_id is not None:
            options["headers"] = {**headers, **tenant_headers(tenant_id)}

    def _tenant_id(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | None:
        value = kwargs.get("tenant_id")
        if value is None and args:
            try:
                bound = inspect.signature(self.run).bind_partial(*args, **kwargs)
            except TypeError:  # celery refuses the call in its own words
                return None
            value = bound.arguments.get("tenant_id")
        return value if isinstance(value, str) else None
