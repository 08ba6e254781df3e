"""The rows that every probe finds: two tenants with alike rows, one of whom knows a secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings

__all__ = ["BASES", "SECRET", "Seed", "rows_of", "shared_rows"]

BASES = {"a": 1000, "b": 2000}
"""Where the primary keys of a tenant begin, so that they are never another's, in any place."""

SECRET = "known to b alone"
"""Stands in rows of the second tenant, and must never be seen from the first."""


class Seed(NamedTuple):
    """One row.

    Attributes:
        name: how probes call it.
        model: name of the model.
        values: what its columns hold, by attribute.
        link: adds many-to-many links once all rows are there.
    """

    name: str
    model: str
    values: dict[str, Any]
    link: Callable[[Any, Callable[[str], int]], None] | None = None


def shared_rows() -> list[Seed]:
    """Return the rows of nobody's."""
    rows = [
        Seed("germany", "Country", {"pk": 1, "code": "de", "name": "Germany", "rating": 5}),
        Seed("france", "Country", {"pk": 2, "code": "fr", "name": "France"}),
    ]
    if _all_shapes():
        rows.append(Seed("shelf", "Shelf", {"pk": 1, "name": "top"}))
    return rows


def rows_of(tenant_id: str) -> Iterator[Seed]:
    """Yield the rows of a tenant, in an order in which each finds what it refers to."""
    base = BASES[tenant_id]
    secret = SECRET if tenant_id == "b" else "harmless"

    def at(place: int) -> int:
        return base + place

    yield Seed("tag", "Tag", {"pk": at(1), "name": "urgent"})
    yield Seed("tag2", "Tag", {"pk": at(2), "name": f"{secret} tag"})
    yield Seed("person", "Person", {"pk": at(1), "name": "Ann"})
    yield Seed("person2", "Person", {"pk": at(2), "name": f"{secret} person"})
    yield Seed("skill", "Skill", {"pk": at(1), "name": "Go"})
    yield Seed("skill2", "Skill", {"pk": at(2), "name": "Tea"})
    yield Seed("grade", "Grade", {"pk": at(1), "person_id": at(1), "skill_id": at(1), "level": base // 1000})
    yield Seed(
        "project",
        "Project",
        {"pk": at(1), "name": "alpha", "budget": base, "settings": {"key": secret}, "country_id": 1},
        lambda row, pk: (row.tags.add(pk("tag")), row.markets.add(1)),
    )
    yield Seed("project2", "Project", {"pk": at(2), "name": f"{secret} project", "budget": base + 5, "country_id": 1})
    if tenant_id == "b":
        # One more than the other has, with a value that would win every ordering.
        values = {"pk": at(3), "name": "beta", "budget": 9_999_999, "country_id": 2}
        yield Seed("project3", "Project", values, lambda row, pk: (row.tags.add(pk("tag")), row.markets.add(1, 2)))
    yield Seed("membership", "Membership", {"pk": at(1), "person_id": at(1), "project_id": at(1), "role": "lead"})
    yield Seed("task", "Task", {"pk": at(1), "project_id": at(1), "backup_id": at(2), "title": "first", "hours": 3})
    values = {"pk": at(2), "project_id": at(1), "parent_id": at(1), "title": f"{secret} task", "hours": base}
    yield Seed("task2", "Task", values)
    yield Seed("invoice", "Invoice", {"pk": at(1), "project_id": at(1), "number": 7, "total": base})
    yield Seed("contract", "Contract", {"pk": at(1), "project_id": at(1), "terms": secret})
    if _all_shapes():
        from harness.seeds_of_shapes import rows_of_shapes

        yield from rows_of_shapes(base, secret, tenant_id)


def _all_shapes() -> bool:
    return settings.TORTURE_DIALECT == "dialects.omnitenant" and apps.is_installed("world")
