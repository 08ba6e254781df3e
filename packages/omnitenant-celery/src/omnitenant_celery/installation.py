"""Connecting to celery: signals for all apps, and a guard on the loader of each."""

from __future__ import annotations

from typing import Any

from celery import Celery, signals
from celery._state import connect_on_app_finalize

from omnitenant_celery._apps import add_fixup, known_apps
from omnitenant_celery.execution import check_task, enter_task, leave_task
from omnitenant_celery.publishing import write_message
from omnitenant_celery.requests import give_tenant_request

__all__ = ["guard_loader", "install"]

_PUBLISH = "omnitenant_celery.publish"
_PRERUN = "omnitenant_celery.prerun"
_POSTRUN = "omnitenant_celery.postrun"
_WORKER = "omnitenant_celery.worker"


def install(app: Celery | None = None) -> None:
    """Make the tasks of every app in this process carry their context.

    Importing the package does it.

    Any number of calls is one. What it connects: a receiver that writes the header when a task is
    published, two that enter and leave the scope around its body, and a wrapper around the hook
    ``on_task_init`` of each app's loader that refuses the body. Apps that exist are reached now,
    later ones when they are made. In a worker it must have run before ``worker_init`` is sent,
    which is after Django's apps and all task modules are loaded.

    Args:
        app: an app to reach in any case. Needed only for one made with ``fixups`` of its own whose
            tasks are called eagerly before it is finalized.
    """
    signals.before_task_publish.connect(write_message, weak=False, dispatch_uid=_PUBLISH)
    signals.task_prerun.connect(enter_task, weak=False, dispatch_uid=_PRERUN)
    signals.task_postrun.connect(leave_task, weak=False, dispatch_uid=_POSTRUN)
    signals.worker_init.connect(_prepare_worker, weak=False, dispatch_uid=_WORKER)
    add_fixup(f"{__name__}:guard_loader")
    connect_on_app_finalize(guard_loader)  # for apps that name their own fixups
    for each in known_apps():
        guard_loader(each)
    if app is not None:
        guard_loader(app)


def guard_loader(app: Celery) -> None:
    """Let an app's loader refuse tasks whose scope cannot be entered; does nothing the second time.

    Args:
        app: the app. Its configuration is not read.
    """
    loader = app.loader
    hook = loader.on_task_init
    if getattr(hook, "refuses_tasks", False):
        return

    def on_task_init(task_id: str, task: Any) -> None:
        check_task(task)
        hook(task_id, task)

    on_task_init.refuses_tasks = True  # type: ignore[attr-defined]  # a mark on our own function
    loader.on_task_init = on_task_init  # type: ignore[method-assign]  # celery asks the instance


def _prepare_worker(sender: Any, **_: object) -> None:
    """Reach the tasks of a worker before it builds what runs them; receives ``worker_init``."""
    app: Celery = sender.app
    guard_loader(app)
    for task in app.tasks.values():
        give_tenant_request(task)
    # Once more, as the last receivers. Before a task: celery's support for Django, which this same
    # signal connects, closes connections, and would close the one that has just loaded the tenant.
    # After it: receivers that report on the task still see its tenant.
    for signal, receiver, uid in (
        (signals.task_prerun, enter_task, _PRERUN),
        (signals.task_postrun, leave_task, _POSTRUN),
    ):
        signal.disconnect(receiver, dispatch_uid=uid)
        signal.connect(receiver, weak=False, dispatch_uid=uid)
