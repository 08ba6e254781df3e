"""What a task asks of the context that it runs in, and the scope that follows from it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from celery import Task
from celery.exceptions import ImproperlyConfigured

from omnitenant_celery.header import SupportsGet, find_header, read_header
from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantRequiredError
from omnitenant_context.scope import MASTER, ActiveTenant, Scope

__all__ = ["TenantPolicy", "policy_of", "scope_for"]

DEFAULT_POLICY_SETTING = "omnitenant_default_policy"


class TenantPolicy(StrEnum):
    """What may be active in a task: the values of a task's ``tenant_policy``.

    A task without the attribute has the app's ``conf.omnitenant_default_policy`` (in Django
    settings with the usual namespace: ``CELERY_OMNITENANT_DEFAULT_POLICY``), else OPTIONAL.
    Celery's own tasks (``celery.chord_unlock`` and the like) are always OPTIONAL.

    Attributes:
        REQUIRED: a tenant. Called with none, the task fails before its body runs.
        OPTIONAL: whatever was active where the task was called, nobody included.
        MASTER: always the master, whoever calls. The caller's tenant is not even looked up.
    """

    REQUIRED = "required"
    OPTIONAL = "optional"
    MASTER = "master"


def policy_of(task: Task[Any, Any]) -> TenantPolicy:
    """Tell the policy of a task.

    Raises:
        ImproperlyConfigured: the task or the app names a policy that does not exist.
    """
    value = getattr(task, "tenant_policy", None)
    if value is None and not task.name.startswith("celery."):
        value = task.app.conf.get(DEFAULT_POLICY_SETTING)
    if value is None:
        return TenantPolicy.OPTIONAL
    try:
        return TenantPolicy(value)
    except ValueError:
        known = ", ".join(repr(str(each)) for each in TenantPolicy)
        message = (
            f"task {task.name!r} has the unknown tenant policy {value!r}; set tenant_policy, or "
            f"{DEFAULT_POLICY_SETTING} of the app, to one of {known}"
        )
        raise ImproperlyConfigured(message) from None


def scope_for(task: Task[Any, Any], request: SupportsGet) -> Scope:
    """Tell what has to be active while a task runs. Loads the tenant.

    An eager task is not a message: without a header it runs in what its caller has active.

    Args:
        task: the task.
        request: its request, or the dict that the request is made from.

    Raises:
        TenantNotFound: the tenant does not exist, or no longer.
        TenantInactiveError: the tenant is suspended or not provisioned.
        TenantRequiredError: the task requires a tenant and was called with none.
        CarrierError: the header cannot be read.
        ImproperlyConfigured: the task's policy does not exist.
    """
    policy = policy_of(task)
    if policy is TenantPolicy.MASTER:
        return MASTER
    header = find_header(request)
    in_place = header is None and request.get("is_eager", False)
    scope = get_scope() if in_place else read_header(header)
    if policy is TenantPolicy.REQUIRED and not isinstance(scope, ActiveTenant):
        message = (
            f"task {task.name!r} needs a tenant and was called with none ({scope.label}); call it "
            "inside TenantContext.use_tenant(tenant), or with headers=tenant_headers(tenant)"
        )
        raise TenantRequiredError(message)
    return scope
