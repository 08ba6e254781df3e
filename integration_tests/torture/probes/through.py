"""The tables behind many-to-many relations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.register import topic
from harness.tools import no_secret, only, pks

through = topic("through")

TABLES: dict[str, Callable[[Any], Any]] = {
    "automatic": lambda w: w.Project.tags.through,
    "automatic to a global model": lambda w: w.Project.markets.through,
    "explicit with a key": lambda w: w.Membership,
}


@through(portable=True, cases=TABLES)
def own_links(w: Any, table: Callable[[Any], Any]) -> None:
    """The table behind a relation shows own links only."""
    with w.enter(w.A):
        only(table(w).objects.values_list("project_id", flat=True), [w.A.project_pk])


@through(portable=True, cases=TABLES)
def count_of_links(w: Any, table: Callable[[Any], Any]) -> None:
    """The table behind a relation counts own links only."""
    with w.enter(w.A):
        assert table(w).objects.count() == 1
        assert not table(w).objects.filter(project_id__gte=2000).exists()


@through(portable=True, cases=TABLES)
def all_links_deleted(w: Any, table: Callable[[Any], Any]) -> None:
    """Deleting all links deletes own links only."""
    with w.enter(w.A):
        table(w).objects.all().delete()
        assert not table(w).objects.exists()


@through(portable=True, cases=TABLES)
def all_links_changed(w: Any, table: Callable[[Any], Any]) -> None:
    """Changing all links changes own links only."""
    with w.enter(w.A):
        assert table(w).objects.update(project=w.A.project2_pk) == 1


@through(portable=True, cases=TABLES)
def links_as_nobody(w: Any, table: Callable[[Any], Any]) -> None:
    """Nobody sees links."""
    with w.nobody():
        w.nothing_seen(lambda: list(table(w).objects.all()))


@through(portable=True, cases=TABLES)
def links_of_a_stranger_as_base(w: Any, table: Callable[[Any], Any]) -> None:
    """Django's own manager of the table shows own links only."""
    with w.enter(w.A):
        only(table(w)._base_manager.values_list("project_id", flat=True), [w.A.project_pk])


def _tag_link(w: Any, project: Any, tag: Any) -> Any:
    return w.Project.tags.through(project_id=project, tag_id=tag)


LINKS: dict[str, Callable[[Any], Any]] = {
    "create": lambda w: w.Project.tags.through.objects.create(project_id=w.A.project2_pk, tag_id=w.B.tag_pk),
    "create, other side": lambda w: w.Project.tags.through.objects.create(
        project_id=w.B.project2_pk, tag_id=w.A.tag_pk
    ),
    "create at a stranger": lambda w: w.Project.tags.through.objects.create(
        project_id=w.B.project2_pk, tag_id=w.B.tag_pk
    ),
    "save": lambda w: _tag_link(w, w.A.project2_pk, w.B.tag_pk).save(),
    "bulk": lambda w: w.Project.tags.through.objects.bulk_create(
        [_tag_link(w, w.A.project2_pk, w.A.tag_pk), _tag_link(w, w.A.project2_pk, w.B.tag_pk)]
    ),
    "bulk with ignored conflicts": lambda w: w.Project.tags.through.objects.bulk_create(
        [_tag_link(w, w.B.project2_pk, w.A.tag_pk)], ignore_conflicts=True
    ),
    "update": lambda w: w.Project.tags.through.objects.update(tag_id=w.B.tag_pk),
    "update, other side": lambda w: w.Project.tags.through.objects.update(project_id=w.B.project2_pk),
    "get_or_create": lambda w: w.Project.tags.through.objects.get_or_create(
        project_id=w.A.project2_pk, tag_id=w.B.tag_pk
    ),
    "with a global row": lambda w: w.Project.markets.through.objects.create(project_id=w.B.project2_pk, country_id=1),
    "without a key": lambda w: w.Grade.objects.create(person_id=w.A.person_pk, skill_id=w.B.skill_pk),
    "without a key, other side": lambda w: w.Grade.objects.create(person_id=w.B.person_pk, skill_id=w.A.skill_pk),
    "without a key, at a stranger": lambda w: w.Grade.objects.create(person_id=w.B.person2_pk, skill_id=w.B.skill2_pk),
}


@through(portable=True, cases=LINKS)
def crossing_link(w: Any, attack: Callable[[Any], Any]) -> None:
    """Links to another tenant's rows are not written into the table behind a relation."""
    with w.enter(w.A), w.refused():
        attack(w)


