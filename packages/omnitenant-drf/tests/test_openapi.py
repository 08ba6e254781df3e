"""Tests of omnitenant_drf.openapi: a schema that knows the tenant's header."""

from __future__ import annotations

from inspect import getdoc
from typing import Any

from omnitenant_drf.openapi import add_tenant_header
from probe.serializers import PlanSerializer


def test_every_operation_asks_for_the_header(configure: Any) -> None:
    """But for paths that run without a tenant; what else stands in the schema stays."""
    configure(TENANT_HEADER="X-Customer", EXEMPT_PATHS=["/health/"])
    own = {"name": "page", "in": "query"}
    schema: dict[str, Any] = {
        "paths": {
            "/projects/": {"get": {"parameters": [own]}, "post": {}, "summary": "projects"},
            "/health/": {"get": {}},
            "/health/deep/": {"get": {}},
            "/healthy/": {"get": {}},
        },
        "components": {"schemas": {"Project": {}}},
    }
    found = add_tenant_header(schema, None, None, public=True)
    reference = {"$ref": "#/components/parameters/TenantHeader"}
    assert found["paths"]["/projects/"] == {
        "get": {"parameters": [own, reference]},
        "post": {"parameters": [reference]},
        "summary": "projects",
    }
    assert found["paths"]["/health/"] == found["paths"]["/health/deep/"] == {"get": {}}
    assert found["paths"]["/healthy/"] == {"get": {"parameters": [reference]}}
    assert found["components"]["schemas"] == {"Project": {}}
    header = found["components"]["parameters"]["TenantHeader"]
    assert (header["name"], header["in"], header["required"]) == ("X-Customer", "header", True)


def test_the_librarys_own_words_are_taken_out(db: None) -> None:
    """A description that was inherited from this package is none; a project's own stays."""
    schemas = {"Project": {"description": getdoc(PlanSerializer)}, "Task": {"description": "Work."}, "Status": {}}
    add_tenant_header({"components": {"schemas": schemas}}, None, None, public=True)
    assert schemas == {"Project": {}, "Task": {"description": "Work."}, "Status": {}}


def test_an_empty_schema_is_no_error(db: None) -> None:
    """An API without paths has a schema too."""
    assert add_tenant_header({}, None, None, public=True)["components"]["parameters"]
