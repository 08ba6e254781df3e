"""Several databases for tenants, and a rule that says which of them a new one gets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from customers.models import Project, Tenant
from looking import configured, databases, schemas
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import ProvisioningError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.provisioning import get_tenant_backend

MakeTenant = Callable[..., BaseTenant]

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "second"])


def by_country(tenant: BaseTenant) -> str | None:
    """A rule: what belongs to Nepal is kept on the second server."""
    return "second" if tenant.tenant_id.startswith("np-") else None


def nowhere(tenant: BaseTenant) -> str:
    """A rule with a mistake."""
    return f"shard-of-{tenant.tenant_id}"


def rule(function: Callable[..., object]) -> str:
    """Return the dotted path of a rule in this module."""
    return f"{__name__}.{function.__name__}"


@pytest.mark.parametrize("isolation", ["schema", "database"])
def test_a_rule_is_asked_once(make_tenant: MakeTenant, isolation: str) -> None:
    """Its answer stands in the tenant's configuration; another rule moves nobody who has a place."""
    with configured(PLACEMENT=rule(by_country)):
        nepal, france = make_tenant("np-acme", isolation), make_tenant("fr-acme", isolation)
    assert (nepal.config, france.config) == ({"db_alias": "second"}, {})
    assert Tenant.objects.get(tenant_id="np-acme").config == {"db_alias": "second"}
    look = schemas if isolation == "schema" else databases
    assert (len(look("default")), len(look("second"))) == (1, 1)
    with configured(PLACEMENT=rule(nowhere)):
        for tenant in (nepal, france):
            get_tenant_backend(tenant).create()
            get_tenant_backend(tenant).migrate()
            with TenantContext.use_tenant(tenant):
                Project.objects.create(name="a")
                assert Project.objects.count() == 1


def test_what_a_tenant_says_itself_goes_first(make_tenant: MakeTenant) -> None:
    """Shared tables have no place to be put to, either."""
    with configured(PLACEMENT=rule(nowhere)):
        acme = make_tenant("acme", config={"db_alias": "second"})
        host = connection.settings_dict["HOST"]
        globex = make_tenant("globex", "database", config={"db_config": {"HOST": host}})
        make_tenant("initech", "table")
    assert (schemas("second"), len(databases("default"))) == ({"acme"}, 1)
    assert "db_alias" not in globex.config
    assert acme.state == "active"


def test_a_rule_with_a_mistake(make_tenant: MakeTenant) -> None:
    """It is named with what it said; nothing is made."""
    acme = make_tenant("acme", create=False)
    with (
        configured(PLACEMENT=rule(nowhere)),
        pytest.raises(ProvisioningError, match=r"nowhere\) puts tenant 'acme' into database 'shard-of-acme'.*'second'"),
    ):
        get_tenant_backend(acme).create()
    assert (Tenant.objects.get().state, Tenant.objects.get().config) == ("pending", {})


def test_the_rule_that_comes_with_the_package(make_tenant: MakeTenant) -> None:
    """Each new tenant goes where there are the fewest."""
    with configured(PLACEMENT="omnitenant_routing.provisioning.placement.fewest_tenants"):
        for number in range(4):
            make_tenant(f"t{number}")
    assert (schemas("default"), schemas("second")) == ({"t0", "t2"}, {"t1", "t3"})
