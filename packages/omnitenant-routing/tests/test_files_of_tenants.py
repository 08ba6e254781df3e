"""What a tenant has in all storages: counted, copied out, served and deleted with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import models
from django.http import Http404
from django.test import RequestFactory, override_settings
from django.test.utils import isolate_apps

from command_line import run
from object_storage import ObjectStorage
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import ProvisioningError, TenantRequiredError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.checks.files import check_file_fields, check_static_files
from omnitenant_routing.files import TenantFileSystemStorage, TenantInMemoryStorage, Usage
from omnitenant_routing.files.tenants import delete_files, export_files, tenant_storages, usage_of
from omnitenant_routing.files.views import serve
from omnitenant_routing.provisioning import get_tenant_backend, suspend
from probe.models import Tenant
from test_caches import stored

MakeTenant = Callable[..., BaseTenant]
DISK = "omnitenant_routing.files.TenantFileSystemStorage"


@pytest.fixture(name="media")
def _media(tmp_path: Path) -> Iterator[Path]:
    """A project with two storages of tenants on a disk, one of everybody's, and one of objects."""
    entries = {
        "default": {"BACKEND": DISK},
        "again": {"BACKEND": DISK},
        "invoices": {"BACKEND": DISK, "OPTIONS": {"location": str(tmp_path / "invoices"), "base_url": "/invoices/"}},
        "everybodys": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "objects": {"BACKEND": "object_storage.TenantObjectStorage"},
        "staticfiles": {"BACKEND": "nowhere.StaticStorage"},
    }
    with override_settings(STORAGES=entries, MEDIA_ROOT=tmp_path / "media", MEDIA_URL="/media/"):
        ObjectStorage.objects.clear()
        yield tmp_path / "media"
        ObjectStorage.objects.clear()


def fill(tenant: BaseTenant) -> None:
    """Give a tenant some files."""
    with TenantContext.use_tenant(tenant):
        storages["default"].save("a/logo.txt", ContentFile(b"logo"))
        storages["invoices"].save("1.txt", ContentFile(b"invoice"))
        storages["objects"].save("o.txt", ContentFile(b"object"))


def test_storages_of_tenants_are_found_once(media: Path) -> None:
    """Two entries of one place are one."""
    assert sorted(tenant_storages()) == ["default", "invoices", "objects"]


