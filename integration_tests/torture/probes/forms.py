"""Forms, fields of forms, sets of forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.register import topic
from harness.tools import no_secret, only, pks

probe = topic("forms")


def forms() -> Any:
    """Return the forms of the world, which are made when no tenant is active."""
    from world import forms as made

    return made


@probe(essential=True)
def tenant_is_hidden(w: Any) -> None:
    """A form of all fields has none for the tenant."""
    with w.enter(w.A):
        assert "tenant" not in forms().ProjectForm().fields


@probe(essential=True)
def visible_key(w: Any) -> None:
    """A key that is shown on purpose has a field, and the active tenant as its initial value."""
    from django.forms import modelform_factory

    with w.enter(w.A):
        form = modelform_factory(w.Booking, fields=["tenant", "name"])()
        assert form["tenant"].value() in {w.A.tenant.pk, w.A.tenant}


@probe(essential=True)
def visible_key_of_another(w: Any) -> None:
    """A visible key that is set to another tenant stores nothing there."""
    from django.forms import modelform_factory

    with w.enter(w.A), w.refused():
        form = modelform_factory(w.Booking, fields=["tenant", "name"])({"tenant": w.B.tenant.pk, "name": "x"})
        if not form.is_valid():
            w.held()
        form.save()


@probe(essential=True)
def choices(w: Any) -> None:
    """Pickers of a form show own rows."""
    with w.enter(w.A):
        html = forms().TaskForm().as_p()
        no_secret(w, html)
        assert 'value="1001"' in html
        assert 'value="2001"' not in html
    with w.enter(w.B):
        assert 'value="2001"' in forms().TaskForm().as_p()


CHOSEN: dict[str, Callable[[Any], dict[str, Any]]] = {
    "required": lambda w: {"project": w.B.project_pk},
    "optional": lambda w: {"project": w.A.project_pk, "backup": w.B.project_pk},
    "own model": lambda w: {"project": w.A.project_pk, "parent": w.B.task_pk},
}


@probe(essential=True, cases=CHOSEN)
def choice_of_a_stranger(w: Any, data: Callable[[Any], dict[str, Any]]) -> None:
    """Another tenant's row is no valid choice, as one that does not exist."""
    with w.enter(w.A):
        form = forms().TaskForm({"title": "x", **data(w)})
        assert not form.is_valid()
        theirs = form.errors.as_text()
        nothing = {name: 987_654 if value >= 2000 else value for name, value in data(w).items()}
        form = forms().TaskForm({"title": "x", **nothing})
        assert not form.is_valid()
        assert form.errors.as_text() == theirs


@probe(essential=True)
def own_choice(w: Any) -> None:
    """An own row is a valid choice, and the new row is an own row."""
    with w.enter(w.A):
        form = forms().TaskForm({"title": "x", "project": w.A.project_pk, "backup": w.A.project2_pk})
        assert form.is_valid(), form.errors
        assert form.save().tenant_id == w.A.tenant.pk


@probe(essential=True)
def choice_field_of_its_own(w: Any) -> None:
    """Fields with querysets of their own accept own rows only, by key and by name."""
    with w.enter(w.A):
        assert not forms().PickTagsForm({"tags": [w.B.tag_pk]}).is_valid()
        assert not forms().PickTagsForm({"tags": [w.A.tag_pk, w.B.tag_pk]}).is_valid()
        assert not forms().PickTagsForm({"tags": [w.A.tag_pk], "project": "beta"}).is_valid()
        form = forms().PickTagsForm({"tags": [w.A.tag_pk], "project": "alpha"})
        assert form.is_valid(), form.errors
        only(pks(form.cleaned_data["tags"]), {w.A.tag_pk})
        assert form.cleaned_data["project"].pk == w.A.project_pk


@probe(essential=True)
def many_to_many_of_a_stranger(w: Any) -> None:
    """Another tenant's tag is no valid choice in a form of all fields."""
    with w.enter(w.A):
        form = forms().ProjectForm({"name": "x", "budget": 1, "settings": "{}", "tags": [w.B.tag_pk]})
        assert not form.is_valid()
        form = forms().ProjectForm({"name": "x", "budget": 1, "settings": "{}", "tags": [w.A.tag_pk]})
        assert form.is_valid(), form.errors
        only(pks(form.save().tags.all()), {w.A.tag_pk})


@probe(essential=True)
def duplicate(w: Any) -> None:
    """A duplicate of an own row is an error of the form, and one of another tenant's row is none."""
    with w.enter(w.A):
        assert not forms().ProjectForm({"name": "alpha", "budget": 1, "settings": "{}"}).is_valid()
        form = forms().ProjectForm({"name": "beta", "budget": 1, "settings": "{}"})
        assert form.is_valid(), form.errors
        form.save()


@probe(essential=True)
def tenant_in_the_data(w: Any) -> None:
    """A tenant that the client sends is not looked at."""
    with w.enter(w.A):
        data = {"name": "x", "budget": 1, "settings": "{}", "tenant": w.B.tenant.pk, "tenant_id": w.B.tenant.pk}
        form = forms().ProjectForm(data)
        assert form.is_valid(), form.errors
        assert form.save().tenant_id == w.A.tenant.pk


