"""The public names: where they are, and that importing them is safe."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from typing import Any

import pytest

import omnitenant_models

PUBLIC = {
    "models": [
        "BaseDomain",
        "BaseTenant",
        "DomainNameField",
        "IsolationType",
        "StampedQuerySet",
        "TenantPolicy",
        "TenantQuerySet",
        "TenantQuerySetManager",
        "TenantReference",
        "TenantState",
        "VisibleTenantKey",
    ],
    "tenants": [
        "MIRROR",
        "BaseTenant",
        "IsolationType",
        "TenantState",
        "validate_config",
        "validate_tenant_id",
    ],
    "domains": ["BaseDomain", "DomainNameField", "normalize_host", "validate_host"],
    "scopes": ["TenantScope", "get_app_scope", "get_model_scope", "is_mirrored"],
    "settings": ["SETTING_NAME", "OmnitenantSettings", "omnitenant_settings"],
    "signals": [
        "tenant_activated",
        "tenant_created",
        "tenant_deactivated",
        "tenant_deleted",
        "tenant_migrated",
    ],
    "utils": ["get_current_tenant", "get_domain_model", "get_tenant_model"],
    "known_apps": ["KNOWN_APPS", "REASONS"],
    "testing": ["Leak", "LeakError", "aassert_isolated", "assert_isolated", "no_leaks"],
    "rows": [
        "TenantKey",
        "TenantMatch",
        "TenantQuerySetManager",
        "VisibleTenantKey",
        "get_tenant_key",
        "teach_model",
    ],
    "rows.aliases": ["aliases_of", "check_alias", "set_alias_resolver"],
}


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names(module):
    """Each public module lists exactly these names, and has them."""
    found: Any = importlib.import_module(f"omnitenant_models.{module}")
    assert sorted(found.__all__) == sorted(PUBLIC[module])
    assert all(hasattr(found, name) for name in PUBLIC[module])


def test_every_module_says_what_it_exports():
    """Every module has ``__all__`` and a docstring, and nothing in the list is missing."""
    for info in pkgutil.walk_packages(omnitenant_models.__path__, "omnitenant_models."):
        module: Any = importlib.import_module(info.name)
        assert module.__doc__, info.name
        assert all(hasattr(module, name) for name in module.__all__), info.name


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import omnitenant_models", "django"),
        ("import omnitenant_models.settings", "django.db"),
        ("import omnitenant_models.scopes", "omnitenant_models.rows"),
        ("import django; django.setup()", "omnitenant_routing"),
        ("import django; django.setup()", "celery"),
        ("import django; django.setup()", "rest_framework"),
        ("import django; django.setup()", "psycopg2"),
    ],
)
def test_imports_bring_nothing_else(statement, absent):
    """Importing a module does not import what it can do without."""
    code = f"import sys; {statement}; sys.exit({absent!r} in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment["DJANGO_SETTINGS_MODULE"] = "models_settings"
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_the_manager_alone_connects_the_row_scope():
    """A model that imports nothing but the manager is taught."""
    code = (
        "from django.conf import settings; settings.configure("
        "INSTALLED_APPS=[], OMNITENANT_CONFIG={'TENANT_MODEL': 'a.Tenant'});"
        "import django; django.setup();"
        "from omnitenant_models.rows.manager import TenantQuerySetManager;"
        "from django.db import models;"
        "Meta = type('Meta', (), {'app_label': 'a'});"
        "Row = type('Row', (models.Model,), {'__module__': 'a', 'Meta': Meta,"
        " 'tenant': models.ForeignKey('a.Tenant', models.CASCADE), 'objects': TenantQuerySetManager()});"
        "assert Row._meta.tenant_key.name == 'tenant'"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
