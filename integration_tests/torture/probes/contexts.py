"""Entering a tenant, inside another, and leaving again."""

from __future__ import annotations

from typing import Any

from harness.register import topic
from harness.tools import only, pks

contexts = topic("context")


@contexts(portable=True)
def nested(w: Any) -> None:
    """An inner tenant hides the outer one, which comes back."""
    with w.enter(w.A):
        with w.enter(w.B):
            only(pks(w.Project.objects.all()), w.B.all("Project"))
        only(pks(w.Project.objects.all()), w.A.all("Project"))


@contexts(portable=True)
def that_raises(w: Any) -> None:
    """A block that raises gives the outer tenant back."""
    with w.enter(w.A):
        try:
            with w.enter(w.B):
                raise LookupError
        except LookupError:
            pass
        only(pks(w.Project.objects.all()), w.A.all("Project"))


@contexts(portable=True)
def that_is_entered_again(w: Any) -> None:
    """A tenant may be entered inside itself."""
    with w.enter(w.A):
        with w.enter(w.A):
            pass
        only(pks(w.Project.objects.all()), w.A.all("Project"))


@contexts(essential=True)
def unsaved_tenant(w: Any) -> None:
    """A tenant that is not saved cannot be entered."""
    with w.refused(), w.enter(w.Tenant(tenant_id="c", name="c")):
        pass


@contexts(essential=True)
def decorated_function(w: Any) -> None:
    """A function that is decorated with a tenant runs as that tenant, whoever calls it."""
    from omnitenant_context.context import TenantContext

    ask = TenantContext.use_tenant(w.A.tenant)(lambda: pks(w.Project.objects.all()))
    with w.enter(w.B):
        only(ask(), w.A.all("Project"))
        only(pks(w.Project.objects.all()), w.B.all("Project"))
