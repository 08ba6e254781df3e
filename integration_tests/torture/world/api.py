"""The REST API of the world; nothing in it says "tenant"."""

from __future__ import annotations

from django_filters import rest_framework as filters
from rest_framework import serializers, viewsets
from rest_framework.routers import DefaultRouter

from omnitenant_drf.serializers import TenantModelSerializer
from world.models import Country, Label, Project, Tag, Task


class TagSerializer(TenantModelSerializer):
    """A tag."""

    class Meta:
        model = Tag
        fields = ["id", "name"]


class PlainTagSerializer(serializers.ModelSerializer):
    """A tag, by a serializer that knows no tenants."""

    class Meta:
        model = Tag
        fields = ["id", "name"]


class LabelSerializer(TenantModelSerializer):
    """A label, with all its rules."""

    class Meta:
        model = Label
        fields = ["id", "name", "code", "place"]


class TaskSerializer(TenantModelSerializer):
    """A task, whose project is chosen by primary key."""

    class Meta:
        model = Task
        fields = ["id", "title", "project", "backup", "hours"]


class ProjectSerializer(TenantModelSerializer):
    """A project with its tags by primary key, and its tasks nested."""

    task_titles = serializers.SlugRelatedField("title", many=True, read_only=True, source="tasks")

    class Meta:
        model = Project
        fields = ["id", "name", "budget", "country", "tags", "task_titles"]


class NamedTaskSerializer(TenantModelSerializer):
    """A task, whose project is chosen by name."""

    project = serializers.SlugRelatedField("name", queryset=Project.objects.all())

    class Meta:
        model = Task
        fields = ["id", "title", "project"]


class EverythingSerializer(TenantModelSerializer):
    """All fields."""

    class Meta:
        model = Project
        fields = "__all__"


class CountrySerializer(serializers.ModelSerializer):
    """A country with the projects in it."""

    projects = serializers.PrimaryKeyRelatedField(many=True, read_only=True)

    class Meta:
        model = Country
        fields = ["code", "projects"]


class TaskFilter(filters.FilterSet):
    """Tasks by project, tag and title."""

    project = filters.ModelChoiceFilter(queryset=Project.objects.all())
    tag = filters.ModelMultipleChoiceFilter(field_name="project__tags", queryset=Tag.objects.all())

    class Meta:
        model = Task
        fields = {"title": ["exact", "contains"], "hours": ["gt"]}


class TagViewSet(viewsets.ModelViewSet):
    """Tags."""

    queryset = Tag.objects.order_by("pk")
    serializer_class = TagSerializer


class PlainTagViewSet(viewsets.ModelViewSet):
    """Tags, by a serializer that knows no tenants."""

    queryset = Tag.objects.order_by("pk")
    serializer_class = PlainTagSerializer


class LabelViewSet(viewsets.ModelViewSet):
    """Labels."""

    queryset = Label.objects.order_by("pk")
    serializer_class = LabelSerializer


class ProjectViewSet(viewsets.ModelViewSet):
    """Projects."""

    queryset = Project.objects.order_by("pk")
    serializer_class = ProjectSerializer


class TaskViewSet(viewsets.ModelViewSet):
    """Tasks, filtered."""

    queryset = Task.objects.select_related("project").order_by("pk")
    serializer_class = TaskSerializer
    filter_backends = [filters.DjangoFilterBackend]
    filterset_class = TaskFilter


class NamedTaskViewSet(viewsets.ModelViewSet):
    """Tasks, with projects by name."""

    queryset = Task.objects.order_by("pk")
    serializer_class = NamedTaskSerializer


class EverythingViewSet(viewsets.ModelViewSet):
    """Projects with all fields."""

    queryset = Project.objects.order_by("pk")
    serializer_class = EverythingSerializer


class CountryViewSet(viewsets.ReadOnlyModelViewSet):
    """Countries."""

    queryset = Country.objects.prefetch_related("projects").order_by("code")
    serializer_class = CountrySerializer


router = DefaultRouter()
router.register("tags", TagViewSet)
router.register("plain-tags", PlainTagViewSet, basename="plain-tag")
router.register("labels", LabelViewSet)
router.register("projects", ProjectViewSet)
router.register("tasks", TaskViewSet, basename="task")
router.register("named-tasks", NamedTaskViewSet, basename="named-task")
router.register("everything", EverythingViewSet, basename="everything")
router.register("countries", CountryViewSet)
