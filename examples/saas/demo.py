"""Makes customers of one site with data of their own, one of each kind, and serves them on this machine.

    python demo.py                  serve until Ctrl-C
    python demo.py --once           ask for every page once, print who saw what, and stop

With ``--once`` the exit status is 1 if anybody saw a row that is not its own. The databases are SQLite files, unless
the environment names a PostgreSQL server (``SAAS_POSTGRES_PORT``, see the settings): there one customer has a schema.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

HERE = Path(__file__).resolve().parent

CUSTOMERS = {
    "acme": ("Acme Corporation", "database", "A database of our own", ["Rocket skates", "Giant magnet"]),
    "globex": ("Globex", "table", "Rows among others, seen by us alone", ["Hammock district", "Weather machine"]),
    "initech": ("Initech", "table", "Rows among others, seen by us alone", ["TPS report covers"]),
    "umbrella": ("Umbrella", "cache", "Shared tables, a cache of our own", ["Raccoon City branch", "The Hive"]),
}
if "SAAS_POSTGRES_PORT" in os.environ:
    CUSTOMERS["hooli"] = ("Hooli", "schema", "A schema of our own", ["Nucleus", "Signature box"])


class Server(ThreadingMixIn, WSGIServer):
    """A server that answers several requests at once, for this machine only."""

    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    """Prints no line for each request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Say nothing."""


def provision() -> None:
    """Migrate the master, and make each customer that does not exist yet, with its place and its rows."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    from customers.models import Domain, Tenant
    from django_omnitenant.tenant_context import TenantContext
    from django_omnitenant.utils import get_tenant_backend
    from projects.models import Project

    call_command("migrate", verbosity=0)
    for tenant_id, (name, isolation, slogan, projects) in CUSTOMERS.items():
        tenant, new = Tenant.objects.get_or_create(
            tenant_id=tenant_id,
            defaults={"name": name, "isolation_type": isolation, "slogan": slogan},
        )
        get_tenant_backend(tenant).create(run_migrations=True)
        Domain.objects.get_or_create(domain=f"{tenant_id}.localhost", tenant=tenant)
        if new:
            with TenantContext.use_tenant(tenant):
                Project.objects.bulk_create(Project(name=each) for each in projects)
    with TenantContext.use_master_db():
        users = get_user_model().objects
        if not users.filter(username="operator").exists():
            users.create_superuser("operator", password="operator")  # noqa: S106 - the demo prints it


@contextmanager
def serving(port: int) -> Iterator[int]:
    """Serve in the background for the block; its value is the port."""
    from saas.wsgi import application

    server = make_server("127.0.0.1", port, application, Server, QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def announce(port: int) -> None:
    """Print where to look."""
    print(f"\n  the master       http://localhost:{port}/")
    for tenant_id, (_name, isolation, _slogan, _projects) in CUSTOMERS.items():
        print(f"  {isolation:<16} http://{tenant_id}.localhost:{port}/")
    print(f"  operators        http://localhost:{port}/admin/   (operator / operator)")
    print("\n  A browser finds *.localhost by itself; for other programs:")
    print(f"  curl -H 'Host: acme.localhost:{port}' http://127.0.0.1:{port}/")
    print("\n  Ctrl-C stops the demo.", flush=True)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, help="port on 127.0.0.1 (8000; with --once any free one)")
    parser.add_argument("--once", action="store_true", help="ask for every page once, print a table, and stop")
    parser.add_argument("--data", type=Path, help="folder for the databases, kept (a temporary one)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; returns the exit status."""
    options = parse(arguments)
    folder = options.data.absolute() if options.data else Path(tempfile.mkdtemp(prefix="omnitenant-demo-"))
    port = options.port if options.port is not None else (0 if options.once else 8000)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["SAAS_DATA_DIR"] = str(folder)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "saas.settings")
        sys.path.insert(0, str(HERE))
        return run(port, once=options.once)
    except OSError as error:
        print(f"the demo cannot run: {error.strerror or error} (port {port}, folder {folder})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped")
        return 0
    finally:
        if not options.data:
            shutil.rmtree(folder, ignore_errors=True)


def run(port: int, *, once: bool) -> int:
    """Set the site up and serve it, or look at every page."""
    import django

    django.setup()
    provision()
    with serving(port) as served:
        if once:
            from visits import visit_all

            return visit_all(served, {name: row[3] for name, row in CUSTOMERS.items()})
        announce(served)
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
