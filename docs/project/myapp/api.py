"""The API that the pages describe."""

from rest_framework import permissions, viewsets

from myapp.models import Project
from omnitenant_drf.serializers import TenantModelSerializer


class ProjectSerializer(TenantModelSerializer):
    """A project, as its tenant sees it."""

    class Meta:
        model = Project
        fields = ["id", "name"]


class ProjectViewSet(viewsets.ModelViewSet):
    """The projects of whoever is asking."""

    queryset = Project.objects.order_by("pk")
    serializer_class = ProjectSerializer
    permission_classes = [permissions.AllowAny]
