"""Each tenant has a folder of its own in a storage, and cannot leave it."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import models
from django.db.migrations.writer import MigrationWriter
from django.test import override_settings

from object_storage import ObjectStorage, TenantObjectStorage
from omnitenant_context.context import TenantContext
from omnitenant_context.errors import TenantRequiredError
from omnitenant_context.propagation import bind
from omnitenant_routing.files import (
    StoredFile,
    TenantFileSystemStorage,
    TenantInMemoryStorage,
    TenantStorageMixin,
    Usage,
)
from test_caches import stored

ACME, GLOBEX = TenantContext.use_tenant(stored("acme")), TenantContext.use_tenant(stored("globex"))
MASTER = TenantContext.use_master_db()

AnyStorage = Any
"""One of the storages here: each has what the mixin adds."""


@pytest.fixture(name="storage", params=["disk", "memory", "objects"])
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> AnyStorage:
    """A storage of each kind, made with nobody active."""
    if request.param == "objects":
        return TenantObjectStorage(location="uploads")
    kind = TenantFileSystemStorage if request.param == "disk" else TenantInMemoryStorage
    return kind(location=str(tmp_path / "media"), base_url="/media/")


def write(storage: Storage, name: str, content: str = "content") -> str:
    """Save a file."""
    return storage.save(name, ContentFile(content.encode()))


def read(storage: Storage, name: str) -> str:
    """Read a file."""
    with storage.open(name) as file:
        return str(file.read().decode())


def test_the_same_name_is_another_file(storage: AnyStorage) -> None:
    """For each tenant and for the master; the name that is stored says nothing about whose it is."""
    guards = {"acme": ACME, "globex": GLOBEX, "master": MASTER}
    for whose, guard in guards.items():
        with guard:
            assert write(storage, "logos/logo.txt", whose) == "logos/logo.txt"
    for whose, guard in guards.items():
        with guard:
            assert read(storage, "logos/logo.txt") == whose
            assert storage.size("logos/logo.txt") == len(whose)
            assert storage.listdir("") == (["logos"], [])
            assert storage.listdir("logos") == ([], ["logo.txt"])


def test_a_name_is_free_where_only_others_use_it(storage: AnyStorage) -> None:
    """It is changed where the tenant itself uses it."""
    with ACME:
        write(storage, "a.txt")
    with GLOBEX:
        assert not storage.exists("a.txt")
        assert storage.get_available_name("a.txt") == "a.txt"
    with ACME:
        assert storage.exists("a.txt")
        assert storage.get_available_name("a.txt") != "a.txt"


def test_deleting_is_ones_own(storage: AnyStorage) -> None:
    """The other's file of that name stays."""
    for guard in (ACME, GLOBEX):
        with guard:
            write(storage, "a.txt")
    with ACME:
        storage.delete("a.txt")
        assert not storage.exists("a.txt")
    with GLOBEX:
        assert storage.exists("a.txt")


def test_a_tenant_without_files_has_an_empty_folder(storage: AnyStorage) -> None:
    """It is no error to look into it; a folder below that is not there is what it is in the storage itself."""
    with ACME:
        assert storage.listdir("") == storage.listdir(".") == ([], [])
        if not isinstance(storage, ObjectStorage):
            with pytest.raises(FileNotFoundError):
                storage.listdir("nowhere")


def test_urls_say_whose_a_file_is(storage: AnyStorage) -> None:
    """A cache in front of the site cannot mix them up."""
    urls = []
    for guard in (ACME, GLOBEX, MASTER):
        with guard:
            urls.append(storage.url("logos/logo ü.txt"))
    start = "https://objects.example/uploads/" if isinstance(storage, ObjectStorage) else "/media/"
    assert urls == [
        f"{start}{folder}/logos/logo%20%C3%BC.txt" for folder in ("tenants/acme", "tenants/globex", "master")
    ]


@pytest.mark.parametrize(
    "name",
    [
        "../globex/secret.txt",
        "a/../../globex/secret.txt",
        "../../master/secret.txt",
        "../acme-2/secret.txt",
        "../../../etc/passwd",
        "/etc/passwd",
        "/tenants/globex/secret.txt",
        "..",
    ],
)
@pytest.mark.parametrize("method", ["open", "delete", "exists", "size", "listdir", "url", "get_modified_time", "save"])
def test_a_name_that_leads_out_is_refused(storage: AnyStorage, name: str, method: str) -> None:
    """By every method, whatever stands there."""
    for guard in (GLOBEX, MASTER, TenantContext.use_tenant(stored("acme-2"))):
        with guard:
            write(storage, "secret.txt")
    arguments = (ContentFile(b"x"),) if method == "save" else ()
    with ACME, pytest.raises(SuspiciousOperation):
        getattr(storage, method)(name, *arguments)


