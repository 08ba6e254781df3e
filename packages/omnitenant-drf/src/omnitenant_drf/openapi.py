"""The tenant's header in an OpenAPI schema."""

from __future__ import annotations

from inspect import getdoc
from typing import Any

from omnitenant_drf.serializers import TenantModelSerializer, TenantSerializerMixin
from omnitenant_models.settings import omnitenant_settings

__all__ = ["add_tenant_header"]

_NAME = "TenantHeader"
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


def add_tenant_header(
    result: dict[str, Any],
    generator: Any,
    request: Any,
    public: bool,  # noqa: FBT001 - drf-spectacular's signature
) -> dict[str, Any]:
    """Let every operation ask for the header ``TENANT_HEADER``; paths in ``EXEMPT_PATHS`` do not.

    Serializers without a docstring of their own would be described by that of ``TenantModelSerializer``, which
    tells clients nothing: it is taken out.

    A hook of drf-spectacular, which need not be installed for anything else in this package::

        SPECTACULAR_SETTINGS = {
            "POSTPROCESSING_HOOKS": [
                "drf_spectacular.hooks.postprocess_schema_enums",
                "omnitenant_drf.openapi.add_tenant_header",
            ],
        }

    Args:
        result: the schema; it is changed.
        generator: drf-spectacular's generator.
        request: the request for the schema, or None.
        public: whether the schema is for everybody.

    Returns:
        The schema.
    """
    parameters = result.setdefault("components", {}).setdefault("parameters", {})
    parameters[_NAME] = {
        "name": omnitenant_settings.TENANT_HEADER,
        "in": "header",
        "required": True,
        "description": "The id of the tenant.",
        "schema": {"type": "string", "maxLength": 63},
    }
    for path, operations in result.get("paths", {}).items():
        if _is_exempt(path):
            continue
        for method, operation in operations.items():
            if method in _METHODS:
                reference = {"$ref": f"#/components/parameters/{_NAME}"}
                operation["parameters"] = [*operation.get("parameters", ()), reference]
    inherited = {getdoc(TenantModelSerializer), getdoc(TenantSerializerMixin)}
    for schema in result["components"].get("schemas", {}).values():
        if schema.get("description") in inherited:
            del schema["description"]
    return result


def _is_exempt(path: str) -> bool:
    exempt = omnitenant_settings.EXEMPT_PATHS
    starts = (exempt,) if isinstance(exempt, str) else exempt
    return any(f"{path}/".startswith(start.rstrip("/") + "/") for start in starts if start)
