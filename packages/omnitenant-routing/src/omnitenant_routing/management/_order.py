"""Collects what a new tenant shall be; makes nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from omnitenant_context.context import TenantContext
from omnitenant_models.tenants import IsolationType, TenantState
from omnitenant_models.utils import get_domain_model, get_tenant_model
from omnitenant_routing.management._answers import Answers
from omnitenant_routing.management._creation import Order
from omnitenant_routing.management._database_details import (
    collect_database,
    refuse_database_options,
)
from omnitenant_routing.management._fields import clean_text, parse_assignments, required_fields
from omnitenant_routing.management._prompts import complaint
from omnitenant_routing.management._selection import listed
from omnitenant_routing.provisioning import get_tenant_backend
from omnitenant_routing.provisioning.placement import settle

__all__ = ["collect_order"]

_HALF_MADE = frozenset({TenantState.PROVISIONING, TenantState.FAILED})


def collect_order(answers: Answers) -> Order:
    """Return what is to be made; asks in the order that the documentation shows.

    Raises:
        CommandError: something given cannot be, or is missing.
    """
    options = answers.options
    model = get_tenant_model()
    with TenantContext.use_master_db():
        fields = parse_assignments(model, listed(options["set"]))
    config = _config(fields.pop("config", {}))
    domains = _domains(listed(options["domain"]))
    fields["tenant_id"] = answers.value("tenant_id", "Enter tenant ID (unique): ", _new_id)
    name_field = model._meta.get_field("name")
    fields["name"] = answers.value("name", "Enter tenant name: ", lambda text: name_field.clean(text, None))
    isolation = answers.value(
        "isolation_type",
        f"Select isolation type ({'/'.join(IsolationType.values)}): ",
        lambda text: _isolation(text, {**fields, "config": config}),
        default=model._meta.get_field("isolation_type").get_default(),
    )
    fields["isolation_type"] = isolation
    provision = _provision(answers, isolation)
    if isolation is IsolationType.DATABASE:
        config["db_config"] = collect_database(answers, config, ask=provision)
    else:
        refuse_database_options(options, isolation.value)
    migrate = _migrate(answers, isolation, provision=provision)
    fields["config"] = config
    fields.update(_required(answers, fields))
    return Order(fields, domains, provision=provision, migrate=migrate)


def _config(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    message = "--set config: the configuration of a tenant is a JSON object, such as '{\"key\": 1}'"
    raise CommandError(message)


def _domains(given: list[str]) -> list[str]:
    """Return the normalised host names, each once, none of which is taken."""
    model = get_domain_model()
    names: dict[str, None] = {}
    for text in given:
        try:
            name = model._meta.get_field("domain").clean(text, None)
        except ValidationError as error:
            message = f"--domain: {complaint(error)}"
            raise CommandError(message) from error
        taken = model._base_manager.filter(domain=name).select_related("tenant").first()
        if taken is not None:
            message = f"domain {name!r} belongs to tenant {taken.tenant.tenant_id!r} already"
            raise CommandError(message)
        names[name] = None
    return list(names)


def _new_id(text: str) -> str:
    model = get_tenant_model()
    value: str = model._meta.get_field("tenant_id").clean(text, None)
    found = model._base_manager.filter(tenant_id=value).first()
    if found is None:
        return value
    if found.state in _HALF_MADE:
        message = (
            f"a tenant with the id {value!r} exists already and is {found.state}: it is being made, or that was "
            f"interrupted; complete it with migratetenant --create --tenant-id={value}, or remove it with "
            f"deletetenant --tenant-id={value}"
        )
    else:
        message = f"a tenant with the id {value!r} exists already; choose another id"
    raise ValidationError(message)


def _isolation(text: str, fields: dict[str, Any]) -> IsolationType:
    try:
        isolation = IsolationType(text.lower())
    except ValueError:
        known = ", ".join(IsolationType.values)
        message = f"{text!r} is no isolation type; use one of {known}"
        raise ValidationError(message) from None
    if isolation is IsolationType.SCHEMA:
        # Known to be impossible before anything else is asked.
        tenant = get_tenant_model()(**{**fields, "isolation_type": isolation})
        settle(tenant)
        get_tenant_backend(tenant).check()
    return isolation


def _provision(answers: Answers, isolation: IsolationType) -> bool:
    if not isolation.needs_place:
        return answers.options["create"] is not False
    return answers.confirm("create", f"Do you want to create the {isolation.value} now? (y/n): ")


def _migrate(answers: Answers, isolation: IsolationType, *, provision: bool) -> bool:
    if not provision and answers.options["migrate"]:
        message = "--migrate needs --create: there is nothing to migrate yet"
        raise CommandError(message)
    if not provision or not isolation.needs_place:
        # Shared tables are migrated with the master.
        return False
    return answers.confirm("migrate", "Do you want to run migrations for this tenant now? (y/n): ")


def _required(answers: Answers, fields: dict[str, Any]) -> dict[str, Any]:
    """Ask for the project's own fields that have no default; name them where nobody answers."""
    model = get_tenant_model()
    missing = [each for each in required_fields(model) if each.attname not in fields]
    if not missing or answers.prompter is None:
        if missing:
            wanted = " ".join(f"--set {each.name}=VALUE" for each in missing)
            message = f"{model._meta.label} cannot be saved without more: give {wanted}"
            raise CommandError(message)
        return {}
    found: dict[str, Any] = {}
    for field in missing:
        choices = "/".join(str(value) for value, _label in field.flatchoices)
        question = f"Enter {field.verbose_name}{f' ({choices})' if choices else ''}: "
        with TenantContext.use_master_db():
            found[field.attname] = answers.prompter.ask(question, partial(clean_text, field))
    return found
