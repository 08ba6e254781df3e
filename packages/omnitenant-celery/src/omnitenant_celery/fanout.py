"""One call of a task for each of many tenants."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from celery import Task
from celery.result import AsyncResult

from omnitenant_celery.header import tenant_headers
from omnitenant_context.errors import TenantInactiveError
from omnitenant_context.scope import Tenant, tenant_scope

__all__ = ["fan_out"]

logger = logging.getLogger(__name__)


def fan_out(
    task: Task[Any, Any],
    tenants: Iterable[Tenant | str],
    *,
    spread: timedelta = timedelta(0),
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    **options: Any,
) -> list[AsyncResult[Any]]:
    """Call a task once for each tenant, each call for its tenant, evenly spread over a time.

    For the body of a scheduled task. One message is published for each tenant, from whatever
    context this is called in; the context here does not change. A task with a parameter
    ``tenant_id`` gets it.

    Args:
        task: the task to call.
        tenants: the tenants, or their ids. A tenant that cannot be entered (suspended, not
            provisioned) is left out and logged; an id is not looked up here, its task would fail.
        spread: the time that the calls are spread over. The first starts at once (or after the
            given ``countdown``), the last one step before its end. Workers keep tasks that wait in
            memory, and a broker with a visibility timeout delivers again what waits longer.
        args: positional arguments of each call.
        kwargs: keyword arguments of each call.
        **options: what ``apply_async`` takes besides. ``countdown`` is in seconds; ``eta`` is
            shifted for each call.

    Returns:
        The results, in the order of the tenants.
    """
    called = [each for each in tenants if isinstance(each, str) or _may_enter(each, task)]
    given = dict(kwargs or {})
    named = "tenant_id" in inspect.signature(task.run).parameters and "tenant_id" not in given
    headers = options.pop("headers", None) or {}
    results = []
    for position, tenant in enumerate(called):
        tenant_id = tenant if isinstance(tenant, str) else tenant.tenant_id
        result = task.apply_async(
            tuple(args),
            {**given, "tenant_id": tenant_id} if named else dict(given),
            headers={**headers, **tenant_headers(tenant)},
            **_delayed(options, spread * position / len(called)),
        )
        results.append(result)
    return results


def _delayed(options: Mapping[str, Any], delay: timedelta) -> dict[str, Any]:
    if not delay:
        return dict(options)
    if options.get("eta") is not None:
        return {**options, "eta": options["eta"] + delay}
    return {**options, "countdown": (options.get("countdown") or 0) + delay.total_seconds()}


def _may_enter(tenant: Tenant, task: Task[Any, Any]) -> bool:
    try:
        tenant_scope(tenant)
    except TenantInactiveError as refusal:
        logger.info("task %s is not called for a tenant that is not active: %s", task.name, refusal)
        return False
    return True
