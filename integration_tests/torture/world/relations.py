"""Models that refer to others in every other way."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models

from omnitenant_models.models import TenantQuerySetManager
from world.core import Country, Project, dialect
from world.shapes import Owned


class Contact(Owned):
    """A row that refers to rows of its own model."""

    friends = models.ManyToManyField("self", blank=True)
    follows = models.ManyToManyField("self", symmetrical=False, related_name="followers", blank=True)
    boss = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="staff")


def those_with_a() -> models.Q:
    """Return a condition, when it is asked for."""
    return models.Q(name__startswith="a")


class Pick(Owned):
    """References whose choices are limited, by conditions and by a function."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, limit_choices_to={"budget__gt": 0}, related_name="picks"
    )
    other = models.ForeignKey(
        Project,
        on_delete=models.SET_DEFAULT,
        default=None,
        null=True,
        blank=True,
        related_name="other_picks",
        limit_choices_to=those_with_a,
    )


class Office(Owned):
    """A row of a tenant between a row of nobody's and other rows of tenants."""

    country = models.ForeignKey(Country, on_delete=models.CASCADE, related_name="offices")
    projects = models.ManyToManyField(Project, related_name="offices", blank=True)
    partners = models.ManyToManyField(Country, through="Partnership", related_name="partner_offices", blank=True)


class Partnership(models.Model):
    """A through table without a key, between a row of a tenant and a row of nobody's."""

    office = models.ForeignKey(Office, on_delete=models.CASCADE)
    country = models.ForeignKey(Country, on_delete=models.CASCADE)
    since = models.IntegerField(default=2020)


class Ledger(Owned):
    """A row whose reference is not to a primary key, and one that holds its tenant by an alias column."""

    code = models.CharField(max_length=20, unique=True)


class Entry(Owned):
    """Refers by code."""

    ledger = models.ForeignKey(Ledger, on_delete=models.CASCADE, to_field="code", related_name="entries")
    amount = models.IntegerField(default=0)


class Loose(Owned):
    """A reference without a constraint in the database."""

    project = models.ForeignKey(
        Project, on_delete=models.DO_NOTHING, db_constraint=False, related_name="loose", null=True
    )


class UserManager(TenantQuerySetManager[Any], BaseUserManager[Any]):
    """A manager of users."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **values: Any) -> Any:
        """Create a user of the active tenant."""
        user = self.model(email=self.normalize_email(email), **values)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **values: Any) -> Any:
        """Create an administrator of the active tenant."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **values)


class User(AbstractBaseUser, PermissionsMixin):
    """A user of one tenant, whose address may be another's at other tenants."""

    tenant = dialect.tenant_key()
    email = models.EmailField()
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "email"

    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "email"], name="user_of_tenant")]
