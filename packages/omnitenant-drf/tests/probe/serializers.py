"""Serializers as a project writes them: plain ones, and ones that know tenants."""

from __future__ import annotations

import threading
from typing import Any

from rest_framework import serializers

from omnitenant_drf.serializers import TenantModelSerializer, TenantSerializerMixin
from probe.models import Config, Country, Document, Invoice, Plan, Preset, Project, Seat, Shelf, Tag, Task

meeting: list[threading.Barrier] = []
"""Where requests wait for each other after they have passed all checks; empty when they do not."""


class Meeting:
    """Lets requests that race pass their checks together."""

    def validate(self, attrs: Any) -> Any:
        for barrier in meeting:
            barrier.wait(timeout=20)
        return attrs


class GuideProjectSerializer(serializers.ModelSerializer):
    """Word for word the guide's."""

    class Meta:
        model = Project
        fields = ["id", "name", "status", "created_at"]

    def validate_name(self, value):
        """Validate project name is unique in tenant."""
        if Project.objects.filter(name=value).exists():
            raise serializers.ValidationError("Name already exists in this tenant")
        return value


class PlainProjectSerializer(Meeting, serializers.ModelSerializer):
    class Meta:
        model = Project
        fields = ["id", "name"]


class ProjectSerializer(Meeting, TenantModelSerializer):
    class Meta:
        model = Project
        fields = ["id", "name"]


class RenamedProjectSerializer(TenantModelSerializer):
    title = serializers.CharField(source="name")

    class Meta:
        model = Project
        fields = ["id", "title"]


class PlainRenamedProjectSerializer(serializers.ModelSerializer):
    title = serializers.CharField(source="name")

    class Meta:
        model = Project
        fields = ["id", "title"]


class AllProjectSerializer(TenantModelSerializer):
    class Meta:
        model = Project
        fields = "__all__"


class PlainAllTagSerializer(serializers.ModelSerializer):
    class Meta:
        model = Tag
        fields = "__all__"


class TagSerializer(TenantModelSerializer):
    class Meta:
        model = Tag
        fields = ["id", "group", "label"]


class LabelSerializer(TenantModelSerializer):
    """Has not all fields of the rule: what it lacks has a default, but may be given when it is saved."""

    class Meta:
        model = Tag
        fields = ["id", "label"]


class FewSerializer(LabelSerializer):
    """Tells what it will be saved with."""

    group = serializers.CharField(read_only=True, default="few")

    class Meta:
        model = Tag
        fields = ["id", "group", "label"]


class TaskSerializer(TenantModelSerializer):
    class Meta:
        model = Task
        fields = ["id", "project", "title", "slot", "done", "tags"]


class NumberedTaskSerializer(serializers.ModelSerializer):
    """Takes a bare number, which nobody looks up before it is stored."""

    project_id = serializers.IntegerField()

    class Meta:
        model = Task
        fields = ["id", "title", "project_id"]


class ShortTaskSerializer(TenantModelSerializer):
    """Has not all fields of any rule."""

    class Meta:
        model = Task
        fields = ["id", "title"]


class SlugTaskSerializer(TenantModelSerializer):
    project = serializers.SlugRelatedField(slug_field="name", queryset=Project.objects.all())
    tags = serializers.SlugRelatedField(slug_field="label", queryset=Tag.objects.all(), many=True, required=False)

    class Meta:
        model = Task
        fields = ["id", "project", "title", "tags"]


class LinkedTaskSerializer(TenantSerializerMixin, serializers.HyperlinkedModelSerializer):
    class Meta:
        model = Task
        fields = ["url", "project", "title"]
        extra_kwargs = {"url": {"view_name": "linked-detail"}}


class TaskOfNewProjectSerializer(TenantModelSerializer):
    """Writes its project too."""

    project = ProjectSerializer()

    class Meta:
        model = Task
        fields = ["id", "project", "title"]

    def create(self, validated_data):
        project = Project.objects.create(**validated_data.pop("project"))
        return Task.objects.create(project=project, **validated_data)

    def update(self, instance, validated_data):
        for name, value in validated_data.pop("project", {}).items():
            setattr(instance.project, name, value)
        instance.project.save()
        return super().update(instance, validated_data)


class TaskOfProjectSerializer(TenantModelSerializer):
    class Meta:
        model = Task
        fields = ["title", "slot", "done"]


class ProjectWithTasksSerializer(TenantModelSerializer):
    """Writes its tasks too."""

    tasks = TaskOfProjectSerializer(many=True)

    class Meta:
        model = Project
        fields = ["id", "name", "tasks"]

    def create(self, validated_data):
        tasks = validated_data.pop("tasks")
        project = super().create(validated_data)
        for task in tasks:
            Task.objects.create(project=project, **task)
        return project

    def update(self, instance, validated_data):
        tasks = validated_data.pop("tasks")
        instance.tasks.all().delete()
        for task in tasks:
            Task.objects.create(project=instance, **task)
        return super().update(instance, validated_data)


class PlanSerializer(TenantModelSerializer):
    class Meta:
        model = Plan
        fields = ["id", "title", "is_default", "voucher"]


class PresetSerializer(TenantModelSerializer):
    class Meta:
        model = Preset
        fields = ["id", "name"]


class OwnedPresetSerializer(TenantModelSerializer):
    class Meta:
        model = Preset
        fields = ["id", "tenant", "name"]


class ConfigSerializer(TenantModelSerializer):
    class Meta:
        model = Config
        fields = ["id", "theme"]


class ShelfSerializer(TenantModelSerializer):
    class Meta:
        model = Shelf
        fields = ["id", "tenant", "name"]


class PlainShelfSerializer(serializers.ModelSerializer):
    class Meta:
        model = Shelf
        fields = ["id", "tenant", "name"]


class DocumentSerializer(TenantModelSerializer):
    class Meta:
        model = Document
        fields = ["id", "number"]


class InvoiceSerializer(TenantModelSerializer):
    class Meta:
        model = Invoice
        fields = ["id", "number", "code", "total"]


class SeatSerializer(TenantModelSerializer):
    class Meta:
        model = Seat
        fields = ["number", "note"]


class CountrySerializer(TenantModelSerializer):
    class Meta:
        model = Country
        fields = ["id", "code"]