@through(portable=True)
def link_of_a_stranger_deleted(w: Any) -> None:
    """Another tenant's link is not deleted by its primary key."""
    table = w.Project.tags.through
    with w.unscoped() if "shared" in w.features else w.enter(w.B):
        theirs = table.objects.filter(project_id=w.B.project_pk).values_list("pk", flat=True).get()
    with w.enter(w.A), w.refused():
        table(pk=theirs, project_id=w.A.project_pk, tag_id=w.A.tag_pk).delete()
        w.held()


@through(portable=True)
def link_of_a_stranger_taken(w: Any) -> None:
    """Another tenant's link is not taken over by its primary key."""
    table = w.Project.tags.through
    with w.unscoped() if "shared" in w.features else w.enter(w.B):
        theirs = table.objects.filter(project_id=w.B.project_pk).values_list("pk", flat=True).get()
    with w.enter(w.A), w.refused():
        if "own" in w.features and table.objects.filter(pk=theirs).exists():
            w.held()  # the key is an own row's there
        table(pk=theirs, project_id=w.A.project2_pk, tag_id=w.A.tag2_pk).save()


@through(portable=True)
def links_of_a_table_without_a_key(w: Any) -> None:
    """A table without a key of its own shows what leads to own rows, over its relations."""
    with w.enter(w.A):
        only(w.Person.objects.filter(grade__level__gt=0).values_list("pk", flat=True), [w.A.person_pk])
        only(w.Skill.objects.filter(grade__person__name="Ann").values_list("pk", flat=True), [w.A.skill_pk])


LINKED: dict[str, Callable[[Any], Any]] = {
    "clear": lambda w: w.Country.objects.get(pk=2).partner_offices.clear(),
    "set": lambda w: w.Country.objects.get(pk=2).partner_offices.set([]),
    "remove": lambda w: w.Country.objects.get(pk=2).partner_offices.remove(w.B.office_pk),
    "clear a stranger": lambda w: w.B.office.partners.clear(),
    "clear a forged object": lambda w: w.Office(pk=w.B.office_pk).partners.clear(),
    "remove from a forged object": lambda w: w.Office(pk=w.B.office_pk).partners.remove(2),
    "set a forged object to nothing": lambda w: w.Office(pk=w.B.office_pk).partners.set([]),
    "remove and add": lambda w: w.Country.objects.get(pk=2).partner_offices.set([w.A.office_pk], clear=True),
}


@through(essential=True, cases=LINKED)
def links_of_a_global_row_without_a_key(w: Any, attack: Callable[[Any], Any]) -> None:
    """Parting a row of nobody's, by a table without a key of its own, parts it from own rows."""
    with w.enter(w.A), w.refused():
        attack(w)
        w.held()


@through(essential=True)
def links_of_a_forged_object_without_a_key(w: Any) -> None:
    """A table without a key of its own does not tell what another tenant's row is linked to."""
    with w.enter(w.A), w.refused():
        forged = w.Office(pk=w.B.office_pk)
        assert not list(forged.partners.all())
        assert forged.partners.count() == 0
        assert not forged.partners.exists()
        w.held()


@through(essential=True)
def count_of_links_of_a_global_row_without_a_key(w: Any) -> None:
    """What is linked to a row of nobody's, by a table without a key of its own, are own rows, counted too."""
    with w.enter(w.A):
        country = w.Country.objects.get(pk=2)
        only(pks(country.partner_offices.all()), {w.A.office_pk})
        assert country.partner_offices.count() == 1
        assert not country.partner_offices.filter(pk=w.B.office_pk).exists()


@through(portable=True)
def link_back_to_rows(w: Any) -> None:
    """Links lead to own rows."""
    with w.enter(w.A):
        for link in w.Project.tags.through.objects.select_related("project", "tag"):
            no_secret(w, [link.project.settings, link.tag.name])
            assert link.project.pk == w.A.project_pk


@through(essential=True)
def relations_to_the_own_model(w: Any) -> None:
    """Relations of a model to itself are guarded, symmetrical or not."""
    with w.enter(w.A):
        first = w.Contact.objects.get(pk=w.A.contact_pk)
        first.friends.add(w.A.contact2_pk)
        only(pks(first.friends.all()), {w.A.contact2_pk})
        only(pks(first.followers.all()), {w.A.contact2_pk})
        assert w.Contact.friends.through.objects.count() == 2


@through(
    essential=True,
    cases={
        "friends": lambda one, key: one.friends.add(key),
        "follows": lambda one, key: one.follows.add(key),
        "followers": lambda one, key: one.followers.add(key),
    },
)
def stranger_in_a_relation_to_the_own_model(w: Any, attack: Callable[[Any, Any], Any]) -> None:
    """Another tenant's row is not linked by a relation of a model to itself."""
    with w.enter(w.A), w.refused():
        attack(w.Contact.objects.get(pk=w.A.contact_pk), w.B.contact_pk)
