"""Tests of omnitenant_drf.throttling: a tenant's requests are counted together, and apart from others'."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from rest_framework.throttling import SimpleRateThrottle

from omnitenant_context.context import TenantContext
from omnitenant_drf.testing import TenantAPIClient
from omnitenant_drf.throttling import TenantRateThrottle
from probe.models import Tenant
from probe.views import Throttled


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a tenant ask twice an hour."""
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"tenant": "2/hour"})


@pytest.mark.usefixtures("rates")
def test_all_users_of_a_tenant_share_its_rate(acme: Tenant, globex: Tenant) -> None:
    """The third request is refused whoever sends it from wherever, and another tenant is not touched."""
    users = [User.objects.create(username=name) for name in ("a", "b", "c")]
    for number, user in enumerate(users):
        client = TenantAPIClient(acme, user=user, REMOTE_ADDR=f"10.0.0.{number}")
        answer = client.get("/throttled/")
        assert answer.status_code == (200 if number < 2 else 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert TenantAPIClient(globex, user=users[0]).get("/throttled/").status_code == 200


def test_rates_by_plan(acme: Tenant, globex: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate may depend on the tenant; None is no limit, and no setting is needed."""

    class ByPlan(TenantRateThrottle):
        def rate_for(self, tenant: Any) -> str | None:
            return "1/day" if tenant.tenant_id == "acme" else None

    monkeypatch.setattr(Throttled, "throttle_classes", [ByPlan])
    got = [TenantAPIClient(acme).get("/throttled/").status_code for _ in range(2)]
    assert got == [200, 429]
    got = [TenantAPIClient(globex).get("/throttled/").status_code for _ in range(5)]
    assert got == [200] * 5
    with TenantContext.use_master_db():
        assert ByPlan().allow_request(Request(APIRequestFactory().get("/")), Any)


def test_a_rate_on_the_class(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with every throttle of REST framework."""

    class Fixed(TenantRateThrottle):
        rate = "1/day"

    monkeypatch.setattr(Throttled, "throttle_classes", [Fixed])
    got = [TenantAPIClient(acme).get("/throttled/").status_code for _ in range(2)]
    assert got == [200, 429]


def test_a_missing_rate_says_so(acme: Tenant) -> None:
    """It is the project's mistake."""
    with pytest.raises(ImproperlyConfigured, match="'tenant' scope"):
        TenantAPIClient(acme).get("/throttled/")


@pytest.mark.usefixtures("rates")
def test_without_a_tenant_nothing_is_counted(acme: Tenant) -> None:
    """The master has no tenant whose requests they could be."""
    request = Request(APIRequestFactory().get("/"))
    with TenantContext.use_master_db():
        assert all(TenantRateThrottle().allow_request(request, Any) for _ in range(5))
        assert TenantRateThrottle().get_cache_key(request, Any) is None
