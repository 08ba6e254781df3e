"""Checks of references between rows of tenants, and of names that lead from a tenant to its rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Info
from django.core.exceptions import ImproperlyConfigured
from django.db.models import ForeignKey

from omnitenant_models.rows._composite import CompositeError, compose, is_unique_with_tenant, unique_line
from omnitenant_models.rows.keys import get_tenant_key
from omnitenant_models.rows.references import TenantReference
from omnitenant_models.tenants import BaseTenant
from omnitenant_models.utils import get_tenant_model

if TYPE_CHECKING:
    from django.db.models import Model

__all__ = ["check_references", "check_reverse_names", "check_unenforced_references"]


def check_references(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report a :class:`TenantReference` that the database cannot enforce."""
    found: list[CheckMessage] = []
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if isinstance(constraint, TenantReference):
                found += _check_reference(model, constraint)
    return found


def _check_reference(model: type[Model], constraint: TenantReference) -> Iterator[CheckMessage]:
    try:
        composite = compose(model, constraint.field, constraint.tenant)
    except CompositeError as error:
        yield Error(
            f"{model._meta.label} has a TenantReference({constraint.field!r}) that cannot be: {error.problem}.",
            hint=f"{error.remedy[0].upper()}{error.remedy[1:]}.",
            obj=model,
            id="omnitenant_models.E016",
        )
        return
    if not is_unique_with_tenant(composite):
        target = composite.target
        yield Error(
            f"{model._meta.label} has a TenantReference({constraint.field!r}), and {target._meta.label} is not unique "
            "with its tenant.",
            hint=f"Add {unique_line(composite)} to Meta.constraints of {target._meta.label}.",
            obj=model,
            id="omnitenant_models.E017",
        )


def check_unenforced_references(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """List references between rows of tenants that Python guards alone; for ``check --deploy``."""
    found: list[CheckMessage] = []
    for model in apps.get_models():
        if get_tenant_key(model) is None or model._meta.proxy:
            continue
        names, between = [*_unenforced(model)], [*_without_model(model)]
        lines = ", ".join(f"TenantReference({name!r})" for name in names)
        remedies = [f"add {lines} to Meta.constraints"] if names else []
        if between:
            remedies.append(f"give {', '.join(map(repr, between))} a through model with a TenantReference to each end")
        if remedies:
            hint = "; ".join(remedies)
            found.append(
                Info(
                    f"{model._meta.label}: SQL of one's own could let {', '.join(map(repr, [*names, *between]))} lead "
                    "to rows of another tenant.",
                    hint=f"{hint[0].upper()}{hint[1:]}.",
                    obj=model,
                    id="omnitenant_models.I018",
                )
            )
    return found


def _unenforced(model: type[Model]) -> Iterator[str]:
    enforced = {each.field for each in model._meta.constraints if isinstance(each, TenantReference)}
    for field in model._meta.local_fields:
        if isinstance(field, ForeignKey) and field.name not in enforced and _belongs_to_tenants(field.related_model):
            try:
                compose(model, field.name)
            except CompositeError:
                continue  # nothing that could be written
            yield field.name


def _without_model(model: type[Model]) -> Iterator[str]:
    for field in model._meta.local_many_to_many:
        through: Any = field.remote_field.through
        if through._meta.auto_created and _belongs_to_tenants(field.related_model):
            yield field.name


def _belongs_to_tenants(model: Any) -> bool:
    return not isinstance(model, str) and get_tenant_key(model) is not None


def check_reverse_names(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Report a relation to the tenant model whose name there hides something that every tenant has."""
    try:
        tenants = get_tenant_model()
    except ImproperlyConfigured:
        return []  # reported by itself
    fields = {field.name for field in tenants._meta.concrete_fields}  # of these Django reports a clash
    found: list[CheckMessage] = []
    for relation in tenants._meta.related_objects:
        name = relation.get_accessor_name()
        if name and name not in fields and hasattr(BaseTenant, name):
            label = f"{relation.related_model._meta.label}.{relation.field.name}"
            found.append(
                Error(
                    f"{label} hides {tenants.__name__}.{name}, which every tenant has.",
                    hint=f"Give {label} another related_name.",
                    obj=relation.related_model,
                    id="omnitenant_models.E018",
                )
            )
    return found