@pytest.mark.parametrize("name", ["..\\globex\\secret.txt", "a\\..\\..\\globex\\secret.txt"])
def test_a_url_that_leads_out_is_refused(storage: AnyStorage, name: str) -> None:
    """Backslashes become slashes in it, where the name itself was harmless."""
    with ACME, pytest.raises(SuspiciousOperation):
        storage.url(name)


def test_nobody_has_no_files(storage: AnyStorage) -> None:
    """Everything raises; a schema without its tenant has none either."""
    calls = [
        lambda: storage.location,
        lambda: write(storage, "a.txt"),
        lambda: storage.open("a.txt"),
        lambda: storage.exists("a.txt"),
        lambda: storage.listdir(""),
        lambda: storage.url("a.txt"),
        lambda: storage.delete("a.txt"),
        storage.usage,
        storage.iter_files,
        storage.delete_all,
    ]
    for call in calls[isinstance(storage, TenantInMemoryStorage) :]:
        with pytest.raises(TenantRequiredError, match="no tenant is active"):
            call()
        with TenantContext.use_schema("acme"), pytest.raises(TenantRequiredError, match="'schema:acme' is none"):
            call()


def test_unscoped_code_sees_everybodys(storage: AnyStorage) -> None:
    """Names begin at the place of all there; deleting all is not done from there."""
    for guard in (ACME, GLOBEX, MASTER):
        with guard:
            write(storage, "a.txt")
    with TenantContext.unscoped():
        assert read(storage, "tenants/acme/a.txt") == "content"
        assert sorted(file.name for file in storage.iter_files()) == [
            "master/a.txt",
            "tenants/acme/a.txt",
            "tenants/globex/a.txt",
        ]
        with pytest.raises(TenantRequiredError, match="unscoped"):
            storage.delete_all()
        assert storage.usage() == Usage(3, 21)


def test_nothing_about_a_tenant_is_remembered(storage: AnyStorage) -> None:
    """Location and URL are asked for anew in each context."""
    seen = []
    for guard in (ACME, GLOBEX, ACME, MASTER):
        with guard:
            storage.exists("x")
            seen.append((storage.folder(), storage.url("x")))
    assert seen[0] == seen[2]
    assert len(set(seen)) == 3


def test_a_file_that_is_open_stays_whose_it_is(storage: AnyStorage) -> None:
    """Streams are read after the context has changed."""
    for whose, guard in (("acme", ACME), ("globex", GLOBEX)):
        with guard:
            write(storage, "a.txt", whose)
    with ACME:
        file = storage.open("a.txt")
    with GLOBEX, file:
        assert file.read() == b"acme"


def test_threads_and_tasks_have_their_own(storage: AnyStorage) -> None:
    """Threads that carry the context, and tasks, which do by themselves."""

    async def work(whose: str) -> str:
        async with TenantContext.use_tenant(stored(whose)):
            await sync_to_async(write)(storage, "task.txt", whose)
            await asyncio.sleep(0)
            return await sync_to_async(read)(storage, "task.txt")

    async def main() -> list[str]:
        return await asyncio.gather(*(work(whose) for whose in ("acme", "globex")))

    assert asyncio.run(main()) == ["acme", "globex"]
    with ACME:
        thread = Thread(target=bind(write), args=(storage, "thread.txt"))
        thread.start()
        thread.join()
        assert storage.exists("thread.txt")
    with GLOBEX:
        assert not storage.exists("thread.txt")


def test_usage_is_ones_own(storage: AnyStorage) -> None:
    """Files and bytes, folders below included; nothing where nothing was stored."""
    with ACME:
        assert storage.usage() == Usage(0, 0)
        assert list(storage.iter_files()) == []
        write(storage, "a.txt", "four")
        write(storage, "b/c/d.txt", "sixteen or so ..")
    with GLOBEX:
        write(storage, "a.txt", "globex")
    with ACME:
        assert storage.usage() == Usage(files=2, bytes=20)
        assert sorted(storage.iter_files()) == [StoredFile("a.txt", 4), StoredFile("b/c/d.txt", 16)]


def test_files_are_listed_for_who_asked(storage: AnyStorage) -> None:
    """Also when another tenant is active while they are."""
    with ACME:
        write(storage, "a.txt")
        write(storage, "b.txt")
        files = storage.iter_files()
    with GLOBEX:
        assert sorted(file.name for file in files) == ["a.txt", "b.txt"]


def test_deleting_all_is_ones_own(storage: AnyStorage) -> None:
    """It can be repeated, and the tenant can begin anew."""
    for guard in (ACME, GLOBEX, MASTER, TenantContext.use_tenant(stored("acme-2"))):
        with guard:
            write(storage, "a.txt")
            write(storage, "b/c.txt")
    with ACME:
        assert storage.delete_all() == 2
        assert storage.usage() == Usage(0, 0)
        assert storage.delete_all() == 0
        write(storage, "a.txt")
    for guard in (GLOBEX, MASTER, TenantContext.use_tenant(stored("acme-2"))):
        with guard:
            assert storage.usage().files == 2


