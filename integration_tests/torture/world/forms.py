"""Forms of the world, as a project writes them: at the level of a module, when no tenant is active."""

from __future__ import annotations

from django import forms
from django.db.models import Prefetch

from world.models import Country, Project, Tag, Task


class ProjectForm(forms.ModelForm):
    """All fields of a project."""

    class Meta:
        model = Project
        fields = "__all__"


class TaskForm(forms.ModelForm):
    """A task with its pickers."""

    class Meta:
        model = Task
        fields = ["title", "project", "backup", "parent"]


class PickTagsForm(forms.Form):
    """Fields with querysets of their own."""

    tags = forms.ModelMultipleChoiceField(Tag.objects.all())
    project = forms.ModelChoiceField(Project.objects.filter(budget__gt=0), to_field_name="name", required=False)


TaskFormSet = forms.inlineformset_factory(Project, Task, fields=["title"], fk_name="project", extra=1)
ProjectFormSet = forms.modelformset_factory(Project, fields=["name", "budget"], extra=0)

PREFETCHING = Country.objects.prefetch_related(Prefetch("projects", Project.objects.order_by("-budget")))
"""A queryset that was made when no tenant was active."""
