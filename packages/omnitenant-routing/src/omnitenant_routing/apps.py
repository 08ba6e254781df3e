"""The Django app, and what installing it connects."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

__all__ = ["OmnitenantRoutingConfig", "setup"]


def setup() -> None:
    """Put the connection handler in place and connect the checks. Calling it again changes nothing."""
    from django.db.models.signals import post_save, pre_delete, pre_migrate, pre_save

    from omnitenant_models.rows.aliases import set_alias_resolver
    from omnitenant_models.utils import get_tenant_model
    from omnitenant_routing import checks, places
    from omnitenant_routing.caches import clearing
    from omnitenant_routing.databases import handler, mirror, subqueries
    from omnitenant_routing.postgresql.variables import carry_policies
    from omnitenant_routing.provisioning import content_types, states

    handler.install()
    subqueries.install()
    set_alias_resolver(places.aliases_for)
    carry_policies()
    checks.register()
    pre_migrate.connect(content_types.rename_content_types, dispatch_uid="omnitenant_routing.content_types")
    try:
        model = get_tenant_model()
    except ImproperlyConfigured:
        return  # a system check reports it, in better words than a failing start-up
    post_save.connect(mirror.mirror_after_save, sender=model, dispatch_uid="omnitenant_routing.mirror")
    pre_save.connect(mirror.refuse_mirror_in_master, sender=model, dispatch_uid="omnitenant_routing.mirror_in_master")
    pre_delete.connect(states.refuse_to_orphan, sender=model, dispatch_uid="omnitenant_routing.orphans")
    pre_delete.connect(clearing.clear_before_delete, sender=model, dispatch_uid="omnitenant_routing.caches")


class OmnitenantRoutingConfig(AppConfig):
    """The app ``omnitenant_routing``, for projects that do not install the umbrella."""

    name = "omnitenant_routing"
    verbose_name = "Omnitenant routing"

    def ready(self) -> None:
        """Connect everything once the models are loaded."""
        setup()
