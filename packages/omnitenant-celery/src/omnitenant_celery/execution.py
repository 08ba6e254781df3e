"""Around the body of a task: enter its scope before, refuse the body where that fails, leave after.

A signal cannot refuse a task, because the dispatcher swallows what its receivers raise. The
loader's ``on_task_init`` can: it runs right after the signal, for every class of task and for eager
calls. So :func:`enter_task` notes the refusal and :func:`check_task` raises it.
"""

from __future__ import annotations

import logging
import re
import warnings
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from celery import Task
from celery.app.task import Context

from omnitenant_celery.chords import CHORD_UNLOCK, fail_chord
from omnitenant_celery.header import find_header
from omnitenant_celery.policy import scope_for
from omnitenant_context.context import Token, enter, get_scope, leave
from omnitenant_context.scope import NOBODY

__all__ = ["check_task", "enter_task", "leave_task"]

logger = logging.getLogger(__name__)


class _Run(NamedTuple):
    """One run of a task.

    Attributes:
        token: what has to be left; None where an eager task stays in its caller's context.
        refusal: why the body must not run.
    """

    token: Token | None
    refusal: Exception | None


# By request and not by task id: celery makes one request for every run, while two runs of one id
# can overlap (a message delivered twice to a pool of threads, an eager task that replaces itself).
_runs: WeakKeyDictionary[Context, _Run] = WeakKeyDictionary()


def enter_task(task: Task[Any, Any], **_: object) -> None:
    """Enter the scope of a task that is about to run; a receiver of ``task_prerun``.

    Where the scope cannot be entered, nobody is active from here on and :func:`check_task` refuses.

    Args:
        task: the task, with the request of this run on top of its stack.
    """
    request = task.request
    refusal: Exception | None = None
    token: Token | None = None
    try:
        scope = scope_for(task, request)
        if not request.is_eager or scope is not get_scope():
            token = enter(scope)
    except Exception as error:  # noqa: BLE001 - check_task raises it
        refusal = error
        token = enter(NOBODY)
    _runs[request] = _Run(token, refusal)


def check_task(task: Task[Any, Any]) -> None:
    """Refuse the body of a task whose scope could not be entered; called by the guarded loader.

    Celery then records the failure as for any task: stored result, errbacks, ``task_failure``. In
    an eager task the error reaches the caller.

    Args:
        task: the task.

    Raises:
        Exception: what :func:`~omnitenant_celery.policy.scope_for` or a listener had raised.
    """
    request = task.request
    if request not in _runs:  # the signal was disconnected or never sent
        enter_task(task)
    run = _runs[request]
    refusal = run.refusal
    if refusal is None:
        return
    _runs[request] = run._replace(refusal=None)  # its traceback would keep the request alive
    logger.warning(
        "task %s[%s] is refused before its body runs (header %.100r): %s",
        task.name,
        request.id,
        find_header(request),
        refusal,
    )
    try:
        raise refusal  # noqa: TRY301 - what follows needs it as the exception being handled
    except Exception:
        if task.name == CHORD_UNLOCK:
            fail_chord(task.app, request, refusal)
        _expect(refusal)
        raise
    finally:
        del run, refusal  # their traceback holds this frame


def leave_task(task: Task[Any, Any], **_: object) -> None:
    """Leave what :func:`enter_task` entered; a receiver of ``task_postrun``.

    Args:
        task: the task, with the request of this run on top of its stack.
    """
    run = _runs.pop(task.request, None)
    if run is not None and run.token is not None:
        leave(run.token)


def _expect(refusal: Exception) -> None:
    """Keep celery from warning of a refusal: where warnings are errors, it would never be stored.

    Said at each refusal, because test runners put the filters back; one filter for a class.
    """
    kind = re.escape(type(refusal).__name__)
    warnings.filterwarnings("ignore", rf"Exception raised outside body: {kind}\(", RuntimeWarning)
