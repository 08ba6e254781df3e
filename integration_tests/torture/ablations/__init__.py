"""Guards that can be taken out, by the tests alone: the code that ships has no switch."""

from __future__ import annotations

from ablations.register import all_ablations, take_out

__all__ = ["all_ablations", "take_out"]
