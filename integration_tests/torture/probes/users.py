"""Users who belong to tenants."""

from __future__ import annotations

from typing import Any

from harness.browser import Site
from harness.register import topic
from harness.tools import only

users = topic("users")


@users(needs="shared")
def session_on_the_host_of_a_stranger(w: Any) -> None:
    """A session of one tenant is anonymous on another tenant's host."""
    answer = Site(w, w.A, w.B)("world/project/")
    assert answer.status_code == 302, answer.status_code
    assert "login" in answer.headers["location"]


@users(essential=True)
def same_address_at_both(w: Any) -> None:
    """An address that two tenants know leads to the user of the active one."""
    with w.enter(w.A):
        assert w.User.objects.get(email="ann@example.com").pk == w.A.user_pk
        assert w.User.objects.get_by_natural_key("ann@example.com").pk == w.A.user_pk


@users(essential=True)
def login(w: Any) -> None:
    """A password of one tenant's user does not open another's account of the same address."""
    from django.contrib.auth import authenticate

    with w.enter(w.A):
        user = w.User.objects.get(pk=w.A.user_pk)
        user.set_password("of a")
        user.save()
        assert authenticate(email="ann@example.com", password="of a") == user
    with w.enter(w.B):
        assert authenticate(email="ann@example.com", password="of a") is None


@users(essential=True)
def login_as_nobody(w: Any) -> None:
    """Nobody logs in as a tenant's user."""
    from django.contrib.auth import authenticate

    with w.nobody(), w.refused():
        authenticate(email="ann@example.com", password="x")


@users(essential=True)
def duplicate_address(w: Any) -> None:
    """An address is unique within a tenant."""
    from django.core.exceptions import ValidationError

    with w.enter(w.A):
        w.User.objects.create_user("bob@example.com")
        try:
            w.User(email="ann@example.com", password="x").full_clean()
        except ValidationError:
            return
    raise AssertionError("the duplicate was not found")


@users(essential=True)
def superuser_by_command(w: Any) -> None:
    """The command that makes an administrator makes one of the active tenant, and none with nobody active."""
    from io import StringIO

    from django.core.management import call_command

    def make() -> None:
        call_command("createsuperuser", email="root@example.com", interactive=False, stdout=StringIO())

    with w.enter(w.A):
        make()
        assert w.User.objects.filter(email="root@example.com").exists()
    with w.enter(w.B):
        assert not w.User.objects.filter(email="root@example.com").exists()
    with w.nobody(), w.refused():
        make()


@users(essential=True)
def groups(w: Any) -> None:
    """Groups of users of another tenant are not changed by a forged user."""
    from django.contrib.auth.models import Group

    with w.enter(w.A), w.refused():
        group = Group.objects.create(name="staff")
        w.User(pk=w.B.user_pk).groups.add(group)


@users(essential=True)
def users_of_a_group(w: Any) -> None:
    """A group leads to own users only."""
    from django.contrib.auth.models import Group

    with w.enter(w.A):
        group = Group.objects.create(name="staff")
        w.User.objects.get(pk=w.A.user_pk).groups.add(group)
        only(group.user_set.values_list("pk", flat=True), [w.A.user_pk])
        only(Group.objects.filter(user__email="ann@example.com").values_list("name", flat=True), ["staff"])
    if "shared" in w.features:
        with w.enter(w.B):
            assert not Group.objects.filter(user__isnull=False).exists()


@users(essential=True)
def users_with_a_permission(w: Any) -> None:
    """Those who have a permission are own users."""
    from django.contrib.auth.backends import ModelBackend

    with w.enter(w.A):
        only(ModelBackend().with_perm("world.add_tag", obj=None).values_list("pk", flat=True), [w.A.user_pk])
