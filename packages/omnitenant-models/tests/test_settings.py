"""The settings: typed, with defaults, and read at every access."""

from __future__ import annotations

from typing import get_type_hints

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from omnitenant_models.settings import SETTING_NAME, OmnitenantSettings, omnitenant_settings

DEFAULTS = {
    "TENANT_MODEL": None,
    "DOMAIN_MODEL": None,
    "TENANT_RESOLVER": "omnitenant_models.resolvers.CustomDomainTenantResolver",
    "PUBLIC_HOST": None,
    "PUBLIC_TENANT_NAME": "public",
    "MASTER_TENANT_NAME": "master",
    "MASTER_DB_ALIAS": "default",
    "PUBLIC_DB_ALIAS": None,
    "MASTER_CACHE_ALIAS": "default",
    "DEFAULT_SCHEMA_NAME": "public",
    "MODEL_SCOPES": {},
    "RESOLVER_CACHE_SECONDS": 5.0,
    "RESOLVER_CACHE_SIZE": 10_000,
    "MAX_TENANT_CONNECTIONS": 32,
    "EXEMPT_PATHS": (),
    "TENANT_HEADER": "X-Tenant-ID",
    "TENANT_PATH_PREFIX": "t",
    "TENANT_SESSION_KEY": "tenant_id",
    "SUBDOMAIN_BASE": None,
    "SUSPENDED_VIEW": None,
    "NOT_FOUND_VIEW": None,
}


@override_settings(OMNITENANT_CONFIG={})
def test_defaults():
    """What a project does not set has a default."""
    assert {name: getattr(omnitenant_settings, name) for name in DEFAULTS} == DEFAULTS


def test_the_names_are_known_and_typed():
    """Every setting is listed, with a type."""
    assert set(DEFAULTS) <= set(OmnitenantSettings.names())
    assert set(OmnitenantSettings.names()) <= set(get_type_hints(OmnitenantSettings))


def test_changes_take_effect_at_once():
    """Nothing is remembered between accesses."""
    before = omnitenant_settings.MASTER_DB_ALIAS
    with override_settings(OMNITENANT_CONFIG={"MASTER_DB_ALIAS": "one"}):
        assert omnitenant_settings.MASTER_DB_ALIAS == "one"
        with override_settings(OMNITENANT_CONFIG={"MASTER_DB_ALIAS": None}):
            assert omnitenant_settings.MASTER_DB_ALIAS is None
        assert omnitenant_settings.MASTER_DB_ALIAS == "one"
    assert before == omnitenant_settings.MASTER_DB_ALIAS


@pytest.mark.parametrize("config", [None, [], "x", 5])
def test_a_config_that_is_no_dictionary_sets_nothing(config):
    """A mistake in the whole setting leaves the defaults, so that the checks can report it."""
    with override_settings(OMNITENANT_CONFIG=config):
        assert omnitenant_settings.MASTER_DB_ALIAS == "default"


def test_without_the_setting(settings):
    """A project that has not set anything yet gets defaults, and a clear error where there is none."""
    del settings.OMNITENANT_CONFIG
    assert omnitenant_settings.PUBLIC_HOST is None
    with pytest.raises(ImproperlyConfigured, match="TENANT_MODEL"):
        omnitenant_settings.require("TENANT_MODEL")


def test_names_that_do_not_exist():
    """Asking for what is no setting is the usual error."""
    with pytest.raises(AttributeError, match="NONSENSE"):
        _ = omnitenant_settings.NONSENSE


@pytest.mark.parametrize("value", [None, "", 5])
def test_required_settings(value):
    """A setting without a default that is missing names itself and shows what to write."""
    assert omnitenant_settings.require("TENANT_MODEL") == "probe.Tenant"
    with (
        override_settings(OMNITENANT_CONFIG={"TENANT_MODEL": value}),
        pytest.raises(ImproperlyConfigured, match=rf"{SETTING_NAME}\['TENANT_MODEL'\] is not set; name"),
    ):
        omnitenant_settings.require("TENANT_MODEL")
