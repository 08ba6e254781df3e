"""System checks: what is wrong with a project's set-up, before a request finds out."""

from __future__ import annotations

from omnitenant_models.checks.registry import register

__all__ = ["register"]
