"""Guards of places: aliases, the router, transactions."""

from __future__ import annotations

from typing import Any

from ablations.register import ablation, nothing, replace
from omnitenant_context.context import get_scope
from omnitenant_context.scope import Nobody
from omnitenant_models.rows import _active
from omnitenant_routing import router
from omnitenant_routing.databases import handler, wrapper

OWN = "sqlite-database"


@ablation(OWN)
def the_alias_check() -> None:
    """Rows of a tenant are asked for, and written, in any database."""
    replace(_active, "check_alias", nothing)


@ablation(OWN)
def allow_relation() -> None:
    """Objects of two places are put together."""
    replace(router.TenantRouter, "allow_relation", lambda self, one, other, **hints: True)


@ablation(OWN)
def the_instance_check_of_the_router() -> None:
    """An object of another place is saved and deleted here, by its key."""
    replace(router.TenantRouter, "_checked", lambda self, model, instance: self._alias(model))


@ablation(OWN, late=True)
def default_means_here() -> None:
    """The alias ``default`` is the master's database, whoever is active."""
    known = handler.real_alias

    def real_alias(alias: str) -> str:
        return alias if alias == "default" else known(alias)

    replace(handler, "real_alias", real_alias)


@ablation()
def the_nobody_check_of_the_router() -> None:
    """With nobody active, models of tenants are looked for in the master."""
    found = router.TenantRouter._alias

    def alias(self: Any, model: Any) -> Any:
        return router.MASTER_ALIAS if isinstance(get_scope(), Nobody) else found(self, model)

    replace(router.TenantRouter, "_alias", alias)


@ablation()
def the_binding_of_callbacks() -> None:
    """What is called after a commit runs as whoever commits."""
    replace(wrapper, "bind", lambda function: function)
