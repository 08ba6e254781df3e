"""What other libraries are taught; each module needs its library."""

from __future__ import annotations

__all__: list[str] = []
