"""Data that is dumped, loaded, or wiped."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import IntegrityError, transaction

from harness.register import topic
from harness.tools import no_secret, only, pks

probe = topic("fixtures")
flush = topic("flush")


def dump(*labels: str, **options: Any) -> Any:
    """Return what the command dumps."""
    from django.core.management import call_command

    out = StringIO()
    call_command("dumpdata", *labels, stdout=out, stderr=StringIO(), **options)
    return json.loads(out.getvalue())


def load(rows: list[dict[str, Any]], **options: Any) -> None:
    """Load rows from a file."""
    from django.core.management import call_command

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        path.write_text(json.dumps(rows), encoding="utf-8")
        call_command("loaddata", str(path), verbosity=0, **options)


def row(model: str, pk: Any, **fields: Any) -> dict[str, Any]:
    """Return a row as it stands in a file."""
    return {"model": f"world.{model}", "pk": pk, "fields": fields}


@probe(essential=True)
def dump_inside_a_tenant(w: Any) -> None:
    """A dump inside a tenant holds own rows only, children and links included."""
    with w.enter(w.A):
        rows = dump("world", exclude=["world.memo"])
    for each in rows:
        no_secret(w, f"{each['model']} {each}")
    only([each["pk"] for each in rows if each["model"] == "world.project"], w.A.all("Project"))
    only([each["pk"] for each in rows if each["model"] == "world.appendix"], [w.A.appendix_pk])
    assert not [each for each in rows if each["model"] in {"world.tenant", "world.domain"}], "rows of the master"


@probe(needs="shared")
def dump_past_the_filter(w: Any) -> None:
    """A dump inside a tenant of a model whose default manager is plain is refused."""
    with w.enter(w.A), w.refused(CommandError):
        dump("world.memo")


@probe(essential=True)
def dump_of_all_rows(w: Any) -> None:
    """A dump past the project's managers, inside a tenant, holds own rows only."""
    with w.enter(w.A):
        rows = dump("world", use_base_manager=True)
    no_secret(w, json.dumps(rows))
    only([each["pk"] for each in rows if each["model"] == "world.step"], w.A.all("Step"))


@probe(essential=True)
def dump_of_chosen_keys(w: Any) -> None:
    """A dump of keys that the caller made up holds own rows only."""
    with w.enter(w.A):
        rows = dump("world.project", primary_keys=f"{w.A.project_pk},{w.B.project_pk}")
    only([each["pk"] for each in rows], [w.A.project_pk])


@probe(essential=True)
def dump_with_nobody_active(w: Any) -> None:
    """A dump with nobody active is refused, with the two ways on."""
    with w.nobody():
        try:
            dump("world.project")
        except CommandError as error:
            assert "--tenant-id" in str(error), error
            assert "--all-tenants" in str(error), error
        else:
            raise AssertionError("it was not refused")


@probe(needs="shared")
def dump_for_a_named_tenant(w: Any) -> None:
    """A dump for a tenant that is named holds that tenant's rows."""
    with w.nobody():
        rows = dump("world.project", tenant_id="a")
    only([each["pk"] for each in rows], w.A.all("Project"))


@probe(needs="shared")
def dump_of_all_tenants(w: Any) -> None:
    """A dump of all tenants holds everybody's rows."""
    with w.nobody():
        rows = dump("world.project", all_tenants=True)
    only([each["pk"] for each in rows], w.A.all("Project") | w.B.all("Project"))


@probe(essential=True)
def load_without_a_tenant(w: Any) -> None:
    """Rows that name no tenant are loaded as own rows."""
    with w.enter(w.A):
        load([row("tag", None, name="loaded")])
        assert w.Tag.objects.filter(name="loaded").exists()


ATTACKS: dict[str, Callable[[Any], list[dict[str, Any]]]] = {
    "another tenant's row": lambda w: [row("tag", None, name="x", tenant=w.B.tenant.pk)],
    "a stranger's key": lambda w: [row("tag", w.B.tag_pk, name="stolen")],
    "a stranger's key and tenant": lambda w: [row("tag", w.B.tag_pk, name="stolen", tenant=w.B.tenant.pk)],
    "a reference": lambda w: [row("task", None, title="x", project=w.B.project_pk)],
    "an optional reference": lambda w: [row("task", None, title="x", project=w.A.project_pk, backup=w.B.project_pk)],
    "many-to-many": lambda w: [row("project", None, name="x", tags=[w.B.tag_pk])],
    "a link": lambda w: [row("membership", None, person=w.B.person_pk, project=w.A.project_pk)],
    "a child": lambda w: [row("report", w.B.report_pk, pages=1)],
    "a second row after a good one": lambda w: [
        row("tag", None, name="good"),
        row("tag", None, name="x", tenant=w.B.tenant.pk),
    ],
}


