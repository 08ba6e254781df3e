"""The errors, which travel through task queues."""

from __future__ import annotations

import copy
import pickle

import pytest

from omnitenant_context import errors
from omnitenant_context.errors import (
    CarrierError,
    DomainNotFound,
    OmnitenantError,
    ProvisioningError,
    TenantInactiveError,
    TenantMismatchError,
    TenantNotFound,
    TenantRequiredError,
)

EACH = [
    OmnitenantError("m"),
    TenantRequiredError("m"),
    TenantMismatchError("m", active="acme", wanted="bolt"),
    TenantInactiveError("m", tenant_id="acme", state="suspended"),
    TenantNotFound("m", tenant_id="acme"),
    DomainNotFound("m", tenant_id="acme", domain="acme.example"),
    ProvisioningError("m", tenant_id="acme"),
    CarrierError("m", value="x"),
]


@pytest.mark.parametrize("error", EACH, ids=lambda error: type(error).__name__)
def test_survives_pickle_and_copy_with_its_attributes(error: OmnitenantError) -> None:
    """What an error names is still there in the process that reports it."""
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert str(twin) == "m"
        assert vars(twin) == vars(error)
        assert twin.args == error.args


@pytest.mark.parametrize("error", EACH, ids=lambda error: type(error).__name__)
def test_can_be_made_without_arguments(error: OmnitenantError) -> None:
    """Libraries that rebuild an error from its class alone do not fail on ours."""
    bare = type(error)()
    assert set(vars(bare)) == set(vars(error))
    assert all(value is None for value in vars(bare).values())


def test_each_public_error_is_tested_and_has_the_root() -> None:
    """One except clause catches them all, and the list above is complete."""
    assert {type(error).__name__ for error in EACH} == set(errors.__all__)
    assert all(isinstance(error, OmnitenantError) for error in EACH)
    assert issubclass(DomainNotFound, TenantNotFound)
