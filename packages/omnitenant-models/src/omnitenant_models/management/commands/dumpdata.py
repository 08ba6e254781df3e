"""``dumpdata``: Django's, for a tenant or for all."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import dumpdata
from django.db.models import Model

from omnitenant_context.context import get_scope
from omnitenant_context.scope import ActiveTenant, Unscoped
from omnitenant_models.checks.rows import filters_by_tenant
from omnitenant_models.management._for_whom import REMEDY, add_tenant_arguments, for_whom
from omnitenant_models.management._selection import chosen_models, not_the_tenants
from omnitenant_models.rows.keys import get_tenant_key

__all__ = ["Command"]


class Command(dumpdata.Command):
    """Dumps what belongs to the tenant: the rows that name it, and what stands in its own place."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what Django's command takes, and for whom."""
        super().add_arguments(parser)
        add_tenant_arguments(parser)

    def handle(self, *app_labels: str, **options: Any) -> None:
        """Dump.

        Raises:
            CommandError: rows of tenants are asked for and no tenant is active, or what Django's command refuses.
        """
        with for_whom(options, allow_inactive=True):
            excluded = list(options["exclude"])
            chosen = chosen_models(app_labels, excluded, options["database"])
            scope = get_scope()
            if isinstance(scope, ActiveTenant):
                left_out = not_the_tenants(chosen, app_labels, scope)
                _refuse_open_managers([model for model in chosen if model not in left_out], options)
                options["exclude"] = [*excluded, *(model._meta.label for model in left_out)]
                if left_out and options["verbosity"]:
                    labels = ", ".join(sorted(model._meta.label for model in left_out))
                    self.stderr.write(f"Left out, as no rows of tenant {scope.label!r}: {labels}", self.style.WARNING)
            elif not isinstance(scope, Unscoped):
                _refuse_tenants_rows([model._meta.label for model in chosen if get_tenant_key(model)], scope.label)
            super().handle(*app_labels, **options)


def _refuse_tenants_rows(labels: list[str], active: str) -> None:
    if labels:
        belongs = "belongs" if len(labels) == 1 else "belong"
        message = f"{', '.join(labels)} {belongs} to tenants and no tenant is active ({active}); {REMEDY}"
        raise CommandError(message)


def _refuse_open_managers(models: list[type[Model]], options: dict[str, Any]) -> None:
    """Refuse to ask managers that would show the rows of other tenants, too."""
    by_base = options["use_base_manager"]
    managers = {
        model._meta.label: model._base_manager if by_base else model._default_manager
        for model in models
        if get_tenant_key(model) is not None
    }
    labels = sorted(label for label, manager in managers.items() if filters_by_tenant(manager) is False)
    if labels:
        which, remedy = ("base", "") if by_base else ("default", ", dump with --all")
        message = (
            f"the {which} manager of {', '.join(labels)} shows rows of all tenants; make it a TenantQuerySetManager"
            f"{remedy}, or leave it out with --exclude"
        )
        raise CommandError(message)
