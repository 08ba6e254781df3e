"""Cache keys that belong to whoever is active."""

from __future__ import annotations

from omnitenant_routing.caches.keys import make_key, make_shared_key, reverse_key

__all__ = ["make_key", "make_shared_key", "reverse_key"]
