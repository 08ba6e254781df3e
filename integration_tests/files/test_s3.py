"""Files in a bucket of S3, by django-storages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from customers.models import Tenant
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantRequiredError
from omnitenant_models.tenants import BaseTenant
from omnitenant_routing.files import StoredFile, Usage
from omnitenant_routing.files.s3 import TenantS3Storage
from omnitenant_routing.files.tenants import delete_files, export_files, usage_of


def stored(tenant_id: str) -> BaseTenant:
    """Give a tenant as it would come out of a database, without one."""
    values = {"id": 1, "tenant_id": tenant_id, "name": "", "isolation_type": "table", "config": {}, "state": "active"}
    return Tenant.from_db("master", list(values), list(values.values()))


ACME, GLOBEX = TenantContext.use_tenant(stored("acme")), TenantContext.use_tenant(stored("globex"))


def keys(bucket: Any) -> list[str]:
    """Name what is in the bucket."""
    return sorted(each.key for each in bucket.objects.all())


@pytest.fixture(name="storage", params=["default", "below"])
def _storage(request: pytest.FixtureRequest) -> TenantS3Storage:
    """A storage in the bucket itself, and one below a place of all; made with nobody active."""
    return storages[request.param]


def test_files_are_below_the_tenants_folder(storage: TenantS3Storage, bucket: Any) -> None:
    """The name that is stored says nothing about whose they are."""
    for whose, guard in (("acme", ACME), ("globex", GLOBEX), ("master", TenantContext.use_master_db())):
        with guard:
            assert storage.save("a/logo.txt", ContentFile(whose.encode())) == "a/logo.txt"
            assert storage.exists("a/logo.txt")
            assert storage.listdir("") == (["a"], [])
            assert storage.size("a/logo.txt") == len(whose)
            with storage.open("a/logo.txt") as file:
                assert file.read() == whose.encode()
    start = "uploads/" if storage is storages["below"] else ""
    assert keys(bucket) == [f"{start}{folder}/a/logo.txt" for folder in ("master", "tenants/acme", "tenants/globex")]


def test_urls_are_signed_for_the_tenants_own_object(storage: TenantS3Storage) -> None:
    """And say whose it is."""
    with ACME:
        url = storage.url("a/logo.txt")
    assert "/tenants/acme/a/logo.txt?" in url
    assert "Signature" in url
    storage.custom_domain = "cdn.example.com"
    with GLOBEX:
        assert storage.url("a.txt").endswith("/tenants/globex/a.txt")


@pytest.mark.parametrize(
    "name", ["../globex/a.txt", "a/../../globex/a.txt", "/tenants/globex/a.txt", "..\\globex\\a.txt"]
)
@pytest.mark.parametrize("method", ["open", "delete", "exists", "size", "listdir", "url", "get_modified_time"])
def test_a_name_that_leads_out_is_refused(storage: TenantS3Storage, name: str, method: str, bucket: Any) -> None:
    """By every method, whatever stands there."""
    with GLOBEX:
        storage.save("a.txt", ContentFile(b"globex"))
    with ACME, pytest.raises(SuspiciousOperation):
        getattr(storage, method)(name)
    assert len(keys(bucket)) == 1


def test_nobody_has_no_files(storage: TenantS3Storage) -> None:
    """Everything raises."""
    for call in (
        lambda: storage.save("a.txt", ContentFile(b"")),
        lambda: storage.exists("a.txt"),
        lambda: storage.url("a.txt"),
        storage.usage,
        storage.delete_all,
    ):
        with pytest.raises(TenantRequiredError):
            call()


def test_usage_and_deletion_are_ones_own(storage: TenantS3Storage, bucket: Any) -> None:
    """A thousand objects by one request, both ways; the prefix of a longer id is another's."""
    for number in range(1_005):
        bucket.put_object(Key=f"{storage._place and 'uploads/'}tenants/acme/{number}.txt", Body=b"ten bytes.")
    for guard in (GLOBEX, TenantContext.use_tenant(stored("acme-2"))):
        with guard:
            storage.save("a.txt", ContentFile(b"x"))
    with ACME:
        assert storage.usage() == Usage(1_005, 10_050)
        assert next(storage.iter_files()) == StoredFile("0.txt", 10)
        assert storage.delete_all() == 1_005
        assert storage.usage() == Usage(0, 0)
    assert len(keys(bucket)) == 2


def test_what_a_tenant_has_in_both_places(bucket: Any, tmp_path: Path) -> None:
    """Counted, copied out and deleted."""
    acme = stored("acme")
    for alias in ("default", "below"):
        with ACME:
            storages[alias].save("a/b.txt", ContentFile(b"four"))
    with GLOBEX:
        storages["default"].save("a/b.txt", ContentFile(b"globex"))
    assert usage_of(acme) == {"default": Usage(1, 4), "below": Usage(1, 4)}
    assert export_files(acme, tmp_path) == Usage(2, 8)
    assert (tmp_path / "below" / "a" / "b.txt").read_bytes() == b"four"
    assert delete_files(acme) == 2
    assert keys(bucket) == ["tenants/globex/a/b.txt"]


def test_an_object_that_cannot_be_deleted_is_an_error(
    storage: TenantS3Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service answers 200 all the same."""
    with ACME:
        storage.save("a.txt", ContentFile(b"x"))
        kind = type(storage.bucket)
        refused = {"Errors": [{"Key": "tenants/acme/a.txt", "Code": "AccessDenied", "Message": "Access Denied"}]}
        monkeypatch.setattr(kind, "delete_objects", lambda *_, **__: refused)
        with pytest.raises(OSError, match=r"'tenants/acme/a\.txt' could not be deleted: Access Denied"):
            storage.delete_all()
