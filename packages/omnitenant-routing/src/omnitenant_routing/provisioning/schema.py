"""SCHEMA: a schema of the tenant's own in a PostgreSQL database, beside those of others."""

from __future__ import annotations

from django.db import connections, transaction

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import ProvisioningError
from omnitenant_models.settings import SETTING_NAME, omnitenant_settings
from omnitenant_models.tenants import TenantState
from omnitenant_routing.databases.handler import switches_schemas
from omnitenant_routing.databases.mirror import unmirror
from omnitenant_routing.places import MASTER_ALIAS
from omnitenant_routing.postgresql.identifiers import check_schema
from omnitenant_routing.provisioning.backend import TenantBackend
from omnitenant_routing.provisioning.namespace import Namespace

__all__ = ["SchemaBackend"]


class SchemaBackend(TenantBackend):
    """Makes the schema, and knows it by a mark so that nobody else's is ever touched."""

    def check(self) -> None:
        """Refuse a database that can hold no tenant's schema, and a schema that is somebody else's."""
        self._refuse_database()
        self._namespace().check()

    def check_place(self) -> None:
        """Refuse a schema that was not made, or is not this tenant's."""
        self._refuse_database()
        namespace = self._namespace()
        if not namespace.check():
            message = (
                f"the schema of tenant {self.tenant.tenant_id!r} does not exist ({namespace.name}); make it "
                "with get_tenant_backend(tenant).create(), or migratetenant --create"
            )
            raise ProvisioningError(message, tenant_id=self.tenant.tenant_id)

    def make_place(self) -> bool:
        """Make the schema unless it is there already."""
        return self._namespace().create()

    def remove_place(self, *, force: bool = False) -> None:
        """Remove the schema; one that is not this tenant's is left alone."""
        namespace = self._namespace()
        if not namespace.is_foreign():
            try:
                namespace.drop()
            finally:
                self._is_whole = namespace.is_whole
        with TenantContext.use_master_db():
            unmirror(self.tenant)

    def rename(self, name: str) -> None:
        """Give the schema of a suspended tenant another name, in the database and in the tenant's ``config``.

        What is interrupted is completed by running it again.

        Args:
            name: the new name of the schema.

        Raises:
            ProvisioningError: the tenant is not suspended, or the schema cannot have this name.
        """
        # Empty, a name in the configuration would mean the tenant's id.
        check_schema(name, tenant_id=self.tenant.tenant_id)
        tenant = self._saved()
        tenant.refresh_from_db(using=MASTER_ALIAS)
        if tenant.state != TenantState.SUSPENDED:
            message = (
                f"tenant {tenant.tenant_id!r} is {tenant.state}, and what still runs for it would not find its tables "
                "under another name; suspend it first"
            )
            raise ProvisioningError(message, tenant_id=tenant.tenant_id)
        self._refuse_database()
        tenant.config = {**tenant.config, "schema_name": name}
        wanted = self._namespace()
        with transaction.atomic(using=self.place.alias):
            if not wanted.check():
                found = wanted.find_marked()
                if found is None:
                    message = f"tenant {tenant.tenant_id!r} has no schema in database {wanted.alias!r}; make it first"
                    raise ProvisioningError(message, tenant_id=tenant.tenant_id)
                wanted.rename_from(found)
            with TenantContext.use_master_db():
                tenant.save(update_fields=["config"])

    def _namespace(self) -> Namespace:
        return Namespace(self.tenant, self.place)

    def _refuse_database(self) -> None:
        """Refuse a database that is not declared, has no schemas, or would not switch between them."""
        alias = self.place.alias
        declared = {MASTER_ALIAS, omnitenant_settings.PUBLIC_DB_ALIAS, *omnitenant_settings.TENANT_DB_ALIASES}
        if alias not in declared or (alias != MASTER_ALIAS and alias not in connections.settings):
            message = (
                f"tenant {self.tenant.tenant_id!r} wants its schema in database {alias!r}, which is not one for "
                f"schemas of tenants; add it to DATABASES and to {SETTING_NAME}['TENANT_DB_ALIASES'], or correct "
                "config['db_alias']"
            )
            raise ProvisioningError(message, tenant_id=self.tenant.tenant_id)
        with TenantContext.use_master_db():
            connection = connections[alias]
        if not switches_schemas(connection.settings_dict["ENGINE"]):
            message = (
                f"tenant {self.tenant.tenant_id!r} wants isolation type 'schema', which needs PostgreSQL with the "
                f"engine 'omnitenant_routing.postgresql', and database {alias!r} is "
                f"{connection.display_name} with {connection.settings_dict['ENGINE']!r}; choose 'database', "
                "'table' or 'cache'"
            )
            raise ProvisioningError(message, tenant_id=self.tenant.tenant_id)
        table = type(self.tenant)._meta.db_table
        with TenantContext.use_master_db():
            if alias != MASTER_ALIAS and table not in connection.introspection.table_names():
                message = (
                    f"tenant {self.tenant.tenant_id!r} wants its schema in database {alias!r}, which lacks the table "
                    f"{table!r} for its own row; run migrate --database={alias} first"
                )
                raise ProvisioningError(message, tenant_id=self.tenant.tenant_id)