@probe(essential=True, cases=ATTACKS)
def load_that_crosses(w: Any, rows: Callable[[Any], list[dict[str, Any]]]) -> None:
    """A file that would write or refer to another tenant's rows is refused as a whole."""
    with w.enter(w.A):
        with w.kept_out(CommandError):
            load(rows(w))
        assert not w.Tag.objects.filter(name="good").exists(), "a part was loaded"


@probe(essential=True)
def load_with_forward_references(w: Any) -> None:
    """Rows that refer to rows further down in the file are loaded."""
    with w.enter(w.A):
        load([row("task", 1900, title="x", project=1901), row("project", 1901, name="later")])
        assert w.Task.objects.get(pk=1900).project.name == "later"


@probe(essential=True)
def load_with_a_forward_reference_to_nothing(w: Any) -> None:
    """A reference to a row that never comes is refused."""
    with w.enter(w.A), w.refused(CommandError, IntegrityError):
        load([row("task", 1900, title="x", project=1901)])


@probe(essential=True)
def load_with_nobody_active(w: Any) -> None:
    """Loading with nobody active is refused."""
    with w.nobody(), w.refused(CommandError):
        load([row("tag", None, name="x", tenant=w.B.tenant.pk)])


@probe(essential=True)
def there_and_back(w: Any) -> None:
    """What was dumped inside a tenant can be loaded there again, children and links included."""
    with w.enter(w.A):
        rows = dump("world.tag", "world.document", "world.report", "world.appendix", "world.project", "world.person")
        before = {model: w.A.all(model) for model in ("Tag", "Document", "Report", "Appendix", "Project")}
        load(rows)
        for model, keys in before.items():
            only(pks(getattr(w, model)._base_manager.all()), keys)


@probe(needs="shared")
def there_and_back_of_all(w: Any) -> None:
    """What was dumped of all tenants can be loaded again."""
    with w.nobody():
        rows = dump("world.tag", "world.project", "world.report", "world.document", all_tenants=True)
        load(rows, all_tenants=True)


@probe(essential=True)
def serializers(w: Any) -> None:
    """What is deserialised by hand is saved as an own row, or refused."""
    from django.core import serializers as django_serializers

    text = json.dumps([row("tag", w.B.tag_pk, name="stolen", tenant=w.A.tenant.pk)])
    # Django saves what is raw past the model's own methods, inside a block of its own.
    with w.enter(w.A), w.kept_out(), transaction.atomic():
        for each in django_serializers.deserialize("json", text):
            each.save()


FLUSHES: dict[str, Callable[[], Any]] = {
    "flush": lambda: _call("flush", interactive=False),
    "sqlflush": lambda: _call("sqlflush"),
}


def _call(name: str, **options: Any) -> None:
    from django.core.management import call_command

    call_command(name, stdout=StringIO(), stderr=StringIO(), **options)


@flush(needs="shared", cases=FLUSHES)
def inside_a_tenant(w: Any, attack: Callable[[], Any]) -> None:
    """The command that empties all tables is refused inside a tenant that shares them."""
    with w.enter(w.A), w.refused(CommandError):
        attack()


@flush(needs="shared")
def inside_a_tenant_with_an_alias(w: Any) -> None:
    """It is refused under the master's own name, too."""
    with w.enter(w.A), w.refused(CommandError):
        _call("flush", interactive=False, database="default")


@flush(essential=True, needs="own sqlite", commits=True)
def in_a_database_of_its_own(w: Any) -> None:
    """A tenant that shares its database with nobody empties its own and no other."""
    with w.enter(w.A):
        _call("flush", interactive=False)
        assert not w.Tag.objects.exists()
        assert w.Tenant._base_manager.using("default").filter(pk=w.A.tenant.pk).exists()
    with w.enter(w.B):
        only(pks(w.Tag.objects.all()), w.B.all("Tag"))
