"""The host names of tenants."""

from __future__ import annotations

from world.core import dialect


class Domain(dialect.DomainBase):
    """A host name that leads to a tenant."""
