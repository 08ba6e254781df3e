"""Every shape of model: what holds for one holds for all."""

from __future__ import annotations

from typing import Any

from harness.register import topic
from harness.tools import no_secret, only, pks

probe = topic("shape")

SHAPES = {
    name: name.replace("_", "")
    for name in [
        "note",
        "label",
        "comment",
        "document",
        "report",
        "appendix",
        "memo",
        "review",
        "ticket",
        "preferences",
        "template",
        "badge",
        "seat",
        "booking",
        "charge",
        "step",
        "duty",
        "contact",
        "pick",
        "office",
        "ledger",
        "entry",
        "loose",
        "user",
        "warehouse",
        "shipment",
        "parcel",
    ]
}
CLASSES = {name: "".join(part.title() for part in name.split("_")) for name in SHAPES}
NAMED = {name: model for name, model in CLASSES.items() if name != "user"}
PLAIN = {name: model for name, model in NAMED.items() if name != "memo"}
FORGEABLE = {name: model for name, model in NAMED.items() if name not in {"ticket", "preferences"}}


@probe(essential=True, cases={name: model for name, model in CLASSES.items() if name != "memo"})
def list_of_all_rows(w: Any, model: str) -> None:
    """Every shape of model shows own rows only."""
    with w.enter(w.A):
        rows = getattr(w, model).objects.all()
        only(pks(rows), w.A.all(model))
        no_secret(w, list(rows.values()))


@probe(essential=True, cases=CLASSES)
def base_manager(w: Any, model: str) -> None:
    """Django's own manager of every shape of model shows own rows only."""
    with w.enter(w.A):
        only(pks(getattr(w, model)._base_manager.all()), w.A.all(model))


@probe(essential=True, cases=PLAIN)
def row_of_a_stranger_by_primary_key(w: Any, model: str) -> None:
    """In every shape of model another tenant's primary key leads to nothing."""
    theirs = w.B.pks[model.lower()]
    with w.enter(w.A), w.missing():
        getattr(w, model).objects.get(pk=theirs)


@probe(essential=True, cases=NAMED)
def row_of_a_stranger_saved(w: Any, model: str) -> None:
    """In every shape of model another tenant's object is not saved."""
    theirs = getattr(w.B, model.lower())
    theirs.name = "stolen"
    with w.enter(w.A), w.refused():
        theirs.save()


@probe(essential=True, cases=FORGEABLE)
def forged_primary_key(w: Any, model: str) -> None:
    """In every shape of model a forged primary key does not reach another tenant's row."""
    theirs = getattr(w.B, model.lower())
    mine = getattr(w.A, model.lower())
    mine.pk = theirs.pk
    if hasattr(mine, "document_ptr_id"):
        for parent in type(mine)._meta.all_parents:
            setattr(mine, parent._meta.pk.attname, theirs.pk)
    mine.name = "stolen"
    with w.enter(w.A), w.kept_out():
        mine.save()


@probe(essential=True, cases=NAMED)
def row_of_a_stranger_deleted(w: Any, model: str) -> None:
    """In every shape of model another tenant's object is not deleted."""
    theirs = getattr(w.B, model.lower())
    with w.enter(w.A), w.refused():
        theirs.delete()


@probe(essential=True, cases={name: model for name, model in NAMED.items() if name != "label"})
def rows_changed_at_once(w: Any, model: str) -> None:
    """In every shape of model all rows are own rows."""
    with w.enter(w.A):
        manager = getattr(w, model)._base_manager
        assert manager.update(name=str(model)) == len(w.A.all(model))


@probe(essential=True, cases=CLASSES)
def nobody_reads(w: Any, model: str) -> None:
    """No shape of model is read by nobody."""
    with w.nobody(), w.refused():
        list(getattr(w, model)._base_manager.all())


CREATED = {
    "note": {},
    "label": {},
    "document": {},
    "report": {},
    "appendix": {},
    "memo": {},
    "ticket": {"number": 5},
    "template": {},
    "badge": {},
    "seat": {},
    "booking": {},
    "charge": {},
    "step": {},
    "duty": {},
    "contact": {},
    "warehouse": {},
}


@probe(essential=True, cases={name: (CLASSES[name], values) for name, values in CREATED.items()})
def new_row(w: Any, case: tuple[str, dict[str, Any]]) -> None:
    """In every shape of model a new row belongs to the active tenant, and the other one does not see it."""
    model, values = case
    with w.enter(w.A):
        made = getattr(w, model).objects.create(name="new", **values)
        assert getattr(w, model)._base_manager.filter(pk=made.pk, tenant=_key(w.A, model)).exists()
    with w.enter(w.B):
        assert not getattr(w, model)._base_manager.filter(pk=made.pk).exists()


@probe(essential=True, cases={name: (CLASSES[name], values) for name, values in CREATED.items()})
def new_row_for_another(w: Any, case: tuple[str, dict[str, Any]]) -> None:
    """In every shape of model a row for another tenant is refused."""
    model, values = case
    with w.enter(w.A), w.refused():
        getattr(w, model).objects.create(name="new", tenant=w.B.tenant, **values)


@probe(essential=True, cases={name: CLASSES[name] for name in CREATED if name not in {"preferences", "ticket"}})
def rows_given_away(w: Any, model: str) -> None:
    """In every shape of model own rows cannot be given to another tenant."""
    with w.enter(w.A), w.refused():
        getattr(w, model)._base_manager.update(tenant=w.B.tenant)


def _key(side: Any, model: str) -> Any:
    return side.tenant.tenant_id if model == "Badge" else side.tenant.pk
