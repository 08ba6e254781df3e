"""For a project's own tests: nothing may be reached from another tenant.

========================  ==============================================================
``no_leaks``              a block in which each statement must stay with the active tenant
``assert_isolated``       two tenants do not meet in a model, or in what a function returns
``aassert_isolated``      the same for coroutine functions
========================  ==============================================================
"""

from __future__ import annotations

from omnitenant_models.testing.isolation import aassert_isolated, assert_isolated
from omnitenant_models.testing.leaks import Leak, LeakError, no_leaks

__all__ = ["Leak", "LeakError", "aassert_isolated", "assert_isolated", "no_leaks"]
