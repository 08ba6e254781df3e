"""What happens to a task outside of its own process still happens for its tenant.

A hard time limit, a lost worker, a task that expires or is revoked: the main process of the worker
handles them, where the task never started and ``task_prerun`` was never sent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from billiard.einfo import ExceptionWithTraceback  # type: ignore[attr-defined]  # not in the stubs
from celery import Task
from celery.exceptions import Reject
from celery.utils.imports import symbol_by_name
from celery.worker import state
from celery.worker.request import Request

from omnitenant_celery.header import find_header
from omnitenant_celery.policy import scope_for
from omnitenant_context.context import TenantContext
from omnitenant_context.scope import NOBODY

if TYPE_CHECKING:
    from celery.concurrency.base import BasePool

__all__ = ["TenantRequest", "give_tenant_request"]

logger = logging.getLogger(__name__)


class TenantRequest(Request):
    """The worker's view of a task: errbacks and failure handlers run in the task's scope.

    Every task of a worker gets it by itself. A task with a ``Request`` class of its own gets a
    class that is both.

    The tenant is loaded in the worker's main process, and only when something went wrong there.
    Where it cannot be entered, handlers run with nobody.
    """

    def on_timeout(self, soft: bool, timeout: float) -> None:  # noqa: FBT001 - celery's signature
        """Handle a time limit; a hard one calls errbacks and ``task_failure``."""
        if soft:
            super().on_timeout(soft, timeout)
            return
        with self._scope():
            super().on_timeout(soft, timeout)

    def on_failure(
        self,
        exc_info: Any,
        send_failed_event: bool = True,  # noqa: FBT001, FBT002 - celery's signature
        return_ok: bool = False,  # noqa: FBT001, FBT002 - celery's signature
    ) -> None:
        """Handle a failure. One that the task's own process reported is only counted here."""
        error = exc_info.exception
        if isinstance(error, ExceptionWithTraceback):
            error = error.exc
        if return_ok and not isinstance(error, Reject):
            super().on_failure(exc_info, send_failed_event, return_ok)
            return
        with self._scope():
            super().on_failure(exc_info, send_failed_event, return_ok)

    def revoked(self) -> bool:
        """Tell whether the task is revoked or has expired, and if so, record that."""
        if not (self.id in state.revoked or self.stamped_headers or self.maybe_expire()):
            return super().revoked()
        with self._scope():
            return super().revoked()

    def terminate(self, pool: BasePool, signal: int | None = None) -> None:
        """Terminate the running task and record it as revoked."""
        with self._scope():
            super().terminate(pool, signal)

    def cancel(self, *args: Any, **kwargs: Any) -> None:
        """Stop the running task because the connection to the broker was lost."""
        with self._scope():
            super().cancel(*args, **kwargs)

    def info(self, safe: bool = False) -> Any:  # noqa: FBT001, FBT002 - celery's signature
        """Describe the task, as ``celery inspect active`` (reserved, scheduled) shows it."""
        return {**super().info(safe), "tenant": find_header(self.request_dict)}

    @contextmanager
    def _scope(self) -> Iterator[None]:
        try:
            scope = scope_for(self.task, self.request_dict)
        except Exception as error:  # noqa: BLE001 - the worker's main process must go on
            logger.warning(
                "the failure of task %s[%s] is handled with nobody active: %s",
                self.name,
                self.id,
                error,
            )
            scope = NOBODY
        with TenantContext.use_scope(scope):
            yield


def give_tenant_request(task: Task[Any, Any]) -> None:
    """Let a worker handle a task by :class:`TenantRequest`; one that does already is left alone.

    Args:
        task: a task in the registry of the worker's app.
    """
    chosen: type[Request] = symbol_by_name(task.Request)
    if issubclass(chosen, TenantRequest):
        return
    combined: type[Request] = TenantRequest
    if chosen is not Request:
        combined = type(f"Tenant{chosen.__name__}", (TenantRequest, chosen), {})
    # On the instance: the class of a task may be shared, and celery asks the registered instance.
    task.Request = combined  # type: ignore[assignment]  # a class or its dotted name, says celery
