"""What Django asks an engine for."""

from __future__ import annotations

from omnitenant_routing.postgresql.base import DatabaseWrapper

__all__ = ["DatabaseWrapper"]
