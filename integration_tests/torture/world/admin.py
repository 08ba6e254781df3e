"""The admin of the world, as a project writes it for its tenants' own staff."""

from __future__ import annotations

from django.contrib import admin

from world.models import Project, Tag, Task


class TaskInline(admin.TabularInline):
    """Tasks of a project."""

    model = Task
    fk_name = "project"
    extra = 0


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    """Projects, with everything that a list can show."""

    list_display = ["name", "budget", "country"]
    list_filter = ["country", "tags"]
    list_editable = ["budget"]
    search_fields = ["name", "tasks__title"]
    filter_horizontal = ["tags"]
    inlines = [TaskInline]


@admin.register(Task)
class TaskAdmin(admin.ModelAdmin):
    """Tasks, with every kind of picker."""

    list_display = ["title", "project"]
    list_filter = ["project"]
    autocomplete_fields = ["project"]
    raw_id_fields = ["parent"]
    search_fields = ["title"]


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    """Tags."""

    search_fields = ["name"]
