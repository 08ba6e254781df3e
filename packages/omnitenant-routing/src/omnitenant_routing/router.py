"""The database router: rows are looked for where whoever is active keeps them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_context.scope import Nobody
from omnitenant_models.scopes import TenantScope, get_app_scope, get_model_scope, is_mirrored
from omnitenant_models.settings import omnitenant_settings
from omnitenant_routing.databases.aliases import is_tenant_alias
from omnitenant_routing.databases.handler import real_alias
from omnitenant_routing.places import MASTER_ALIAS, master_key, place_for

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["TenantRouter"]


class TenantRouter:
    """Follows the context, by the scope of the model.

    Models of the scope MASTER live in the master, all others in the active place. With nobody active a
    TENANT model has no place and reading or writing it is an error, unless the alias is given by
    ``using()``; SHARED models are then the master's.
    """

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        """Return the alias to read a model from.

        Raises:
            TenantRequiredError: the model lives with tenants, and nobody is active.
        """
        return self._checked(model, hints.get("instance"))

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        """Return the alias to write a model to; see :meth:`db_for_read`."""
        return self._checked(model, hints.get("instance"))

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool | None:
        """Refuse relations between two places; an object that is not saved yet decides nothing.

        The tenant's own row is mirrored into its database, so it may be referred to from there.
        """
        aliases = [_place_alias(obj._state.db) for obj in (obj1, obj2)]
        if None in aliases or aliases[0] == aliases[1]:
            return True
        return is_mirrored(type(obj1)) or is_mirrored(type(obj2))

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        """Say whether an operation belongs into a database.

        Returns:
            True in the master, where everything lives; in a tenant's database False for what is MASTER,
            except the tenant model, whose rows are mirrored there; None for databases that are no place.
        """
        key = real_alias(db)
        if not is_tenant_alias(key):
            masters = {master_key(), omnitenant_settings.PUBLIC_DB_ALIAS}
            return True if key in masters else None
        model = hints.get("model")
        if model_name is not None:
            # A model may exist in old migrations only: then what the hint says counts, or the app's scope.
            with suppress(LookupError):
                model = apps.get_model(app_label, model_name)
        if model is None:
            return get_app_scope(app_label) is not TenantScope.MASTER
        return is_mirrored(model) or get_model_scope(model) is not TenantScope.MASTER

    def _checked(self, model: type[Model], instance: Model | None) -> str:
        alias = self._alias(model)
        if instance is None or instance._state.db == alias or instance._state.adding or instance.pk is None:
            return alias
        home = _place_alias(instance._state.db)
        if home is None or home == alias or not (is_tenant_alias(home) or is_tenant_alias(alias)):
            return alias
        if is_mirrored(type(instance)):
            return alias
        if TenantScope.MASTER in {get_model_scope(model), get_model_scope(type(instance))}:
            return alias
        message = (
            f"a {instance._meta.label} of the place {home!r} is used in {alias!r}, where its key is another row's; "
            "enter the context it was loaded in, or load it again here"
        )
        raise TenantMismatchError(message)

    def _alias(self, model: type[Model]) -> str:
        scope = get_model_scope(model)
        if scope is TenantScope.MASTER:
            return MASTER_ALIAS
        active = get_scope()
        if isinstance(active, Nobody):
            if scope is TenantScope.SHARED or model.__module__ == "__fake__":
                # A data migration of the master reads historical models as it does without tenants.
                return MASTER_ALIAS
            message = (
                f"{model._meta.label} lives with the tenants and nobody is active; enter a tenant with "
                "TenantContext.use_tenant(tenant), or the master with TenantContext.use_master_db()"
            )
            raise TenantRequiredError(message)
        return place_for(active).alias


def _place_alias(alias: str | None) -> str | None:
    if alias == DEFAULT_DB_ALIAS:
        alias = real_alias(alias)
    return MASTER_ALIAS if alias == master_key() else alias
