"""Runs the Python blocks of the user's guide inside the project that was built of it.

python blocks.py all | resolver | worker        (in the project's folder)
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path.cwd()), os.environ["GUIDE_FOLDER"]]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import celeryapp  # noqa: F401 - the project's Celery app must exist before tasks are made
import django

django.setup()

from django.db import connection
from django.http import JsonResponse
from django.test import Client, RequestFactory
from guide_project import blocks

from django_omnitenant.exceptions import OmnitenantError, ProvisioningError, TenantRequiredError
from django_omnitenant.middleware import TenantMiddleware
from django_omnitenant.tenant_context import TenantContext
from django_omnitenant.utils import get_tenant_backend
from myapp.models import Config, Domain, Project, Task, Tenant, TenantConfig

MODELS = {"Project": Project, "Task": Task, "Tenant": Tenant}


def run(heading: str, index: int = 0, **names: Any) -> dict[str, Any]:
    """Execute one block of a section; returns its names, with what it printed as ``printed``."""
    namespace: dict[str, Any] = {**MODELS, **names}
    out = io.StringIO()
    code = blocks(heading)[index].replace("'5432'", repr(os.environ.get("PGPORT", "5432")))
    with contextlib.redirect_stdout(out):
        exec(compile(code, f"guide: {heading} {index}", "exec"), namespace)
    namespace["printed"] = out.getvalue()
    print(f"held      {heading} {index}")
    return namespace


@contextlib.contextmanager
def tenants(*rows: tuple[str, str]) -> Iterator[list[Any]]:
    """Make tenants with places and domains, and remove them afterwards."""
    made = []
    for tenant_id, isolation in rows:
        # The name that the guide gives to a schema.
        config = {"schema_name": f"tenant_{tenant_id}"} if isolation == "schema" else {}
        tenant = Tenant.objects.create(
            tenant_id=tenant_id, name=tenant_id.upper(), isolation_type=isolation, config=config
        )
        get_tenant_backend(tenant).create()
        Domain.objects.create(domain=f"{tenant_id}.localhost", tenant=tenant)
        made.append(tenant)
    try:
        yield made
    finally:
        for tenant in made:
            # A worker may still be connected.
            get_tenant_backend(tenant).delete(force=True)


def creating() -> None:
    """Creating Tenants, and the two signals."""
    run("Programmatic Creation")
    acme = Tenant.objects.get(tenant_id="acme")
    with TenantContext.use_tenant(acme):
        assert TenantConfig.objects.get().language == "en"  # Create Tenant Signal
        assert Config.objects.get().theme == "default"  # Migration Signals
        if connection.vendor == "sqlite":
            assert connection.settings_dict["NAME"].endswith("/acme_db")
        else:
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_user, current_database()")
                assert cursor.fetchone() == ("acme_user", "acme_db")
    get_tenant_backend(acme).delete()
    try:
        printed = run("Bulk Creation")["printed"]
        assert "Created tenant: Globex Inc" in printed
        with TenantContext.use_tenant(Tenant.objects.get(tenant_id="globex")), connection.cursor() as cursor:
            cursor.execute("SELECT current_schema()")
            assert cursor.fetchone() == ("globex",)
    except ProvisioningError as error:
        # The one thing that SQLite cannot do, said clearly; the tenant before it was made.
        assert connection.vendor == "sqlite", error
        assert "PostgreSQL" in str(error)
        print("held      Bulk Creation: a schema on SQLite is refused:", error)
    for tenant in Tenant.objects.all():
        get_tenant_backend(tenant).delete()


def asking(tenant: Any, other: Any) -> None:
    """Accessing Tenant Data, Tenant Context, Database Queries, Common Patterns."""
    from django.contrib.auth.models import User

    with TenantContext.use_tenant(other):
        Project.objects.create(name="theirs")
    with TenantContext.use_tenant(tenant):
        # The guide asks for id=1: a file of the tenant's own begins there.
        first = Project.objects.filter(pk=1).first() or Project.objects.create(pk=900001, name="mine")
        code = blocks("In Models")[1].replace("id=1", f"id={first.pk}")
        namespace: dict[str, Any] = dict(MODELS)
        exec(code, namespace)
        assert [p.name for p in namespace["projects"]] == [first.name]
        assert len(run("Across Models")["active_projects"]) == 1
        code = blocks("Basic Queries")[0].replace("id=1", f"id={first.pk}")
        exec(code, namespace)
        assert namespace["project_count"] == 1
        imported = run("Filtering")
        Task.objects.create(project=first, hours_spent=3)
        assert run("Aggregations")["total_hours"] == 3
        # This block uses what the one on filtering has imported.
        run("Bulk Operations", timezone=imported["timezone"], timedelta=imported["timedelta"])
        assert Project.objects.count() == 4
        assert all(project.tenant_id == tenant.pk for project in Project.objects.all())
        run("Wrong Tenant Data", request=Request(tenant))
    assert "ACME has 4 projects" in run("Switching Tenants")["printed"]
    # The guide imports this in its section on views.
    my_view = run("Getting Current Tenant", JsonResponse=JsonResponse)["my_view"]
    request = RequestFactory().get("/", headers={"host": f"{tenant.tenant_id}.localhost"})
    assert tenant.tenant_id in TenantMiddleware(my_view)(request).content.decode()
    assert "Tenant: ACME" in run("Master Database Access")["printed"]
    projects = run("Schema Access")["projects"]
    if tenant.isolation_type == "schema":
        with TenantContext.use_schema("tenant_acme"):
            assert len(projects) == 4
    run("Tenant Not Found")
    with TenantContext.use_master_db():
        User.objects.count()
    stats = run("Cross-Tenant Reporting", User=User)["get_all_tenant_stats"]()
    assert (stats["acme"]["projects"], stats["globex"]["projects"]) == (4, 1)
    from myapp.reporting import get_all_tenant_stats

    assert get_all_tenant_stats() == stats


class Request:
    """Enough of a request for a line that prints its tenant."""

    def __init__(self, tenant: Any) -> None:
        self.tenant = tenant


def serving(tenant: Any) -> None:
    """In Views, the admin, and REST framework."""
    from django.contrib import admin
    from django.contrib.auth.models import User
    from myapp.serializers import ProjectSerializer

    host = f"{tenant.tenant_id}.localhost"
    assert Client().get("/dashboard/", HTTP_HOST=host).json()["tenant_id"] == tenant.tenant_id
    with TenantContext.use_tenant(tenant):
        name = Project.objects.first().name
        assert not ProjectSerializer(data={"name": name, "status": "active"}).is_valid()
        serializer = ProjectSerializer(data={"name": "theirs", "status": "active"})
        assert serializer.is_valid(), serializer.errors
        assert serializer.save().tenant_id == tenant.pk
    with TenantContext.use_master_db():
        root = User.objects.create_superuser("operator", password="operator")
    client = Client()
    assert client.login_in_master(root)
    assert client.get("/admin/myapp/project/", HTTP_HOST="localhost").status_code == 200
    with TenantContext.use_tenant(tenant):
        tenants_root = User.objects.create_superuser("root", password="root")
        own = Client()
        own.force_login(tenants_root)
    assert own.get("/admin/myapp/project/", HTTP_HOST=host).status_code in {403, 404}
    mixin = run("Custom Admin Mixin")["TenantFilterMixin"]
    request = RequestFactory().get("/")
    request.user = User(is_superuser=False)
    with TenantContext.use_tenant(tenant):
        assert {p.tenant_id for p in mixin(Project, admin.site).get_queryset(request)} == {tenant.pk}
        tenants_root.delete()  # where tables are shared, the next tenant has one of the same name
    with TenantContext.use_master_db():
        root.delete()


def login_in_master(client: Client, user: Any) -> bool:
    """Log in while the master is active, as its own login page does."""
    with TenantContext.use_master_db():
        client.force_login(user)
    return True


Client.login_in_master = login_in_master  # type: ignore[attr-defined]


def eager_tasks(tenant: Any) -> None:
    """Celery Integration, in this process."""
    from django.contrib.auth.models import User

    out = io.StringIO()
    with TenantContext.use_tenant(tenant), contextlib.redirect_stdout(out):
        User.objects.update_or_create(id=1, defaults={"username": "one", "email": "one@acme.com"})
        run("Queue Task")
    assert "Sending to one@acme.com: Hello!" in run_tasks(tenant)
    schedule = run("Celery Beat (Scheduled Tasks)")["CELERY_BEAT_SCHEDULE"]
    from celery import current_app

    name = schedule["process-all-tenants"]["task"]
    current_app.tasks[name].delay()
    print("held      Celery, eager")


def run_tasks(tenant: Any) -> str:
    """Run the first task for a tenant and return what it printed."""
    from myapp.tasks import send_notification

    out = io.StringIO()
    with TenantContext.use_tenant(tenant), contextlib.redirect_stdout(out):
        send_notification.delay(user_id=1, message="Hello!")
    return out.getvalue()


def run_all() -> None:
    """Run every block but those that need another process or other settings."""
    creating()
    with tenants(("acme", "database"), ("globex", "table")) as (acme, globex):
        asking(acme, globex)
        serving(acme)
        eager_tasks(acme)
    kinds = [("table", "cache")]
    if connection.vendor == "postgresql":
        kinds += [("schema", "table"), ("schema", "schema"), ("database", "schema"), ("cache", "database")]
    for mine, theirs in kinds:
        with tenants(("acme", mine), ("globex", theirs)) as (acme, globex):
            asking(acme, globex)
            serving(acme)
    expect_error(TenantRequiredError, Project.objects.count)


def run_resolver() -> None:
    """The resolver of one's own, configured as the guide says."""
    with tenants(("acme", "database"), ("globex", "table")):
        client = Client()
        for name in ("acme", "globex"):
            answer = client.get("/dashboard/", headers={"x-tenant-id": name})
            assert answer.json()["tenant_id"] == name
        assert client.get("/dashboard/").status_code == 404
        assert client.get("/dashboard/", headers={"x-tenant-id": "nobody"}).status_code == 404


