"""The project of the tests on PostgreSQL, with models that row-level security keeps apart."""

from __future__ import annotations

from postgresql_settings import *  # noqa: F403 - the same project
from postgresql_settings import INSTALLED_APPS as _APPS
from postgresql_settings import OMNITENANT_CONFIG as _CONFIG

INSTALLED_APPS = [*_APPS[:-1], "vault", _APPS[-1]]
OMNITENANT_CONFIG = {**_CONFIG, "POLICY_ROLES": ["site"], "POLICY_BYPASS_ROLES": ["backup"]}
