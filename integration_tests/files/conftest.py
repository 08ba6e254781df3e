"""A bucket that is there for one test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from django.core.files.storage import storages
from moto import mock_aws

from omnitenant_context.testing import no_tenant_left


@pytest.fixture(autouse=True)
def _nothing_left_active() -> Iterator[None]:
    """Fail the test that leaves a tenant active."""
    with no_tenant_left():
        yield


@pytest.fixture(name="bucket", autouse=True)
def _bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The bucket, with storages that have not seen another."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        storages._storages.clear()
        bucket = boto3.resource("s3", region_name="us-east-1").Bucket("media")
        bucket.create()
        yield bucket
        storages._storages.clear()
