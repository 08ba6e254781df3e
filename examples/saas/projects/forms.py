"""The one form of the site."""

from __future__ import annotations

from django import forms

from projects.models import Project


class ProjectForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Asks for a name; whose project it will be is nobody's choice."""

    class Meta:
        model = Project
        fields = ["name"]
