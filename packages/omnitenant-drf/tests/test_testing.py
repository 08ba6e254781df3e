"""Tests of omnitenant_drf.testing: a client that arrives at its tenant."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from omnitenant_context.context import TenantContext
from omnitenant_drf.testing import TenantAPIClient
from probe.models import Domain, Tenant

RESOLVERS = "omnitenant_models.resolvers"


@pytest.mark.parametrize(
    "resolver",
    [
        f"{RESOLVERS}.CustomDomainTenantResolver",
        f"{RESOLVERS}.HeaderTenantResolver",
        "omnitenant_drf.resolvers.APIHeaderTenantResolver",
    ],
)
def test_it_arrives_with_any_resolver(configure: Any, acme: Tenant, globex: Tenant, resolver: str) -> None:
    """By host and by header alike, whoever is active around the test."""
    configure(TENANT_RESOLVER=resolver)
    with TenantContext.use_tenant(globex):
        client = TenantAPIClient(acme)
        assert client.get("/who/").json()["scope"] == "acme"
    assert TenantAPIClient(globex).get("/who/").json()["scope"] == "globex"


def test_a_host_can_be_given(configure: Any, acme: Tenant) -> None:
    """For tenants that have no domain of their own."""
    Domain.objects.all().delete()
    configure(TENANT_RESOLVER=f"{RESOLVERS}.SubdomainTenantResolver", SUBDOMAIN_BASE="example.com")
    client = TenantAPIClient(acme, host="acme.example.com")
    assert client.get("/who/").json()["scope"] == "acme"


def test_credentials_do_not_lose_the_tenant(configure: Any, acme: Tenant) -> None:
    """They are headers as well, and stand beside it."""
    configure(TENANT_RESOLVER=f"{RESOLVERS}.HeaderTenantResolver", TENANT_HEADER="X-Customer")
    client = TenantAPIClient(acme)
    client.credentials(HTTP_AUTHORIZATION="Token abc")
    answer = client.get("/who/")
    assert answer.json()["scope"] == "acme"
    assert answer.wsgi_request.headers["Authorization"] == "Token abc"


def test_it_logs_a_user_in_and_takes_a_clients_options(acme: Tenant) -> None:
    """What a client has of REST framework's it has here too."""
    client = TenantAPIClient(acme, user=User(username="alice"), raise_request_exception=False)
    assert client.get("/who/").json()["user"] == "alice"
    assert client.get("/fail/value/").status_code == 500
