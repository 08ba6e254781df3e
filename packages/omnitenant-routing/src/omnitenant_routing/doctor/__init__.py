"""The doctor: what only a look at models and databases together can find; behind ``manage.py checktenants``."""

from __future__ import annotations

from omnitenant_routing.doctor.examination import examine
from omnitenant_routing.doctor.findings import Finding, Level

__all__ = ["Finding", "Level", "examine"]
