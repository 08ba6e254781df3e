"""Settings of tenants' databases, laid over those of the master."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import DEFAULT_DB_ALIAS, connections

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import ProvisioningError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.databases.aliases import build_settings, register_tenant, settings_of
from omnitenant_routing.databases.secrets import REDACTED, redact, resolve
from probe.models import Note, Tenant


def tenant_with(db_config: object) -> Tenant:
    """Describe a DATABASE tenant that is never saved."""
    return Tenant(tenant_id="acme", isolation_type="database", config={"db_config": db_config})


def test_the_file_stands_beside_the_masters_by_default() -> None:
    """Without a NAME the tenant's id names the file."""
    settings = build_settings(tenant_with({}))
    master = Path(str(connections.settings[DEFAULT_DB_ALIAS]["NAME"]))
    assert settings["NAME"] == str(master.parent / "acme.sqlite3")
    assert settings["ENGINE"] == "django.db.backends.sqlite3"


@pytest.mark.parametrize(("name", "expected"), [("other.db", "other.db"), ("sub/other.db", "sub/other.db")])
def test_a_relative_name_is_relative_to_the_masters_folder(name: str, expected: str) -> None:
    """The working directory of a process decides nothing."""
    master = Path(str(connections.settings[DEFAULT_DB_ALIAS]["NAME"]))
    assert build_settings(tenant_with({"name": name}))["NAME"] == str(master.parent / expected)


def test_a_master_in_memory_has_tenants_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test run with a database in memory leaves no files of tenants behind."""
    monkeypatch.setitem(connections.settings[DEFAULT_DB_ALIAS], "NAME", "file:m?mode=memory")
    assert "mode=memory" in build_settings(tenant_with({"NAME": "acme_db"}))["NAME"]


def test_keys_may_be_written_in_any_case() -> None:
    """``name`` and ``NAME`` are one key."""
    settings = build_settings(tenant_with({"Conn_Max_Age": 7, "options": {"timeout": 3}}))
    assert (settings["CONN_MAX_AGE"], settings["OPTIONS"]) == (7, {"timeout": 3})


def test_what_the_tenant_does_not_say_is_as_in_the_master(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ATOMIC_REQUESTS and the like hold for tenants too."""
    monkeypatch.setitem(connections.settings[DEFAULT_DB_ALIAS], "ATOMIC_REQUESTS", True)
    assert build_settings(tenant_with({}))["ATOMIC_REQUESTS"] is True


def test_another_engine_does_not_get_the_masters_address() -> None:
    """Options and passwords of one engine mean nothing to another."""
    settings = build_settings(
        tenant_with({"ENGINE": "django.db.backends.postgresql", "NAME": "a", "HOST": "db", "PORT": 5433})
    )
    assert (settings["OPTIONS"], settings["USER"], settings["PORT"]) == ({}, "", "5433")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (["NAME"], "is list, not a dictionary"),
        ({"NAM": "x"}, "unknown key 'NAM'.*did you mean 'NAME'"),
        ({"NAME": {"env": "OMNITENANT_NOT_SET"}}, "env 'OMNITENANT_NOT_SET'"),
        ({"ENGINE": "django.db.backends.postgresql"}, "lacks 'NAME'"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_by_name(config: object, message: str) -> None:
    """The error says whose configuration it is, what is wrong, and what to write."""
    with pytest.raises(ProvisioningError, match=f"'acme'.*{message}") as caught:
        build_settings(tenant_with(config))
    assert caught.value.tenant_id == "acme"


@pytest.mark.django_db(transaction=True)
def test_a_changed_configuration_is_used_at_once(acme: BaseTenant, tmp_path: Path) -> None:
    """A tenant that was moved is read where it is now, in a process that knew the old place."""
    with TenantContext.use_tenant(acme):
        Note.objects.create(text="moved with the file")
    old = Path(str(settings_of(register_tenant(acme)[0])["NAME"]))
    new = tmp_path / "moved.sqlite3"
    new.write_bytes(old.read_bytes())
    acme.config = {"db_config": {"NAME": str(new)}}
    acme.save()
    with TenantContext.use_tenant(acme):
        assert Note.objects.get().text == "moved with the file"
        Note.objects.all().delete()
        assert Note.objects.count() == 0
    acme.config = {"db_config": {"NAME": str(old)}}
    acme.save()
    with TenantContext.use_tenant(acme):
        assert Note.objects.count() == 1


class TestSecrets:
    """References in a configuration, and what is shown of it."""

    def test_references_are_resolved(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """An environment variable, a file and a callable may hold the value."""
        monkeypatch.setenv("ACME_PASSWORD", "from env")
        (tmp_path / "secret").write_text("from file\n")
        assert resolve({"env": "ACME_PASSWORD"}, tenant_id="acme") == "from env"
        assert resolve({"file": str(tmp_path / "secret")}, tenant_id="acme") == "from file"
        assert resolve({"call": "probe.vault.password_of"}, tenant_id="acme") == "acme from vault"

    @pytest.mark.parametrize("value", ["plain", 5, {"a": 1}, {"env": "A", "file": "B"}])
    def test_other_values_are_themselves(self, value: object) -> None:
        """Only a dictionary of one known key is a reference."""
        assert resolve(value, tenant_id="acme") == value

    @pytest.mark.parametrize("reference", [{"env": "NOT_THERE_AT_ALL"}, {"file": "/no/such"}, {"call": "no.such"}])
    def test_a_reference_that_leads_nowhere_names_itself_and_the_tenant(self, reference: dict[str, str]) -> None:
        """The message names the reference, which is no secret."""
        (target,) = reference.values()
        with pytest.raises(ProvisioningError, match=f"'acme'.*{target}"):
            resolve(reference, tenant_id="acme")

    def test_redaction_hides_values_and_keeps_references(self) -> None:
        """What is shown to people has no secret in it."""
        shown = redact(
            {
                "db_config": {"NAME": "a", "PASSWORD": "s3cret", "OPTIONS": {"sslpassword": "x"}},
                "other": [{"api_token": "t"}],
                "ref": {"PASSWORD": {"env": "ACME_PASSWORD"}},
            }
        )
        assert shown == {
            "db_config": {"NAME": "a", "PASSWORD": REDACTED, "OPTIONS": {"sslpassword": REDACTED}},
            "other": [{"api_token": REDACTED}],
            "ref": {"PASSWORD": {"env": "ACME_PASSWORD"}},
        }