def run_worker() -> None:
    """Send the guide's tasks to a worker that runs elsewhere, and wait for what they return."""
    from django.contrib.auth.models import User

    from myapp.tasks import process_all_tenants, process_tenant_data, send_notification

    rows = [("acme", "database"), ("globex", "table")]
    if connection.vendor == "postgresql":
        rows.append(("initech", "schema"))
    with tenants(*rows) as made:
        for tenant in made:
            with TenantContext.use_tenant(tenant):
                User.objects.update_or_create(id=1, defaults={"username": "one", "email": "one@x.com"})
                sent = send_notification.delay(user_id=1, message=f"Hello {tenant.tenant_id}!")
            sent.get(timeout=60)
        process_tenant_data.delay(tenant_id="acme").get(timeout=60)
        process_all_tenants.delay().get(timeout=60)
        with TenantContext.use_tenant(made[0]):
            lost = send_notification.delay(user_id=999, message="for nobody")
        expect_error(Exception, lambda: lost.get(timeout=60))
        log = Path("worker.log")
        deadline = time.monotonic() + 60
        while log.read_text().count("process_tenant_data") < 2 * (1 + len(made)):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        for tenant in made:
            assert f"Sending to one@x.com: Hello {tenant.tenant_id}!" in log.read_text()


def expect_error(kind: type[Exception], call: Callable[[], Any]) -> None:
    """See an error, and its message."""
    try:
        call()
    except kind as error:
        assert str(error) or not isinstance(error, OmnitenantError)
    else:
        message = f"nothing raised {kind.__name__}"
        raise AssertionError(message)


if __name__ == "__main__":
    {"all": run_all, "resolver": run_resolver, "worker": run_worker}[sys.argv[1]]()
