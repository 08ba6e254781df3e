"""Tests of the resolvers that read the host: custom domains and subdomains."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import DisallowedHost, ImproperlyConfigured
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from omnitenant_context.errors import DomainNotFound, TenantNotFound
from omnitenant_models.resolvers import (
    MASTER,
    CustomDomainTenantResolver,
    SubdomainTenantResolver,
)
from probe.models import Domain, Tenant


def at(host: str) -> Any:
    """Make a request to a host."""
    return RequestFactory().get("/", headers={"host": host})


@pytest.mark.parametrize(
    "host",
    [
        "acme.example.com",
        "ACME.Example.COM",
        "acme.example.com:8000",
        "acme.example.com.",
        "acme.example.com.:443",
        "shop.acme.test",
    ],
)
def test_any_spelling_of_any_domain_leads_to_the_tenant(acme: Tenant, host: str) -> None:
    """A tenant has several domains; case, port and trailing dot do not matter."""
    Domain.objects.create(domain="Shop.Acme.Test", tenant=acme)
    assert CustomDomainTenantResolver().resolve(at(host)) == acme


def test_an_international_name_is_found(acme: Tenant) -> None:
    """Stored as people write it, asked for as browsers send it."""
    Domain.objects.create(domain="Bücher.test", tenant=acme)
    assert CustomDomainTenantResolver().resolve(at("xn--bcher-kva.test")) == acme


def test_an_address_is_a_host_like_another(acme: Tenant) -> None:
    """An IPv6 address keeps its brackets and loses its port."""
    Domain.objects.create(domain="[::1]", tenant=acme)
    assert CustomDomainTenantResolver().resolve(at("[::1]:8000")) == acme


def test_a_domain_costs_one_query(acme: Tenant) -> None:
    """The tenant comes with its domain."""
    with CaptureQueriesContext(connection) as queries:
        assert CustomDomainTenantResolver().resolve(at("acme.example.com")) == acme
    assert len(queries) == 1


@pytest.mark.parametrize("host", ["www.example.com", "WWW.example.com.:80"])
def test_the_public_host_is_the_masters(db: None, configure: Any, host: str) -> None:
    """However the setting is written; no query."""
    configure(PUBLIC_HOST="Www.Example.Com:8000")
    with CaptureQueriesContext(connection) as queries:
        assert CustomDomainTenantResolver().resolve(at(host)) is MASTER
    assert len(queries) == 0


def test_an_unknown_domain_is_named(db: None) -> None:
    """The error carries the normalised host and says what to do."""
    with pytest.raises(DomainNotFound, match=r"Domain\.objects\.create") as caught:
        CustomDomainTenantResolver().resolve(at("Nobody.example.com:80"))
    assert caught.value.domain == "nobody.example.com"


def test_a_host_that_is_no_name_is_nobodys(db: None, settings: Any) -> None:
    """Django lets it pass, and the database is not asked."""
    settings.ALLOWED_HOSTS = ["*"]
    with CaptureQueriesContext(connection) as queries, pytest.raises(DomainNotFound):
        CustomDomainTenantResolver().resolve(at("a..b"))
    assert len(queries) == 0


def test_allowed_hosts_hold(db: None) -> None:
    """A host that Django refuses never reaches the domain table."""
    with pytest.raises(DisallowedHost):
        CustomDomainTenantResolver().resolve(at("evil.test"))


def test_a_public_host_that_is_no_name_is_an_error(db: None, configure: Any) -> None:
    """The setting is named."""
    configure(PUBLIC_HOST="http://example.com/")
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_HOST"):
        CustomDomainTenantResolver().resolve(at("acme.example.com"))


@pytest.mark.parametrize("host", ["acme.example.com", "Acme.EXAMPLE.com:8000", "acme.example.com."])
def test_the_first_label_is_the_tenant(acme: Tenant, configure: Any, host: str) -> None:
    """Below SUBDOMAIN_BASE, without any row of the domain model."""
    Domain.objects.all().delete()
    configure(SUBDOMAIN_BASE="example.com")
    assert SubdomainTenantResolver().resolve(at(host)) == acme


def test_without_a_base_it_is_the_public_host(acme: Tenant, configure: Any) -> None:
    """PUBLIC_HOST serves for both."""
    configure(PUBLIC_HOST="example.com")
    assert SubdomainTenantResolver().resolve(at("acme.example.com")) == acme
    assert SubdomainTenantResolver().resolve(at("example.com")) is MASTER


@pytest.mark.parametrize("host", ["example.com", "www.example.com"])
def test_the_base_and_the_public_host_are_the_masters(db: None, configure: Any, host: str) -> None:
    """Both, where they differ."""
    configure(SUBDOMAIN_BASE="example.com", PUBLIC_HOST="www.example.com")
    assert SubdomainTenantResolver().resolve(at(host)) is MASTER


@pytest.mark.parametrize(
    "host",
    [
        "acme.shop.example.com",
        "shop.acme.example.com",
        "acme.test",
        "acmeexample.com",
        "nobody.example.com",
    ],
)
def test_what_is_not_right_below_the_base_is_nobodys(acme: Tenant, configure: Any, settings: Any, host: str) -> None:
    """One label deep only, and only a known one."""
    settings.ALLOWED_HOSTS = ["*"]
    configure(SUBDOMAIN_BASE="example.com")
    with pytest.raises(TenantNotFound):
        SubdomainTenantResolver().resolve(at(host))


def test_subdomains_need_a_base(configure: Any) -> None:
    """The error says which setting is missing."""
    configure(PUBLIC_HOST=None)
    with pytest.raises(ImproperlyConfigured, match="SUBDOMAIN_BASE"):
        SubdomainTenantResolver().resolve(at("acme.example.com"))
