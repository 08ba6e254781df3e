"""The abstract domain model: which host names lead to which tenant."""

from __future__ import annotations

import re
from socket import AF_INET6, inet_ntop, inet_pton
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from omnitenant_models._deletion import refuse_another_tenants
from omnitenant_models.settings import omnitenant_settings

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["BaseDomain", "DomainNameField", "normalize_host", "validate_host"]

_NAME_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?\Z")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_MAX_LENGTH = 253  # RFC 1035


def normalize_host(host: str) -> str:
    """Bring a host name to the one form in which it is stored and looked up.

    Args:
        host: a host name as people and browsers write it: any case, with a port, with a trailing dot, or
            with letters outside ASCII. IPv6 addresses stand in brackets.

    Returns:
        Lower case ASCII (IDNA), no port, no trailing dot.

    Raises:
        ValueError: the text is no host name.
    """
    parted = _NAME_AND_PORT.match(host.strip())
    if parted is None:
        raise ValueError(_not_a_host(host))
    name = parted[1]
    if name.startswith("["):
        return _normalize_ipv6(name, host)
    if not name.isascii():
        name = _to_ascii(name, host)
    name = name.lower().removesuffix(".")
    if len(name) > _MAX_LENGTH or not all(_LABEL.match(label) for label in name.split(".")):
        raise ValueError(_not_a_host(host))
    return name


def _to_ascii(name: str, host: str) -> str:
    # As browsers do it. The codec of the standard library follows an older norm, in which "straße" would be
    # "strasse": a name that may be somebody else's.
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(_not_a_host(host)) from error


def _normalize_ipv6(name: str, host: str) -> str:
    try:
        return f"[{inet_ntop(AF_INET6, inet_pton(AF_INET6, name[1:-1]))}]"
    except (OSError, ValueError) as error:
        raise ValueError(_not_a_host(host)) from error


def _not_a_host(host: str) -> str:
    return f"{host!r} is no host name; write one such as 'acme.example.com'"


def validate_host(value: str) -> None:
    """Refuse what is no host name.

    Raises:
        ValidationError: with the reason.
    """
    try:
        normalize_host(value)
    except ValueError as error:
        raise ValidationError(str(error), code="invalid") from error


class DomainNameField(models.CharField):  # type: ignore[type-arg]  # Django's class is not generic at run time
    """A host name, stored and looked up in the form of :func:`normalize_host` however it was written."""

    default_validators = [validate_host]

    def to_python(self, value: Any) -> Any:
        """Normalise what forms, fixtures and lookups bring; text that is no host name stays as it is.

        The validator refuses it in forms, and a lookup finds nothing.
        """
        value = super().to_python(value)
        try:
            return normalize_host(value) if isinstance(value, str) else value
        except ValueError:
            return value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 - Django's signature
        """Let the instance show what is stored."""
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = self.to_python(value)
            setattr(model_instance, self.attname, value)
        return value

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Refuse to store what is no host name: it could never be found again.

        Raises:
            ValueError: the text is no host name.
        """
        if isinstance(value, str):
            value = normalize_host(value)
        return super().get_db_prep_save(value, connection)


class BaseDomain(models.Model):
    """A host name of a tenant: the abstract base of the project's domain model. A tenant may have several.

    The row lives in the master. A name belongs to one tenant only.
    """

    domain = DomainNameField(_("domain"), max_length=253, unique=True)
    tenant = models.ForeignKey(
        omnitenant_settings.TENANT_MODEL or "Tenant",
        verbose_name=_("tenant"),
        related_name="domains",
        on_delete=models.CASCADE,
    )

    class Meta:
        """A base without a table."""

        abstract = True

    def __str__(self) -> str:
        return str(self.domain)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row in the master.

        Raises:
            TenantMismatchError: a tenant is active, and the name is another's.
        """
        refuse_another_tenants(self, args[0] if args else kwargs.get("using"))
        return super().delete(*args, **kwargs)
