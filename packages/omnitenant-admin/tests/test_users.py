"""Users of tenants, administered by Django's own UserAdmin; and the operator's session while that happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from browser import Browser
from conftest import PASSWORD, make_user
from omnitenant_context.context import TenantContext

pytestmark = pytest.mark.django_db

Rows = Callable[..., list[Any]]


def test_users__of_a_database(operator: Browser, tenants: dict[str, Any], rows: Rows) -> None:
    """Users of a tenant with a database are listed and added there."""
    make_user(tenants["acme"], "boss")
    operator.get("/admin/auth/user/?_tenant=acme")
    assert "boss" in operator.text
    assert "1 user" in operator.text
    operator.get("/admin/auth/user/add/?_tenant=acme")
    operator.submit("user_form", username="second", password1=PASSWORD, password2=PASSWORD, usable_password="true")
    assert "was added successfully" in operator.text
    assert rows("acme", User, "username") == ["boss", "second"]
    with TenantContext.use_master_db():
        assert list(User.objects.values_list("username", flat=True)) == ["operator"]


def test_users__of_shared_tables(operator: Browser) -> None:
    """Users whom all tenants in shared tables have in common are not shown for one of them."""
    operator.get("/admin/auth/user/?_tenant=initech")
    assert "cannot be told from theirs" in operator.text
    assert "operator@" not in operator.text
    assert "Select user" not in operator.text


@pytest.mark.parametrize("namesake", [False, True])
def test_users__new_password(operator: Browser, tenants: dict[str, Any], namesake: bool) -> None:
    """Setting a password renews the operator's session in the master, though the user may have the operator's key."""
    with TenantContext.use_master_db():
        key = User.objects.get(username="operator").pk
    boss = make_user(tenants["acme"], "boss", pk=key if namesake else key + 1)
    operator.get(f"/admin/auth/user/{boss.pk}/password/?_tenant=acme")
    operator.submit("user_form", password1="another one", password2="another one", usable_password="true")
    assert "Password changed successfully" in operator.text
    with TenantContext.use_tenant(tenants["acme"]):
        assert User.objects.get(username="boss").check_password("another one")
        assert not Session.objects.exists()
    operator.get("/admin/")
    assert "Log out" in operator.text