@probe(essential=True)
def form_of_a_row_of_a_stranger(w: Any) -> None:
    """A form of another tenant's object does not save it."""
    theirs = w.B.project2
    with w.enter(w.A), w.refused():
        form = forms().ProjectForm({"name": "stolen", "budget": 1, "settings": "{}"}, instance=theirs)
        if not form.is_valid():
            w.held()
        form.save()


@probe(essential=True)
def inline_formset(w: Any) -> None:
    """A set of forms for the children of an own row shows, makes and changes own rows."""
    with w.enter(w.A):
        project = w.Project.objects.get(pk=w.A.project_pk)
        shown = forms().TaskFormSet(instance=project)
        only([form.instance.pk for form in shown.initial_forms], w.A.all("Task"))
        data = {
            "tasks-TOTAL_FORMS": "3",
            "tasks-INITIAL_FORMS": "2",
            "tasks-0-id": w.A.task_pk,
            "tasks-0-title": "one",
            "tasks-1-id": w.A.task2_pk,
            "tasks-1-title": "two",
            "tasks-2-title": "three",
        }
        filled = forms().TaskFormSet(data, instance=project)
        assert filled.is_valid(), filled.errors
        filled.save()
        only(project.tasks.values_list("title", flat=True), ["one", "two", "three"])


@probe(essential=True)
def inline_formset_of_a_stranger(w: Any) -> None:
    """A set of forms for another tenant's row shows no children and stores none."""
    theirs = w.B.project
    with w.enter(w.A), w.refused():
        no_secret(w, forms().TaskFormSet(instance=theirs).as_p())
        data = {"tasks-TOTAL_FORMS": "1", "tasks-INITIAL_FORMS": "0", "tasks-0-title": "stolen"}
        filled = forms().TaskFormSet(data, instance=theirs)
        if not filled.is_valid():
            w.held()
        filled.save()


@probe(essential=True)
def forged_key_in_a_formset(w: Any) -> None:
    """A set of forms does not change a row whose key the client made up."""
    with w.enter(w.A):
        data = {
            "form-TOTAL_FORMS": "1",
            "form-INITIAL_FORMS": "1",
            "form-0-id": w.B.project_pk,
            "form-0-name": "stolen",
            "form-0-budget": "0",
        }
        filled = forms().ProjectFormSet(data)
        assert not filled.is_valid()


@probe(essential=True)
def formset_of_all_rows(w: Any) -> None:
    """A set of forms without a queryset shows own rows."""
    with w.enter(w.A):
        only([form.instance.pk for form in forms().ProjectFormSet()], w.A.all("Project"))


@probe(essential=True)
def limited_choices(w: Any) -> None:
    """Choices that are limited, by conditions or by a function, are own rows."""
    from django.forms import modelform_factory

    with w.enter(w.A):
        form = modelform_factory(w.Pick, fields=["name", "project", "other"])()
        only(pks(form.fields["project"].queryset), w.A.all("Project"))
        only(pks(form.fields["other"].queryset), {w.A.project_pk})


@probe(essential=True)
def queryset_of_a_module(w: Any) -> None:
    """A queryset that stands in a module follows whoever is active."""
    for side in (w.A, w.B, w.A):
        with w.enter(side):
            found = {project.pk for country in forms().PREFETCHING.all() for project in country.projects.all()}
            only(found, side.all("Project"))


@probe(essential=True)
def as_nobody(w: Any) -> None:
    """Nobody sees choices."""
    with w.nobody(), w.refused():
        forms().TaskForm().as_p()


@probe(essential=True)
def form_that_was_made_by_another(w: Any) -> None:
    """A form that was made as another tenant shows the active tenant's choices."""
    with w.enter(w.B):
        form = forms().TaskForm()
        list(form.fields["project"].choices)
    with w.enter(w.A):
        no_secret(w, form.as_p())


@probe(essential=True)
def generic_views(w: Any) -> None:
    """Views with a queryset of their own show own rows, and another tenant's row is not found."""
    from django.http import Http404
    from django.test import RequestFactory
    from django.views.generic import DetailView, ListView

    with w.enter(w.A):
        rows = ListView(queryset=w.Project.objects.order_by("pk"))
        rows.setup(RequestFactory().get("/"))
        only(pks(rows.get_queryset()), w.A.all("Project"))
        one = DetailView(model=w.Project)
        one.setup(RequestFactory().get("/"), pk=w.B.project_pk)
        try:
            one.get_object()
        except Http404:
            return
    raise AssertionError("it was found")


@probe(essential=True)
def shortcuts(w: Any) -> None:
    """The shortcuts that answer 404 do so for another tenant's row."""
    from django.http import Http404
    from django.shortcuts import get_list_or_404, get_object_or_404

    with w.enter(w.A):
        only(pks(get_list_or_404(w.Project)), w.A.all("Project"))
        for model in (w.Project, w.Project.objects.all(), w.Project.objects):
            try:
                get_object_or_404(model, pk=w.B.project_pk)
            except Http404:
                continue
            raise AssertionError("it was found")
