"""References to rows of any model."""

from __future__ import annotations

from typing import Any

from harness.register import topic
from harness.tools import no_secret, only, pks

probe = topic("generic")


@probe(essential=True)
def own_rows(w: Any) -> None:
    """A generic reference leads to an own row, and back."""
    with w.enter(w.A):
        note = w.Note.objects.get(pk=w.A.note_pk)
        only(pks(note.comments.all()), {w.A.comment_pk})
        assert note.comments.get().about == note
        note.comments.create(name="new")
        assert note.comments.count() == 2


@probe(essential=True)
def to_a_row_of_a_stranger(w: Any) -> None:
    """A generic reference to another tenant's row leads nowhere."""
    with w.enter(w.A):
        comment = w.Comment.objects.get(pk=w.A.comment_pk)
        comment.object_id = w.B.note_pk
        comment.save()
        again = w.Comment.objects.get(pk=w.A.comment_pk)
        assert again.about is None
        comment.delete()


@probe(essential=True)
def from_a_forged_row(w: Any) -> None:
    """Another tenant's primary key has no comments that are seen."""
    with w.enter(w.A):
        assert not w.Note(pk=w.B.note_pk).comments.exists()


@probe(essential=True)
def prefetched(w: Any) -> None:
    """What is prefetched over a generic reference are own rows."""
    with w.enter(w.A):
        w.Comment.objects.update(object_id=w.B.note_pk)
        found = list(w.Comment.objects.prefetch_related("about"))
        assert [comment.about for comment in found] == [None]
        w.Comment.objects.all().delete()


@probe(essential=True)
def prefetched_with_querysets(w: Any) -> None:
    """What is prefetched over a generic reference with querysets of its own are own rows."""
    from django.contrib.contenttypes.prefetch import GenericPrefetch

    with w.enter(w.A):
        found = w.Comment.objects.prefetch_related(GenericPrefetch("about", [w.Note.objects.all()]))
        only([comment.about.pk for comment in found], [w.A.note_pk])
        w.Comment.objects.update(object_id=w.B.note_pk)
        assert [comment.about for comment in found.all()] == [None]
        w.Comment.objects.all().delete()


@probe(essential=True)
def by_content_type(w: Any) -> None:
    """A content type leads to own rows only."""
    from django.contrib.contenttypes.models import ContentType

    with w.enter(w.A):
        kind = ContentType.objects.get_for_model(w.Note)
        with w.missing():
            no_secret(w, kind.get_object_for_this_type(pk=w.B.note_pk).name)
        assert not kind.get_all_objects_for_this_type(pk__gte=2000).exists()
        assert kind.get_object_for_this_type(pk=w.A.note_pk).pk == w.A.note_pk


@probe(essential=True)
def joined(w: Any) -> None:
    """A join over a generic relation finds own rows."""
    with w.enter(w.A):
        assert not w.Note.objects.filter(comments__name__contains=w.secret).exists()
        only(pks(w.Note.objects.filter(comments__name="harmless")), {w.A.note_pk})


@probe(essential=True)
def joined_from_the_other_side(w: Any) -> None:
    """A join from comments to what they are about finds own rows."""
    with w.enter(w.A):
        only(pks(w.Comment.objects.filter(note__name="harmless")), {w.A.comment_pk})
        w.Comment.objects.update(object_id=w.B.note_pk)
        assert not w.Comment.objects.filter(note__name__contains=w.secret).exists()
        assert not w.Comment.objects.filter(note__isnull=False).exists()
        w.Comment.objects.all().delete()


@probe(essential=True)
def deleted_with_its_row(w: Any) -> None:
    """Comments go with an own row, and another tenant's about the same number stay."""
    with w.enter(w.A):
        w.Note.objects.get(pk=w.A.note_pk).delete()
        assert not w.Comment.objects.exists()


@probe(needs="shared")
def comments_of_a_stranger_about_an_own_row(w: Any) -> None:
    """Another tenant's comment that is about an own row by mistake neither shows nor goes with it."""
    with w.unscoped():
        w.Comment.objects.filter(pk=w.B.comment_pk).update(object_id=w.A.note_pk)
    with w.enter(w.A):
        note = w.Note.objects.get(pk=w.A.note_pk)
        only(pks(note.comments.all()), {w.A.comment_pk})
        assert not w.Note.objects.filter(comments__name__contains=w.secret).exists()
        note.delete()
    with w.unscoped():
        assert w.Comment.objects.filter(pk=w.B.comment_pk).update(object_id=w.B.note_pk) == 1


@probe(essential=True)
def added(w: Any) -> None:
    """Another tenant's comment is not added to an own row."""
    theirs = w.B.comment
    with w.enter(w.A), w.kept_out():
        w.Note.objects.get(pk=w.A.note_pk).comments.add(theirs)
        w.held()


@probe(essential=True)
def assigned_object_of_a_stranger(w: Any) -> None:
    """A comment about another tenant's object is refused, or leads nowhere when it is read again."""
    theirs = w.B.note
    with w.enter(w.A), w.refused(ValueError):
        made = w.Comment.objects.create(name="x", about=theirs)
        assert w.Comment.objects.get(pk=made.pk).about is None
        made.delete()
        w.held()
