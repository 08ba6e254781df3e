"""Views whose querysets stand at class level."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from rest_framework import generics, viewsets
from rest_framework.decorators import api_view
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from omnitenant_context.context import TenantContext
from omnitenant_context.errors import (
    DomainNotFound,
    ProvisioningError,
    TenantInactiveError,
    TenantMismatchError,
    TenantNotFound,
    TenantRequiredError,
)
from omnitenant_drf.permissions import IsTenantMember
from omnitenant_drf.throttling import TenantRateThrottle
from probe import serializers
from probe.models import (
    Config,
    Country,
    Document,
    Invoice,
    Plan,
    Preset,
    Project,
    Shelf,
    Tag,
    Task,
    Tenant,
)


def _viewset(model: Any, serializer: Any) -> Any:
    attributes = {"queryset": model.objects.order_by("pk"), "serializer_class": serializer}
    return type(f"{serializer.__name__}ViewSet", (viewsets.ModelViewSet,), attributes)


VIEWSETS = {
    "projects": _viewset(Project, serializers.ProjectSerializer),
    "plain": _viewset(Project, serializers.PlainProjectSerializer),
    "guide": _viewset(Project, serializers.GuideProjectSerializer),
    "renamed": _viewset(Project, serializers.RenamedProjectSerializer),
    "plain-renamed": _viewset(Project, serializers.PlainRenamedProjectSerializer),
    "all": _viewset(Project, serializers.AllProjectSerializer),
    "with-tasks": _viewset(Project, serializers.ProjectWithTasksSerializer),
    "tags": _viewset(Tag, serializers.TagSerializer),
    "plain-all-tags": _viewset(Tag, serializers.PlainAllTagSerializer),
    "tasks": _viewset(Task, serializers.TaskSerializer),
    "short": _viewset(Task, serializers.ShortTaskSerializer),
    "numbered": _viewset(Task, serializers.NumberedTaskSerializer),
    "slugs": _viewset(Task, serializers.SlugTaskSerializer),
    "linked": _viewset(Task, serializers.LinkedTaskSerializer),
    "nested": _viewset(Task, serializers.TaskOfNewProjectSerializer),
    "plans": _viewset(Plan, serializers.PlanSerializer),
    "presets": _viewset(Preset, serializers.PresetSerializer),
    "configs": _viewset(Config, serializers.ConfigSerializer),
    "shelves": _viewset(Shelf, serializers.ShelfSerializer),
    "plain-shelves": _viewset(Shelf, serializers.PlainShelfSerializer),
    "documents": _viewset(Document, serializers.DocumentSerializer),
    "invoices": _viewset(Invoice, serializers.InvoiceSerializer),
    "countries": _viewset(Country, serializers.CountrySerializer),
}


class Projects(generics.ListCreateAPIView):
    """The same with a generic view."""

    queryset = Project.objects.order_by("pk")
    serializer_class = serializers.ProjectSerializer


class OneProject(generics.RetrieveUpdateDestroyAPIView):
    """One of them."""

    queryset = Project.objects.all()
    serializer_class = serializers.ProjectSerializer


class ManyProjects(generics.ListCreateAPIView):
    """Takes a list."""

    queryset = Project.objects.order_by("pk")
    serializer_class = serializers.ProjectSerializer

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        return super().get_serializer(*args, **{**kwargs, "many": True})


class TasksOfProject(generics.ListCreateAPIView):
    """Knows the project from the address, and the serializer does not."""

    serializer_class = serializers.ShortTaskSerializer

    def get_queryset(self) -> Any:
        return Task.objects.filter(project=self.kwargs["project"])

    def perform_create(self, serializer: Any) -> None:
        serializer.save(project=generics.get_object_or_404(Project, pk=self.kwargs["project"]))


class FirstThenDuplicate(generics.CreateAPIView):
    """Writes a row, then fails with a second; what stays depends on the transaction."""

    queryset = Project.objects.all()
    serializer_class = serializers.PlainProjectSerializer

    def perform_create(self, serializer: Any) -> None:
        Project.objects.create(name="first")
        serializer.save()


class Careful(generics.CreateAPIView):
    """Catches the refusal inside a transaction and goes on."""

    queryset = Project.objects.all()
    serializer_class = serializers.ProjectSerializer

    def create(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with transaction.atomic():
            Project.objects.create(name=request.data["name"])  # as somebody else would, just now
            try:
                serializer.save()
            except serializers.serializers.ValidationError as error:
                return Response({"caught": error.detail, "count": Project.objects.count()})
        return Response({})


ERRORS = {
    "required": TenantRequiredError("no tenant is active, says secret"),
    "notfound": TenantNotFound("secret is unknown", tenant_id="secret"),
    "domain": DomainNotFound("secret.test is unknown", domain="secret.test"),
    "inactive": TenantInactiveError("secret is suspended", tenant_id="secret", state="suspended"),
    "mismatch": TenantMismatchError("a row of secret", active="acme", wanted="secret"),
    "provisioning": ProvisioningError("no space"),
    "check": IntegrityError("CHECK constraint failed: secret"),
    "foreign": IntegrityError("FOREIGN KEY constraint failed"),
    "value": ValueError("secret"),
}


@api_view(["GET"])
def fail(request: Any, kind: str) -> Response:
    """Fail as asked."""
    raise ERRORS[kind]


@api_view(["GET"])
def elsewhere(request: Any, tenant_id: str) -> Response:
    """Enter another tenant."""
    with TenantContext.use_tenant(Tenant.objects.get(tenant_id=tenant_id)):
        return Response(Project.objects.count())


@api_view(["GET"])
def who(request: Any) -> Response:
    """Say for whom this runs."""
    return Response({"scope": TenantContext.get_scope().label, "user": str(request.user)})


class ForMembers(generics.ListAPIView):
    """For members of the tenant only."""

    queryset = Project.objects.all()
    serializer_class = serializers.ProjectSerializer
    permission_classes = [IsAuthenticated & IsTenantMember]


class Throttled(generics.ListAPIView):
    """Answers so many times only."""

    queryset = Project.objects.all()
    serializer_class = serializers.ProjectSerializer
    throttle_classes = [TenantRateThrottle]