def test_a_tenant_with_a_strange_id_stays_inside(storage: AnyStorage) -> None:
    """Ids that never were in a database may be any text."""
    with GLOBEX:
        write(storage, "a.txt")
    for tenant_id in ("..", "../globex", "globex/../globex", ".", "globex/"):
        with TenantContext.use_tenant(stored(tenant_id)):
            assert not storage.exists("a.txt")
            write(storage, "a.txt", tenant_id)
            assert read(storage, "a.txt") == tenant_id
    with GLOBEX:
        assert read(storage, "a.txt") == "content"


class TestDisk:
    """``TenantFileSystemStorage``."""

    def test_settings_are_read_when_it_is_used(self, tmp_path: Path) -> None:
        """As Django's does, with the trailing slash that it adds."""
        storage = TenantFileSystemStorage()
        for name in ("one", "two"):
            with override_settings(MEDIA_ROOT=tmp_path / name, MEDIA_URL=f"/{name}/"), ACME:
                write(storage, "a.txt")
                assert (tmp_path / name / "tenants" / "acme" / "a.txt").exists()
                assert storage.url("a.txt") == f"/{name}/tenants/acme/a.txt"
        with ACME:
            assert TenantFileSystemStorage(base_url="/media").url("a") == "/media/tenants/acme/a"

    def test_the_place_of_all_can_be_set(self, tmp_path: Path) -> None:
        """By the name under which Django and others set it."""
        storage = TenantFileSystemStorage(location=tmp_path / "one")
        storage.location = str(tmp_path / "two")
        with ACME:
            write(storage, "a.txt")
        assert (tmp_path / "two" / "tenants" / "acme" / "a.txt").exists()

    def test_a_field_with_it_is_written_into_migrations(self, tmp_path: Path) -> None:
        """Under its public path, with its arguments and no tenant's folder."""
        storage = TenantFileSystemStorage(location="/srv/media")
        with ACME:
            text, imports = MigrationWriter.serialize(storage)
        assert text == "omnitenant_routing.files.TenantFileSystemStorage(location='/srv/media')"
        assert imports == {"import omnitenant_routing.files"}
        field = models.FileField(storage=storage)
        assert field.deconstruct()[3]["storage"] is storage

    def test_links_are_not_followed_out_of_the_folder(self, tmp_path: Path) -> None:
        """Counting and deleting all stay inside."""
        storage = TenantFileSystemStorage(location=tmp_path)
        for guard in (ACME, GLOBEX):
            with guard:
                write(storage, "a.txt", "content")
        (tmp_path / "tenants" / "acme" / "link").symlink_to(tmp_path / "tenants" / "globex")
        with ACME:
            assert storage.usage().files == 1
            storage.delete_all()
        with GLOBEX:
            assert storage.usage().files == 1

    def test_no_url_where_files_have_none(self, tmp_path: Path) -> None:
        """As in Django."""
        storage = TenantFileSystemStorage(location=tmp_path)
        with override_settings(MEDIA_URL=None), ACME, pytest.raises(ValueError, match="not accessible"):
            storage.url("a.txt")


class TestMixin:
    """``TenantStorageMixin`` over a storage that is made like those of django-storages."""

    def test_a_default_of_the_settings_is_kept(self) -> None:
        """It is looked for, set and checked while nobody is active."""
        storage = TenantObjectStorage()
        with ACME:
            assert storage.location == "default place/tenants/acme"
        with TenantContext.unscoped():
            assert storage.location == "default place"

    def test_it_must_come_first(self) -> None:
        """Behind a storage it would do nothing, and say nothing."""
        with pytest.raises(TypeError, match="in front of TenantStorageMixin"):
            type("Wrong", (ObjectStorage, TenantStorageMixin), {})
        type("Right", (TenantObjectStorage,), {})

    def test_without_a_place_of_all_the_folder_is_the_place(self) -> None:
        """The bucket itself."""
        with ACME:
            assert TenantObjectStorage(location="").location == "tenants/acme"

    def test_it_survives_pickling(self) -> None:
        """Tasks take storages along."""
        storage = pickle.loads(pickle.dumps(TenantObjectStorage(location="uploads")))
        with ACME:
            assert storage.location == "uploads/tenants/acme"

    def test_another_layout(self) -> None:
        """By one method."""

        class Dated(TenantObjectStorage):
            def folder(self) -> str:
                return f"2026/{super().folder()}"

        with ACME:
            assert Dated(location="uploads").location == "uploads/2026/tenants/acme"


def test_without_the_mixin_the_location_is_frozen_or_shared() -> None:
    """The storage of this test parts nobody by itself: it is the mixin that does."""
    storage = ObjectStorage(location="uploads")
    assert not isinstance(storage, TenantStorageMixin)
    with ACME:
        write(storage, "a.txt")
    with GLOBEX:
        assert storage.exists("a.txt")


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    """Empty the objects."""
    ObjectStorage.objects.clear()
    yield
    ObjectStorage.objects.clear()
