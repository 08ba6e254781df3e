"""The system checks: each names what is wrong, why it matters and what to do; a right project has none."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.core import checks
from django.db import models
from django.test.utils import isolate_apps

from omnitenant_models.checks import configuration, registry
from omnitenant_models.checks.configuration import (
    check_models,
    check_setting_kinds,
    check_setting_names,
)
from omnitenant_models.checks.rows import check_tenant_keys
from omnitenant_models.checks.scopes import check_scopes
from omnitenant_models.models import TenantQuerySetManager
from probe.models import Tenant


def ids(found: Any) -> list[str]:
    """Return the ids of messages without their prefix."""
    return [message.id.removeprefix("omnitenant_models.") for message in found]


@pytest.fixture
def only(monkeypatch):
    """Let the checks see one model class, made in isolation."""

    def show(*made: type[models.Model]) -> None:
        monkeypatch.setattr(apps, "get_models", lambda *_, **__: list(made))

    return show


@pytest.mark.django_db
def test_a_right_project_has_none():
    """The project of these tests is in order, but for what its apps of odd shapes show on purpose."""
    on_purpose = {"E013", "W013", "W014"}
    assert {*ids(checks.run_checks())} <= on_purpose
    assert ids(each for each in checks.run_checks() if each.obj._meta.app_label == "probe") == []


def test_they_are_registered_once():
    """Setting the app up again registers nothing twice."""
    before = len(checks.registry.registry.get_checks())
    registry.register()
    assert len(checks.registry.registry.get_checks()) == before
    for check in (check_setting_names, check_setting_kinds, check_models, check_scopes, check_tenant_keys):
        assert check in checks.registry.registry.get_checks()


@pytest.mark.parametrize("value", [None, [], "x", ("TENANT_MODEL",)])
def test_e001_the_setting_is_no_dictionary(settings, value):
    """The whole setting must be a dictionary."""
    settings.OMNITENANT_CONFIG = value
    [message] = check_setting_names()
    assert message.id == "omnitenant_models.E001"
    assert f"is {type(value).__name__}, not a dictionary" in message.msg


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("TENNANT_MODEL", "Did you mean 'TENANT_MODEL'?"),
        ("tenant_model", "Did you mean 'TENANT_MODEL'?"),
        ("MAX_CONNECTIONS", "Did you mean 'MAX_TENANT_CONNECTIONS'?"),
        ("QQQ", "Known are TENANT_MODEL, DOMAIN_MODEL,"),
        (5, "Known are TENANT_MODEL, DOMAIN_MODEL,"),
    ],
)
def test_e002_unknown_settings(settings, name, hint):
    """A key that nothing reads is named with the nearest that something does."""
    settings.OMNITENANT_CONFIG = {**settings.OMNITENANT_CONFIG, name: 1}
    [message] = check_setting_names()
    assert message.id == "omnitenant_models.E002"
    assert repr(name) in message.msg
    assert message.hint.startswith(hint)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "is not set"),
        ("probe.Tennant", "no installed model"),
        ("Tenant", "no installed model"),
        ("probe.Project", "no subclass of Base"),
        (Tenant, "no text"),
    ],
)
@pytest.mark.parametrize(("name", "number"), [("TENANT_MODEL", "E003"), ("DOMAIN_MODEL", "E004")])
def test_e003_e004_models(configure, value, said, name, number):
    """A tenant or domain model that is missing, misspelt or of another kind is named."""
    configure(**{name: value})
    [message] = [each for each in check_models() if each.id == f"omnitenant_models.{number}"]
    assert said in message.msg
    assert name in message.msg
    assert message.hint


def test_without_any_setting(settings):
    """A project that has set nothing is told about both models, and nothing crashes."""
    del settings.OMNITENANT_CONFIG
    assert ids(check_models()) == ["E003", "E004"]
    assert check_setting_names() == check_setting_kinds() == check_scopes() == []


def test_e005_the_domain_model_leads_elsewhere(monkeypatch):
    """A domain model whose key leads to another model is found."""
    field = apps.get_model("probe.Domain")._meta.get_field("tenant")
    monkeypatch.setattr(field.remote_field, "model", apps.get_model("probe.Project"))
    [message] = check_models()
    assert message.id == "omnitenant_models.E005"
    assert "probe.Domain.tenant leads to probe.project, not to the tenant model probe.Tenant" in message.msg


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("probee", "Did you mean 'probe'?"),
        ("Probe", "Did you mean 'probe'?"),
        ("shapes.Contry", "Did you mean 'shapes.Country'?"),
        ("zzz", "Name an installed app or model."),
        (5, "Name an installed app or model."),
    ],
)
def test_e006_scopes_of_what_is_not_installed(configure, name, hint):
    """A scope for an app or model that does not exist is named with the nearest that does."""
    configure(MODEL_SCOPES={name: "shared", "shapes.country": "shared"})
    [message] = check_scopes()
    assert (message.id, message.hint) == ("omnitenant_models.E006", hint)


def test_e007_scopes_that_do_not_exist(configure, only):
    """Every wrong scope is named, with where it stands."""
    configure(MODEL_SCOPES={"probe": "everywhere", "shapes.document": "nowhere"})
    found = check_scopes()
    assert ids(found) == ["E007", "E007"]
    assert "'everywhere'" in found[0].msg
    assert "'nowhere'" in found[1].msg


def test_w009_scopes_without_effect(configure, monkeypatch):
    """What is set from outside and overruled by the model, its AppConfig, its parent or its role is named."""
    configure(MODEL_SCOPES={"probe.Tenant": "tenant", "shapes.Country": "tenant", "shapes.Report": "shared"})
    found = check_scopes()
    assert ids(found) == ["W009"] * 3
    assert "['shapes.Country'] is 'tenant' and has no effect: the scope is 'shared'" in found[1].msg
    monkeypatch.setattr(apps.get_app_config("probe"), "tenant_scope", "master", raising=False)
    configure(MODEL_SCOPES={"probe": "shared", "shapes": "tenant", "shapes.country": "shared"})
    [message] = check_scopes()
    assert "['probe'] is 'shared' and has no effect: the scope is 'master'" in message.msg
    monkeypatch.undo()
    configure()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MODEL_SCOPES", [], "a dictionary"),
        ("MODEL_SCOPES", None, "a dictionary"),
        ("RESOLVER_CACHE_SECONDS", "5", "a number"),
        ("RESOLVER_CACHE_SECONDS", True, "a number"),
        ("RESOLVER_CACHE_SIZE", 1.5, "a whole number"),
        ("MAX_TENANT_CONNECTIONS", None, "a whole number"),
        ("MASTER_DB_ALIAS", None, "text"),
        ("TENANT_HEADER", b"x", "text"),
    ],
)
def test_e008_values_of_the_wrong_kind(configure, name, value, said):
    """A value of another kind is named with the kind and the default, and no other check crashes on it."""
    configure(**{name: value})
    [message] = check_setting_kinds()
    assert message.id == "omnitenant_models.E008"
    assert f"['{name}'] is {value!r}, not {said}." in message.msg
    assert check_scopes() == []


def test_good_values_of_every_kind(configure):
    """Whole numbers may stand for numbers, and what may be None may be."""
    configure(RESOLVER_CACHE_SECONDS=1, PUBLIC_DB_ALIAS=None, MODEL_SCOPES={"probe": "tenant"})
    assert check_setting_kinds() == check_scopes() == []
    assert set(configuration._KINDS) == {str, int, float, configuration.Mapping}


def test_e010_a_manager_without_a_key(only):
    """A model with the manager and no key to the tenant is named."""
    with isolate_apps("shapes"):

        class Keyless(models.Model):
            objects = TenantQuerySetManager()

            class Meta:
                app_label = "shapes"

        only(Keyless)
        [message] = check_tenant_keys()
        assert (message.id, message.obj) == ("omnitenant_models.E010", Keyless)
        assert "models.ForeignKey('probe.Tenant', ...)" in message.hint


def test_w011_a_key_in_doubt(only):
    """A model with several keys to tenants, none of them named tenant, is named with the one that counts."""
    with isolate_apps("shapes"):

        class Loan(models.Model):
            lender = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
            borrower = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
            objects = TenantQuerySetManager()

            class Meta:
                app_label = "shapes"

        only(Loan)
        [message] = check_tenant_keys()
        assert (message.id, message.obj) == ("omnitenant_models.W011", Loan)
        assert "('lender', 'borrower'); rows belong to the tenant in 'lender'" in message.msg


def test_e012_a_base_manager_that_does_not_filter(only):
    """A base manager that the project named, or spoilt, and that shows all rows is named."""
    with isolate_apps("shapes"):

        class Forgetful(TenantQuerySetManager[Any]):
            def get_queryset(self) -> Any:
                return models.QuerySet(self.model, using=self._db)

        class Named(models.Model):
            tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
            objects = TenantQuerySetManager()
            everything = models.Manager()

            class Meta:
                app_label = "shapes"
                base_manager_name = "everything"

        class Spoilt(models.Model):
            tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
            objects = Forgetful()

            class Meta:
                app_label = "shapes"
                base_manager_name = "objects"

        class Fine(models.Model):
            tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
            objects = Forgetful()

            class Meta:
                app_label = "shapes"

        only(Named, Spoilt, Fine)
        found = [message for message in check_tenant_keys() if message.id == "omnitenant_models.E012"]
        assert [message.obj for message in found] == [Named, Spoilt]
        assert "the base manager 'everything', which does not filter by tenant" in found[0].msg
