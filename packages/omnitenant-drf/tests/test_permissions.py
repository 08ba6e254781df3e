"""Tests of omnitenant_drf.permissions: a user of one tenant is nobody in another."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ImproperlyConfigured
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from omnitenant_context.context import TenantContext
from omnitenant_drf.permissions import IsTenantMember
from omnitenant_drf.testing import TenantAPIClient
from probe.models import Tenant

asked: list[tuple[str, str, str]] = []


def works_for(user: Any, tenant: Any) -> bool:
    """Know members by their address."""
    asked.append((user.username, tenant.tenant_id, TenantContext.get_scope().label))
    return bool(user.email.endswith(f"@{tenant.tenant_id}.example.com"))


@pytest.fixture
def alice(db: None) -> User:
    """Give a user of the first tenant."""
    asked.clear()
    return User.objects.create(username="alice", email="alice@acme.example.com")


@pytest.fixture
def rule(configure: Any) -> None:
    """Let the function above say who is a member."""
    configure(MEMBERSHIP=f"{__name__}.works_for")


@pytest.mark.usefixtures("rule")
def test_members_only(acme: Tenant, globex: Tenant, alice: User) -> None:
    """The same user, logged in at both: in at one, out at the other; the rule runs inside the tenant."""
    assert TenantAPIClient(acme, user=alice).get("/members/").status_code == 200
    assert TenantAPIClient(globex, user=alice).get("/members/").status_code == 403
    assert asked == [("alice", "acme", "acme"), ("alice", "globex", "globex")]


@pytest.mark.usefixtures("rule")
def test_strangers_are_not_asked_for(acme: Tenant, alice: User) -> None:
    """Nobody who is not logged in is a member, and in the master nobody is."""
    assert TenantAPIClient(acme).get("/members/").status_code == 403
    permission, view = IsTenantMember(), Any
    request = Request(APIRequestFactory().get("/"))
    with TenantContext.use_tenant(acme):
        for user, wanted in ((AnonymousUser(), False), (None, False), (alice, True)):
            request.user = user
            assert permission.has_permission(request, view) is wanted
    for guard in (TenantContext.use_master_db(), TenantContext.unscoped()):
        with guard:
            assert not permission.has_permission(request, view)
    assert not permission.has_permission(request, view)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("path", "words"), [(None, "does not know who is a member"), ("no.such.rule", "cannot be imported")]
)
def test_a_missing_rule_lets_nobody_in(configure: Any, acme: Tenant, alice: User, path: str | None, words: str) -> None:
    """It is the project's mistake, and says so."""
    configure(MEMBERSHIP=path)
    with pytest.raises(ImproperlyConfigured, match=words):
        TenantAPIClient(acme, user=alice).get("/members/")


def test_a_class_may_know_better(acme: Tenant, alice: User) -> None:
    """Overriding is the other way to say it."""

    class Everybody(IsTenantMember):
        def is_member(self, user: Any, tenant: Any) -> bool:
            return True

    request = Request(APIRequestFactory().get("/"))
    request.user = alice
    with TenantContext.use_tenant(acme):
        assert Everybody().has_permission(request, Any)


def test_the_setting_is_known(configure: Any) -> None:
    """The system check of names does not report it."""
    from omnitenant_models.checks.configuration import check_setting_names

    configure(MEMBERSHIP=f"{__name__}.works_for")
    assert check_setting_names() == []