def test_storages_of_fields_are_found(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field may have one of its own, which no setting names."""
    with isolate_apps("probe"):

        class Paper(models.Model):
            scan = models.FileField(storage=TenantInMemoryStorage(location="/scans"))
            same = models.FileField(storage=TenantFileSystemStorage())
            other = models.FileField()

            class Meta:
                app_label = "probe"

    monkeypatch.setattr(apps, "get_models", lambda: [Paper])
    assert sorted(tenant_storages()) == ["default", "invoices", "objects", "probe.Paper.scan"]


def test_usage_and_deletion_are_the_tenants(media: Path) -> None:
    """In every storage; from anywhere, also for a tenant that is closed."""
    acme, globex = stored("acme"), stored("globex")
    fill(acme)
    fill(globex)
    acme.state = "suspended"
    assert usage_of(acme) == {"default": Usage(1, 4), "invoices": Usage(1, 7), "objects": Usage(1, 6)}
    assert delete_files(acme) == 3
    assert delete_files(acme) == 0
    assert set(usage_of(acme).values()) == {Usage(0, 0)}
    assert {each.files for each in usage_of(globex).values()} == {1}
    assert sorted(path.name for path in (media / "tenants").iterdir()) == ["globex"]


class TestExport:
    """``export_files``."""

    def test_each_storage_has_a_folder(self, media: Path, tmp_path: Path) -> None:
        """With the names that the storage takes."""
        acme = stored("acme")
        fill(acme)
        fill(stored("globex"))
        assert export_files(acme, tmp_path / "copy") == Usage(3, 17)
        copied = {
            path.relative_to(tmp_path / "copy").as_posix(): path.read_bytes()
            for path in (tmp_path / "copy").rglob("*")
            if path.is_file()
        }
        assert copied == {"default/a/logo.txt": b"logo", "invoices/1.txt": b"invoice", "objects/o.txt": b"object"}

    def test_nothing_is_written_over(self, media: Path, tmp_path: Path) -> None:
        """A second copy into the same folder is refused."""
        acme = stored("acme")
        fill(acme)
        export_files(acme, tmp_path / "copy")
        with pytest.raises(FileExistsError):
            export_files(acme, tmp_path / "copy")

    def test_a_name_that_leads_out_of_the_folder_is_refused(
        self, media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Keys of objects may be any text."""
        from omnitenant_routing.files import StoredFile

        monkeypatch.setattr(type(storages["objects"]), "list_files", lambda _: iter([StoredFile("../../../x", 1)]))
        with pytest.raises(SuspiciousFileOperation):
            export_files(stored("acme"), tmp_path / "copy")


class TestDelete:
    """A tenant that is deleted."""

    @pytest.mark.parametrize("isolation", ["table", "cache", "database"])
    def test_its_files_go_with_it(self, media: Path, make_tenant: MakeTenant, isolation: str) -> None:
        """Another customer may get its id; others' files stay."""
        tenant, other = make_tenant("acme", isolation), make_tenant("globex", "table")
        fill(tenant)
        fill(other)
        get_tenant_backend(tenant).delete()
        assert set(usage_of(make_tenant("acme", "table")).values()) == {Usage(0, 0)}
        assert {each.files for each in usage_of(other).values()} == {1}

    def test_its_files_can_stay(self, media: Path, make_tenant: MakeTenant) -> None:
        """If that is said."""
        tenant = make_tenant("acme", "table")
        fill(tenant)
        get_tenant_backend(tenant).delete(keep_files=True)
        assert (media / "tenants" / "acme" / "a" / "logo.txt").exists()

    def test_a_storage_that_is_down_keeps_the_tenant(
        self, media: Path, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is DELETING until it works; the rest can be run again."""
        tenant = make_tenant("acme", "table")
        fill(tenant)

        def down(_: object) -> None:
            message = "no answer"
            raise OSError(message)

        with monkeypatch.context() as patch:
            patch.setattr(type(storages["objects"]), "delete_files", down)
            with pytest.raises(ProvisioningError, match="files of tenant 'acme' could not be removed: no answer; mend"):
                get_tenant_backend(tenant).delete()
        assert Tenant.objects.get().state == "deleting"
        get_tenant_backend(Tenant.objects.get()).delete()
        assert not Tenant.objects.exists()
        assert not list((media / "tenants").iterdir())

    def test_the_command_says_what_goes(self, media: Path, make_tenant: MakeTenant) -> None:
        """Before it asks."""
        fill(make_tenant("acme", "table"))
        result = run("deletetenant", "--tenant-id=acme", answers=["acme"])
        assert (result.status, result.err) == (0, "")
        assert "files: 3 (17\xa0bytes)" in result.out

    def test_the_command_copies_first(self, media: Path, make_tenant: MakeTenant, tmp_path: Path) -> None:
        """And deletes nothing where it cannot."""
        fill(make_tenant("acme", "table"))
        where = f"--export-files={tmp_path / 'copy'}"
        (tmp_path / "copy" / "default" / "a").mkdir(parents=True)
        (tmp_path / "copy" / "default" / "a" / "logo.txt").touch()
        result = run("deletetenant", "--tenant-id=acme", "--noinput", where)
        assert result.status == 1
        assert "could not be copied" in result.complaint
        assert "nothing was deleted" in result.complaint
        assert Tenant.objects.get().state == "active"
        (tmp_path / "copy" / "default" / "a" / "logo.txt").unlink()
        result = run("deletetenant", "--tenant-id=acme", "--noinput", where)
        assert (result.status, result.err) == (0, "")
        assert "Copied 3 (17\xa0bytes) to" in result.out
        assert (tmp_path / "copy" / "objects" / "o.txt").read_bytes() == b"object"

    def test_the_command_keeps_them(self, media: Path, make_tenant: MakeTenant) -> None:
        """And says so."""
        fill(make_tenant("acme", "table"))
        result = run("deletetenant", "--tenant-id=acme", "--keep-files", answers=["acme"])
        assert (result.status, result.err) == (0, "")
        assert "files: 3 (17\xa0bytes), which stay" in result.out
        assert (media / "tenants" / "acme" / "a" / "logo.txt").exists()

    def test_the_command_works_while_a_storage_is_down(
        self, media: Path, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The tenant can be deleted, its files being kept."""
        make_tenant("acme", "table")

        def down(_: object) -> None:
            message = "no answer"
            raise OSError(message)

        monkeypatch.setattr(type(storages["objects"]), "list_files", down)
        result = run("deletetenant", "--tenant-id=acme", "--keep-files", answers=["acme"])
        assert (result.status, result.err) == (0, "")
        assert "files: ? (no answer), which stay" in result.out


class TestShow:
    """``showtenantfiles``."""

    def test_a_line_for_each_storage(self, media: Path, make_tenant: MakeTenant) -> None:
        """Of each tenant that is chosen, whatever its state."""
        acme = make_tenant("acme", "table")
        fill(acme)
        make_tenant("globex", "table")
        suspend(acme)
        result = run("showtenantfiles")
        assert (result.status, result.err) == (0, "")
        lines = [line.split() for line in result.out.splitlines()]
        assert lines[0] == ["tenant_id", "storage", "files", "bytes"]
        assert ["acme", "invoices", "1", "7"] in lines
        assert ["globex", "default", "0", "0"] in lines
        assert len(lines) == 7
        result = run("showtenantfiles", "--state=suspended", "--json")
        (told,) = json.loads(result.out)["tenants"]
        assert told["tenant_id"] == "acme"
        assert told["storages"]["default"] == {"files": 1, "bytes": 4}

    def test_one_that_fails_does_not_stop_the_others(
        self, media: Path, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The status says that it failed."""
        make_tenant("acme", "table")
        make_tenant("globex", "table")
        original = type(storages["objects"]).list_files

        def down(storage: Any) -> Any:
            if TenantContext.require_tenant().tenant_id == "acme":
                message = "no answer"
                raise OSError(message)
            return original(storage)

        with monkeypatch.context() as patch:
            patch.setattr(type(storages["objects"]), "list_files", down)
            result = run("showtenantfiles")
        assert result.status == 1
        assert result.complaint == "CommandError: acme: no answer"
        assert "globex" in result.out

    def test_a_project_without_such_a_storage(self, transactional_db: None) -> None:
        """Says so."""
        assert run("showtenantfiles").out == "No storage has a folder for each tenant.\n"


class TestServe:
    """The view ``serve``."""

    @pytest.mark.parametrize("storage", ["default", "objects"])
    def test_only_to_those_whose_it_is(self, media: Path, storage: str) -> None:
        """Other tenants' files do not exist, and neither does what is no file."""
        name = {"default": "a/logo.txt", "objects": "o.txt"}[storage]
        fill(stored("acme"))
        fill(stored("globex"))
        request = RequestFactory().get("/")
        with TenantContext.use_tenant(stored("acme")):
            response = serve(request, f"tenants/acme/{name}", storage)
            assert b"".join(response) == {"default": b"logo", "objects": b"object"}[storage]
            assert response["Content-Type"] == "text/plain"
            response.close()
            for path in (
                f"tenants/globex/{name}",
                f"tenants/acme/../globex/{name}",
                f"tenants/acme/..\\globex\\{name}",
                "tenants/acme/",
                "tenants/acme/a",
                "tenants/acme",
                "tenants/acme/none.txt",
                f"tenants/acme-2/{name}",
                name,
                "",
            ):
                with pytest.raises(Http404):
                    serve(request, path, storage)
        with TenantContext.use_master_db(), pytest.raises(Http404):
            serve(request, f"tenants/acme/{name}", storage)
        with pytest.raises(TenantRequiredError):
            serve(request, f"tenants/acme/{name}", storage)

    def test_a_url_leads_to_its_file(self, media: Path) -> None:
        """What the storage gives is what the view takes."""
        fill(stored("acme"))
        with TenantContext.use_tenant(stored("acme")):
            path = storages["default"].url("a/logo.txt").removeprefix("/media/")
            response = serve(RequestFactory().get("/"), path)
            assert b"".join(response) == b"logo"
            response.close()


class TestChecks:
    """What ``manage.py check`` says about storages."""

    def test_static_files_are_everybodys(self, media: Path) -> None:
        """They are collected where nobody is active."""
        assert check_static_files() == []
        with override_settings(STORAGES={"default": {"BACKEND": DISK}, "staticfiles": {"BACKEND": DISK}}):
            assert [message.id for message in check_static_files()] == ["omnitenant_routing.E040"]

    def test_fields_whose_files_lie_together(self, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Those of tenants' models only."""
        with isolate_apps("probe"):

            class Paper(models.Model):
                scan = models.FileField(storage=TenantInMemoryStorage(location="/scans"))
                bare = models.FileField()
                plain = models.ImageField(storage=storages["everybodys"])

                class Meta:
                    app_label = "probe"

            class Form(models.Model):
                tenant_scope = "master"
                plain = models.FileField(storage=storages["everybodys"])

                class Meta:
                    app_label = "probe"

        monkeypatch.setattr(apps, "get_models", lambda: [Paper, Form])
        (found,) = check_file_fields()
        assert found.id == "omnitenant_routing.W041"
        assert "probe.Paper.plain" in found.msg
