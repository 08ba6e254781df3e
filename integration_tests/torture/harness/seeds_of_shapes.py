"""The rows of the shapes that only this project's dialect can say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps

from harness.seeds import Seed

__all__ = ["rows_of_shapes"]


def rows_of_shapes(base: int, secret: str, tenant_id: str) -> Iterator[Seed]:
    """Yield the rows of a tenant in the models of ``world.shapes`` and ``world.relations``."""

    def at(place: int) -> int:
        return base + place

    project = at(1)
    yield Seed("note", "Note", {"pk": at(1), "name": secret})
    yield Seed("label", "Label", {"pk": at(1), "name": "red", "code": "r", "place": 1})
    values = {"pk": at(2), "name": secret, "code": f"only {tenant_id}", "place": 2 if tenant_id == "a" else 3}
    yield Seed("label2", "Label", values)
    values = {"pk": at(1), "name": secret, "content_type_id": _kind_of_notes, "object_id": at(1)}
    yield Seed("comment", "Comment", values)
    yield Seed("document", "Document", {"pk": at(1), "name": secret})
    yield Seed("report", "Report", {"pk": at(2), "name": secret, "pages": base, "shelf_id": 1})
    yield Seed("appendix", "Appendix", {"pk": at(3), "name": secret, "pages": 1, "letter": tenant_id, "shelf_id": 1})
    yield Seed("memo", "Memo", {"pk": at(4), "name": "memo", "text": secret})
    yield Seed("review", "Review", {"pk": at(1), "name": secret, "report_id": at(2)})
    yield Seed("ticket", "Ticket", {"number": 1, "name": secret})
    yield Seed("preferences", "Preferences", {"name": secret})
    yield Seed("template", "Template", {"pk": at(1), "name": secret})
    yield Seed("badge", "Badge", {"pk": at(1), "name": secret})
    yield Seed("seat", "Seat", {"pk": at(1), "name": secret})
    yield Seed("booking", "Booking", {"pk": at(1), "name": secret})
    yield Seed("charge", "Charge", {"pk": at(1), "name": secret})
    yield Seed("step", "Step", {"pk": at(1), "name": "open", "is_done": False})
    yield Seed("step2", "Step", {"pk": at(2), "name": secret, "is_done": True})
    yield Seed("duty", "Duty", {"pk": at(1), "name": secret, "is_urgent": True})
    yield Seed("contact", "Contact", {"pk": at(1), "name": "first"})
    yield Seed(
        "contact2",
        "Contact",
        {"pk": at(2), "name": secret, "boss_id": at(1)},
        lambda row, pk: (row.friends.add(pk("contact")), row.follows.add(pk("contact"))),
    )
    yield Seed("pick", "Pick", {"pk": at(1), "name": "pick", "project_id": project, "other_id": project})
    values = {"pk": at(1), "name": secret, "country_id": 1}
    yield Seed("office", "Office", values, lambda row, pk: (row.projects.add(pk("project")), row.partners.add(2)))
    yield Seed("ledger", "Ledger", {"pk": at(1), "name": "book", "code": f"book-{tenant_id}"})
    yield Seed("entry", "Entry", {"pk": at(1), "name": "entry", "ledger_id": f"book-{tenant_id}", "amount": base})
    yield Seed("loose", "Loose", {"pk": at(1), "name": "loose", "project_id": project})
    staff = {"is_staff": True, "is_superuser": True}
    yield Seed("user", "User", {"pk": at(1), "email": "ann@example.com", "password": f"!{secret}", **staff})
    yield Seed("warehouse", "Warehouse", {"pk": at(1), "name": secret})
    yield Seed("shipment", "Shipment", {"pk": at(1), "name": secret, "warehouse_id": at(1)})
    yield Seed("parcel", "Parcel", {"pk": at(1), "name": "parcel", "warehouse_id": at(1)})


def _kind_of_notes() -> Any:
    """Return what it is in the place in which it is asked."""
    kinds = apps.get_model("contenttypes", "ContentType").objects
    return kinds.get_for_model(apps.get_model("world", "Note")).pk
