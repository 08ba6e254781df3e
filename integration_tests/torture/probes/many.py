"""Many-to-many relations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.register import topic
from harness.tools import only, pks

probe = topic("m2m")


def own(w: Any) -> Any:
    """Return an own project."""
    return w.Project.objects.get(pk=w.A.project_pk)


ATTACKS: dict[str, Callable[[Any], Any]] = {
    "add by key": lambda w: own(w).tags.add(w.B.tag_pk),
    "add by text": lambda w: own(w).tags.add(str(w.B.tag_pk)),
    "add an object": lambda w: own(w).tags.add(w.B.tag),
    "add a forged object": lambda w: own(w).tags.add(w.Tag(pk=w.B.tag_pk, name="x")),
    "add one of several": lambda w: own(w).tags.add(w.A.tag2_pk, w.B.tag_pk),
    "add with ignored conflicts": lambda w: own(w).tags.add(w.A.tag_pk, w.B.tag_pk),
    "set": lambda w: own(w).tags.set([w.B.tag_pk]),
    "set objects": lambda w: own(w).tags.set([w.A.tag, w.B.tag]),
    "set with clear": lambda w: own(w).tags.set([w.B.tag_pk], clear=True),
    "reverse add": lambda w: w.Tag.objects.get(pk=w.A.tag_pk).projects.add(w.B.project_pk),
    "reverse set": lambda w: w.Tag.objects.get(pk=w.A.tag_pk).projects.set([w.B.project_pk]),
    "add to a stranger": lambda w: w.B.project.tags.add(w.A.tag_pk),
    "add a stranger's to a stranger": lambda w: w.B.project.tags.add(w.B.tag2_pk),
    "add to a forged object": lambda w: w.Project(pk=w.B.project_pk).tags.add(w.A.tag_pk),
    "add a global row to a stranger": lambda w: w.B.project2.markets.add(1),
    "add a global row to a forged object": lambda w: w.Project(pk=w.B.project2_pk).markets.add(1),
    "add a stranger to a global row": lambda w: w.Country.objects.get(pk=1).sellers.add(w.B.project2_pk),
    "set the strangers of a global row": lambda w: w.Country.objects.get(pk=1).sellers.set([w.B.project2_pk]),
    "create with a stranger's tags": lambda w: w.Project.objects.create(name="x").tags.add(w.B.tag_pk),
    "create a tag of a stranger": lambda w: w.B.project.tags.create(name="x"),
    "through with a key": lambda w: own(w).people.add(w.B.person_pk, through_defaults={"role": "x"}),
    "through with a key, an object": lambda w: own(w).people.add(w.B.person, through_defaults={"role": "x"}),
    "through with a key, of a stranger": lambda w: w.B.project.people.add(
        w.A.person_pk, through_defaults={"role": "x"}
    ),
    "through with a key, for another tenant": lambda w: own(w).people.add(
        w.A.person2_pk, through_defaults={"tenant": w.B.tenant}
    ),
    "through without a key": lambda w: w.Person.objects.get(pk=w.A.person_pk).skills.add(w.B.skill_pk),
    "through without a key, an object": lambda w: w.Person.objects.get(pk=w.A.person_pk).skills.add(w.B.skill),
    "through without a key, reverse": lambda w: w.Skill.objects.get(pk=w.A.skill_pk).people.add(w.B.person_pk),
    "through without a key, of a stranger": lambda w: w.B.person.skills.add(w.A.skill_pk),
}


@probe(portable=True, cases=ATTACKS)
def crossing(w: Any, attack: Callable[[Any], Any]) -> None:
    """Rows of two tenants are not linked, and another tenant's are not linked by a stranger."""
    with w.enter(w.A), w.kept_out():
        attack(w)


@probe(portable=True)
def own_rows(w: Any) -> None:
    """Own rows are linked and parted, by key and by object."""
    with w.enter(w.A):
        project = own(w)
        project.tags.add(w.A.tag2_pk)
        project.tags.remove(w.A.tag_pk)
        only(pks(project.tags.all()), {w.A.tag2_pk})
        project.tags.set([w.A.tag_pk])
        only(pks(project.tags.all()), {w.A.tag_pk})
        project.tags.clear()
        project.tags.create(name="new")
        assert project.tags.count() == 1
        project.markets.set([1, 2])
        assert project.markets.count() == 2
        project.people.add(w.A.person2_pk, through_defaults={"role": "x"})
        assert project.people.count() == 2


@probe(portable=True)
def own_rows_through_a_table_without_a_key(w: Any) -> None:
    """Own rows are linked through a table that has no key of its own."""
    with w.enter(w.A):
        ann = w.Person.objects.get(pk=w.A.person_pk)
        ann.skills.add(w.A.skill2_pk, through_defaults={"level": 5})
        only(pks(ann.skills.all()), w.A.all("Skill"))


HARMLESS: dict[str, Callable[[Any], Any]] = {
    "remove a stranger's tag": lambda w: own(w).tags.remove(w.B.tag_pk),
    "remove from a stranger": lambda w: w.B.project.tags.remove(w.B.tag_pk),
    "remove from a forged object": lambda w: w.Project(pk=w.B.project_pk).tags.remove(w.B.tag_pk),
    "clear a stranger": lambda w: w.B.project.tags.clear(),
    "clear a forged object": lambda w: w.Project(pk=w.B.project_pk).tags.clear(),
    "set a stranger to nothing": lambda w: w.B.project.tags.set([]),
    "clear the global rows of a stranger": lambda w: w.B.project.markets.clear(),
    "clear the sellers of a global row": lambda w: w.Country.objects.get(pk=1).sellers.clear(),
    "remove a stranger from a global row": lambda w: w.Country.objects.get(pk=1).sellers.remove(w.B.project_pk),
    "set the sellers of a global row to nothing": lambda w: w.Country.objects.get(pk=2).sellers.set([]),
    "clear through with a key": lambda w: w.B.project.people.clear(),
    "clear through without a key": lambda w: w.B.person.skills.clear(),
    "clear from the other side": lambda w: w.B.tag.projects.clear(),
}


@probe(portable=True, cases=HARMLESS)
def parting(w: Any, attack: Callable[[Any], Any]) -> None:
    """Another tenant's links are not taken away; whether that is refused or finds nothing is all one."""
    with w.enter(w.A), w.refused():
        attack(w)
        w.held()


@probe(portable=True)
def sellers_of_a_global_row(w: Any) -> None:
    """A row of nobody's shows own rows only, from both sides."""
    with w.enter(w.A):
        only(pks(w.Country.objects.get(pk=1).sellers.all()), {w.A.project_pk})
        assert not w.Country.objects.get(pk=2).sellers.exists()


@probe(portable=True)
def clearing_the_sellers_of_a_global_row(w: Any) -> None:
    """Clearing what is linked to a row of nobody's clears own links."""
    with w.enter(w.A):
        w.Country.objects.get(pk=1).sellers.clear()
        assert not own(w).markets.exists()


@probe(portable=True)
def filter_over_many_to_many(w: Any) -> None:
    """A filter over the relation finds own rows."""
    with w.enter(w.A):
        only(pks(w.Project.objects.filter(tags__name="urgent")), {w.A.project_pk})
        only(pks(w.Tag.objects.filter(projects__name="alpha")), {w.A.tag_pk})
        assert not w.Project.objects.filter(tags__pk=w.B.tag_pk).exists()
        assert not w.Tag.objects.filter(projects__pk=w.B.project_pk).exists()
