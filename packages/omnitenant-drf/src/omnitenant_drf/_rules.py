"""The unique rules of a tenant's models in one form, however the project declared them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings
from rest_framework.utils.field_mapping import get_unique_error_message
from rest_framework.validators import UniqueTogetherValidator, UniqueValidator

from omnitenant_models.rows import get_tenant_key

if TYPE_CHECKING:
    from omnitenant_models.rows import TenantKey

__all__ = ["UniqueRule", "all_rules", "own_rules"]

_MADE_UP = "omnitenant_drf_unnamed"
"""Name of constraints that stand for ``unique_together`` and ``unique=True``; never seen by a database."""


@dataclass(frozen=True, slots=True)
class UniqueRule:
    """One unique rule of a model whose rows belong to tenants.

    Attributes:
        model: the model whose table holds the rule.
        key: the tenant key of that table's rows.
        constraint: the rule itself.
        conditions: names of the fields that its condition asks for.
        checked: names of the fields that must be unique, the key's among them where it is.
    """

    model: type[models.Model]
    key: TenantKey
    constraint: models.UniqueConstraint
    checked: tuple[str, ...]
    conditions: tuple[str, ...]

    @property
    def has_name(self) -> bool:
        """Whether the database knows the rule by a name that the project gave it."""
        return self.constraint.name != _MADE_UP

    @property
    def per_tenant(self) -> bool:
        """Whether the rule holds within a tenant; any other is unique among all of them."""
        return self.key.name in {*self.checked, *self.conditions}

    @property
    def others(self) -> frozenset[str]:
        """Names of all fields that the rule looks at, but for the tenant key."""
        return frozenset({*self.checked, *self.conditions}) - {self.key.name}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the rule; empty where it is made of expressions that are more than columns."""
        expressions = self.constraint.expressions
        plain = [each.name for each in expressions if isinstance(each, models.F)]  # type: ignore[attr-defined]  # not in the stubs
        names = self.constraint.fields or (plain if len(plain) == len(expressions) else ())
        fields = (self.model._meta.get_field(name) for name in names)
        return tuple(str(getattr(field, "column", None)) for field in fields)

    def error(self, labels: Mapping[str, str] | None = None) -> ValidationError:
        """Make the answer to somebody whose data breaks the rule.

        One field gets the blame itself, several get it together. The tenant key is never named: a client
        does not know that there is one.

        Args:
            labels: what the serializer calls the model's fields.
        """
        blamed = self._without_key(self.checked) or self._without_key(self.conditions)
        shown = [(labels or {}).get(name, name) for name in blamed]
        where = shown[0] if len(shown) == 1 else api_settings.NON_FIELD_ERRORS_KEY
        code = self.constraint.violation_error_code or "unique"
        return ValidationError({where: [self._message(blamed, shown)]}, code=code)

    def _message(self, blamed: list[str], shown: list[str]) -> Any:
        constraint = self.constraint
        if constraint.violation_error_message != constraint.default_violation_error_message:
            return constraint.get_violation_error_message()
        if len(blamed) > 1:
            return UniqueTogetherValidator.message.format(field_names=", ".join(shown))
        if blamed and blamed[0] not in self.checked:
            return UniqueValidator.message
        field = self.model._meta.get_field(blamed[0]) if blamed else self.key
        return get_unique_error_message(field) or UniqueValidator.message  # type: ignore[arg-type]  # constraints hold columns only

    def _without_key(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name != self.key.name]


def own_rules(model: type[models.Model]) -> Iterator[UniqueRule]:
    """Give the unique rules on a model's own table; none for a model whose rows belong to no tenant.

    A primary key that counts by itself is left out: that it repeats is no fault of a client.
    """
    key = get_tenant_key(model)
    if key is None:
        return
    options = model._meta
    for constraint in options.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            yield _rule(model, key, constraint)
    for fields in (*options.unique_together, *_unique_fields(options)):
        yield _rule(model, key, models.UniqueConstraint(fields=fields, name=_MADE_UP))


def all_rules(model: type[models.Model]) -> Iterator[UniqueRule]:
    """Give the unique rules that hold for rows of a model: its own and those of the tables it derives from."""
    concrete = model._meta.concrete_model or model
    for each in (concrete, *concrete._meta.all_parents):
        yield from own_rules(each)


def _rule(model: type[models.Model], key: TenantKey, constraint: models.UniqueConstraint) -> UniqueRule:
    condition = constraint.condition
    checked: Iterable[str] = constraint.fields or _names_in(constraint.expressions)
    return UniqueRule(
        model=model,
        key=key,
        constraint=constraint,
        checked=_field_names(model, checked),
        conditions=_field_names(model, sorted(condition.referenced_base_fields) if condition else ()),
    )


def _unique_fields(options: Any) -> Iterator[tuple[str, ...]]:
    for field in options.local_concrete_fields:
        counts = isinstance(field, models.AutoField)
        leads_to_parent = field.remote_field and field.remote_field.parent_link
        if field.unique and not counts and not leads_to_parent:
            yield (field.name,)
    if len(options.pk_fields) > 1:
        yield tuple(field.name for field in options.pk_fields)


def _names_in(expressions: Iterable[Any]) -> Iterator[str]:
    for expression in expressions:
        parts: Iterable[Any]
        parts = expression.flatten() if hasattr(expression, "flatten") else (expression,)
        for part in parts:
            if isinstance(part, models.F):
                yield part.name  # type: ignore[attr-defined]  # not in the stubs


def _field_names(model: type[models.Model], names: Iterable[str]) -> tuple[str, ...]:
    """Give each field once, by its name: a foreign key may also be written by its column's."""
    found = []
    for name in names:
        try:
            found.append(model._meta.get_field(name).name)
        except FieldDoesNotExist:  # "pk", and lookups that a constraint cannot have
            found.append(name)
    return tuple(dict.fromkeys(found))
