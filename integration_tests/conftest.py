"""What all integration tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from omnitenant_context.testing import no_tenant_left


@pytest.fixture(autouse=True)
def _nothing_left_active() -> Iterator[None]:
    """Fail the test that leaves a tenant active."""
    with no_tenant_left():
        yield
