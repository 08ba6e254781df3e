"""The database router: rows are looked for where whoever is active keeps them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections

from omnitenant_context.context import get_scope
from omnitenant_context.errors import TenantMismatchError, TenantRequiredError
from omnitenant_context.scope import ActiveTenant, Nobody
from omnitenant_models.scopes import TenantScope, get_app_scope, get_model_scope, is_mirrored
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings
from omnitenant_models.utils import get_domain_model, get_tenant_model
from omnitenant_routing.databases.aliases import is_tenant_alias
from omnitenant_routing.databases.handler import real_alias
from omnitenant_routing.places import (
    MASTER_ALIAS,
    is_schema_alias,
    master_key,
    parse_rows_alias,
    place_for,
    primary_of,
)

if TYPE_CHECKING:
    from django.db.models import Model

    from omnitenant_context.scope import Scope

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
        alias = self._checked(model, hints.get("instance"))
        if type(self).replica_for is TenantRouter.replica_for:
            return alias
        return self._replica(alias, model, hints)

    def replica_for(self, alias: str, model: type[Model], **hints: Any) -> str | None:
        """Choose a replica to read from. A project's own router overrides this; by default there is none.

        Not asked for tenants and domains, on which it depends what is served at all, nor inside a transaction,
        which is to see what it wrote.

        Args:
            alias: the database that holds the rows: ``"master"``, or a key of ``DATABASES``.
            model: whose rows are read.
            hints: as Django gives them to routers.

        Returns:
            A key of ``OMNITENANT_CONFIG["REPLICAS"]``, or None to read from the database itself.
        """
        return None

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        """Return the alias to write a model to; see :meth:`db_for_read`."""
        instance = hints.get("instance")
        active = get_scope()
        if isinstance(active, ActiveTenant):  # what nearly every save() comes to
            alias: str | None = active.memo.get("routes", {}).get(model)
            if alias is not None and (instance is None or instance._state.db == alias):
                return alias
        return self._checked(model, instance)

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool | None:
        """Refuse relations between two places; an object that is not saved yet decides nothing.

        The tenant's own row is mirrored into its database, so it may be referred to from there. Schemas may
        refer to what stands once in their database, in its public schema.
        """
        if obj1._state.db == obj2._state.db:
            return True
        aliases = [_place_alias(obj._state.db) for obj in (obj1, obj2)]
        if None in aliases or aliases[0] == aliases[1]:
            return True
        if is_mirrored(type(obj1)) or is_mirrored(type(obj2)):
            return True
        return _same_database(*aliases) and _stands_once(type(obj1), type(obj2))

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        """Say whether an operation belongs into a database.

        Returns:
            True in the master, where everything lives; in a tenant's database False for what is MASTER, except
            the tenant model, whose rows are mirrored there; in a tenant's schema True for what is TENANT, and in
            the public schema beside it for the rest of that; False in a replica; None for databases that are no
            place.
        """
        key = real_alias(db)
        if key in omnitenant_settings.REPLICAS:
            return False
        if is_tenant_alias(key):
            wanted = {TenantScope.TENANT, TenantScope.SHARED}
        elif _is_in_schema(key):
            return self._scope_to_migrate(app_label, model_name, hints)[0] is TenantScope.TENANT
        elif key in {master_key(), omnitenant_settings.PUBLIC_DB_ALIAS}:
            return True
        elif key in omnitenant_settings.TENANT_DB_ALIASES:
            wanted = {TenantScope.SHARED}
        else:
            return None
        scope, mirrored = self._scope_to_migrate(app_label, model_name, hints)
        return mirrored or scope in wanted

    def _replica(self, alias: str, model: type[Model], hints: dict[str, Any]) -> str:
        place = parse_rows_alias(alias)
        if model in {get_tenant_model(), get_domain_model()} or is_tenant_alias(alias):
            return alias
        if connections[alias].in_atomic_block:
            return alias
        chosen = self.replica_for(place.alias, model, **hints)
        if chosen is None:
            return alias
        if chosen not in omnitenant_settings.REPLICAS or primary_of(chosen) != place.alias:
            message = (
                f"{type(self).__qualname__} chose {chosen!r} to read {model._meta.label} from, which is no replica of "
                f"{place.alias!r}; name it in {SETTING_NAME}['REPLICAS'] with the database that it copies"
            )
            raise ImproperlyConfigured(message)
        return place._replace(alias=chosen).rows_alias

    @staticmethod
    def _scope_to_migrate(app_label: str, model_name: str | None, hints: dict[str, Any]) -> tuple[TenantScope, bool]:
        """Return the scope of what an operation is about, and whether that is the tenant model."""
        model = hints.get("model")
        if model_name is not None:
            # A model may exist in old migrations only: then what the hint says counts, or the app's scope.
            with suppress(LookupError):
                model = apps.get_model(app_label, model_name)
        if model is None:
            return get_app_scope(app_label), False
        return get_model_scope(model), is_mirrored(model)

    def _checked(self, model: type[Model], instance: Model | None) -> str:
        alias = self._alias(model)
        if instance is None or instance._state.db == alias or instance._state.adding or instance.pk is None:
            return alias
        home = _place_alias(instance._state.db)
        if home is None or home == alias or not (_is_tenants_own(home) or _is_tenants_own(alias)):
            return alias
        if is_mirrored(type(instance)) or (_same_database(home, alias) and _stands_once(model, type(instance))):
            return alias
        if TenantScope.MASTER in {get_model_scope(model), get_model_scope(type(instance))}:
            return alias
        message = (
            f"a {instance._meta.label} of the place {_readable(home)} is used in {_readable(alias)}, where its key is "
            "another row's; enter the context it was loaded in, or load it again here"
        )
        raise TenantMismatchError(message)

    def _alias(self, model: type[Model]) -> str:
        active = get_scope()
        if isinstance(active, ActiveTenant):
            known: dict[type[Model], str] = active.memo.setdefault("routes", {})
            try:
                return known[model]
            except KeyError:
                alias = self._alias_in(active, model)
                if model.__module__ != "__fake__":  # migrations make those by the thousand
                    known[model] = alias
                return alias
        return self._alias_in(active, model)

    def _alias_in(self, active: Scope, model: type[Model]) -> str:
        scope = get_model_scope(model)
        if scope is TenantScope.MASTER:
            return MASTER_ALIAS
        if isinstance(active, Nobody):
            if scope is TenantScope.SHARED or model.__module__ == "__fake__":
                # A data migration of the master reads historical models as it does without tenants.
                return MASTER_ALIAS
            message = (
                f"{model._meta.label} lives with the tenants and nobody is active; enter a tenant with "
                "TenantContext.use_tenant(tenant), or the master with TenantContext.use_master_db()"
            )
            raise TenantRequiredError(message)
        place = place_for(active)
        return place.alias if scope is TenantScope.SHARED else place.rows_alias


def _place_alias(alias: str | None) -> str | None:
    """Return the alias of rows in a place, whichever alias of that place they were read by."""
    if alias is None:
        return None
    if alias == DEFAULT_DB_ALIAS:
        scope = get_scope()
        return MASTER_ALIAS if isinstance(scope, Nobody) else place_for(scope).rows_alias
    place = parse_rows_alias(alias)
    return place._replace(alias=primary_of(place.alias)).rows_alias


def _readable(alias: str) -> str:
    place = parse_rows_alias(alias)
    return repr(alias) if place.schema is None else f"{place.alias!r}, schema {place.schema!r}"


def _is_tenants_own(alias: str) -> bool:
    return is_tenant_alias(alias) or is_schema_alias(alias)


def _same_database(*aliases: str | None) -> bool:
    return len({parse_rows_alias(alias).alias for alias in aliases if alias is not None}) == 1


def _stands_once(*models: type[Model]) -> bool:
    """Tell whether the rows of one of the models stand in the public schema, which all schemas of a database see."""
    return any(get_model_scope(model) is not TenantScope.TENANT for model in models)


def _is_in_schema(key: str) -> bool:
    """Tell whether the active place is a schema of a database."""
    scope = get_scope()
    if isinstance(scope, Nobody):
        return False
    place = place_for(scope)
    return place.schema is not None and real_alias(place.alias) == key
