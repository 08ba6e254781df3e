"""The engine ``django_omnitenant.backends.postgresql``, which is ``omnitenant_routing.postgresql``."""

from __future__ import annotations

__all__: list[str] = []
