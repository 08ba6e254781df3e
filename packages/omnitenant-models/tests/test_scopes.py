"""The scope of models: set on the model, its AppConfig or in the settings, else documented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import models
from django.db.migrations.state import ProjectState
from django.test.utils import isolate_apps

from omnitenant_models.known_apps import KNOWN_APPS, REASONS
from omnitenant_models.scopes import TenantScope, get_app_scope, get_model_scope, is_mirrored
from probe.models import Domain, PayingTenant, Project, Tenant
from shapes.models import Charge, Country, Document, Memo, ProjectView, Report

MASTER, TENANT, SHARED = TenantScope.MASTER, TenantScope.TENANT, TenantScope.SHARED


@pytest.fixture
def scope_of_app(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], None]:
    """Set ``tenant_scope`` on an AppConfig for one test."""

    def change(label: str, scope: Any) -> None:
        monkeypatch.setattr(apps.get_app_config(label), "tenant_scope", scope, raising=False)
        settings.OMNITENANT_CONFIG = dict(settings.OMNITENANT_CONFIG)  # forgets what was found

    return change


def test_documented_defaults():
    """Tenants and domains are MASTER, content types SHARED, everything else TENANT."""
    assert get_model_scope(Tenant) is get_model_scope(Domain) is MASTER
    assert get_model_scope(ContentType) is SHARED
    assert get_model_scope(Project) is get_model_scope(User) is get_model_scope(Session) is TENANT
    assert get_app_scope("contenttypes") is SHARED
    assert get_app_scope("probe") is get_app_scope("not_installed") is TENANT


def test_known_apps_have_a_reason():
    """Each row of the table says a scope that exists, not the usual one, and why."""
    for label, (scope, reason) in REASONS.items():
        assert TenantScope(scope) is not TENANT
        assert reason
        assert KNOWN_APPS[label] == scope == get_app_scope(label)
    with pytest.raises(TypeError):
        KNOWN_APPS["mine"] = "master"


def test_on_the_model():
    """An attribute of the model sets its scope."""
    assert get_model_scope(Country) is SHARED
    assert get_model_scope(Charge) is MASTER


def test_precedence(configure, scope_of_app):
    """The model goes before its AppConfig, that before the settings, those before the documented default."""
    assert get_model_scope(Project) is TENANT
    configure(MODEL_SCOPES={"probe": "shared", "shapes": "shared", "contenttypes": "tenant"})
    assert get_model_scope(Project) is SHARED
    assert get_model_scope(ContentType) is get_app_scope("contenttypes") is TENANT
    assert get_model_scope(Charge) is MASTER
    configure(MODEL_SCOPES={"probe": "shared", "Probe.project": "master"})
    assert get_model_scope(Project) is MASTER
    assert get_app_scope("probe") is SHARED
    scope_of_app("probe", TENANT)
    assert get_model_scope(Project) is get_app_scope("probe") is TENANT
    scope_of_app("shapes", "shared")
    assert get_model_scope(Document) is SHARED
    assert get_model_scope(Charge) is MASTER


def test_tenants_and_domains_are_always_masters(configure, scope_of_app):
    """What is set for their app, or for themselves, does not move the tenant and domain models."""
    scope_of_app("probe", "shared")
    configure(MODEL_SCOPES={"probe.Tenant": "tenant"})
    assert get_model_scope(Tenant) is get_model_scope(Domain) is MASTER
    assert get_model_scope(PayingTenant) is MASTER


def test_proxies_have_the_scope_of_their_table(configure):
    """A proxy, even in another app, is where its table is."""
    configure(MODEL_SCOPES={"probe.Project": "shared", "shapes.ProjectView": "master"})
    assert get_model_scope(ProjectView) is SHARED


def test_children_have_the_scope_of_their_parent(configure):
    """A child that says nothing is where its parent's table is, since both are joined."""
    configure(MODEL_SCOPES={"shapes.Document": "master", "shapes.Report": "shared"})
    assert get_model_scope(Report) is get_model_scope(Memo) is MASTER
    with isolate_apps("shapes"):

        class BigTenant(Tenant):
            class Meta:
                app_label = "shapes"

        assert get_model_scope(BigTenant) is MASTER


def test_attributes_are_inherited():
    """An abstract base, or a mixin, can set the scope for its children."""
    with isolate_apps("shapes"):

        class InMaster(models.Model):
            tenant_scope = "MASTER"

            class Meta:
                abstract = True
                app_label = "shapes"

        class Invoice(InMaster):
            class Meta:
                app_label = "shapes"

        assert get_model_scope(Invoice) is MASTER


def test_automatic_through_tables():
    """The table of a many-to-many relation is where the model is that has the relation."""
    assert get_model_scope(User.groups.through) is TENANT
    with isolate_apps("shapes"):

        class Region(models.Model):
            tenant_scope = SHARED
            countries = models.ManyToManyField(Country)

            class Meta:
                app_label = "shapes"

        assert get_model_scope(Region.countries.through) is SHARED


def test_historical_models_count_as_those_of_today():
    """Migrations get the scope of the model that has the name now, or of the app where none has."""
    history = ProjectState.from_apps(apps)
    for model, scope in ((Country, SHARED), (Charge, MASTER), (Tenant, MASTER), (User, TENANT)):
        assert get_model_scope(history.apps.get_model(model._meta.label)) is scope
    through = history.apps.get_model("auth.User").groups.through
    assert get_model_scope(through) is TENANT
    renamed = history.clone()
    renamed.rename_model("contenttypes", "contenttype", "OldType")
    assert get_model_scope(renamed.apps.get_model("contenttypes.OldType")) is SHARED


def test_scopes_that_do_not_exist(configure, scope_of_app):
    """A wrong scope is an error that says where it stands and what may stand there."""
    configure(MODEL_SCOPES={"probe": "everywhere"})
    with pytest.raises(ValueError, match=r"\['probe'\] is 'everywhere', .* 'master', 'tenant', 'shared'"):
        get_model_scope(Project)
    configure(MODEL_SCOPES={"probe.Project": None})
    with pytest.raises(ValueError, match=r"MODEL_SCOPES'\]\['probe.Project'\] is None"):
        get_model_scope(Project)
    scope_of_app("probe", 5)
    with pytest.raises(ValueError, match="tenant_scope of the app 'probe' is 5"):
        get_app_scope("probe")
    with isolate_apps("shapes"):

        class Wrong(models.Model):
            tenant_scope = "wrong"

            class Meta:
                app_label = "shapes"

        with pytest.raises(ValueError, match=r"shapes\.Wrong\.tenant_scope is 'wrong'"):
            get_model_scope(Wrong)


def test_only_the_tenant_model_is_mirrored(settings):
    """Proxies and historical versions of the tenant model count, nothing else."""
    history = ProjectState.from_apps(apps).apps
    assert is_mirrored(Tenant)
    assert is_mirrored(PayingTenant)
    assert is_mirrored(history.get_model("probe.Tenant"))
    assert not is_mirrored(Domain)
    settings.OMNITENANT_CONFIG = {}
    assert not is_mirrored(Tenant)
    assert get_model_scope(Tenant) is TENANT
