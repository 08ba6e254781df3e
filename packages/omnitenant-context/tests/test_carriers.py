"""Scopes in the headers of messages."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from omnitenant_context.carriers import HEADER, aextract, extract, inject
from omnitenant_context.context import TenantContext, get_scope
from omnitenant_context.errors import (
    CarrierError,
    OmnitenantError,
    TenantInactiveError,
    TenantNotFound,
)
from omnitenant_context.scope import (
    MASTER,
    NOBODY,
    UNSCOPED,
    ActiveTenant,
    NamedSchema,
    Scope,
    Tenant,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("directory")


def both(carrier: Any, **options: Any) -> Scope:
    """Extract with both twins, and see that they agree."""
    try:
        expected: Scope | Exception = extract(carrier, **options)
    except Exception as error:  # noqa: BLE001 - compared below
        expected = error
    try:
        found: Scope | Exception = asyncio.run(aextract(carrier, **options))
    except Exception as error:  # noqa: BLE001 - compared below
        found = error
    assert type(found) is type(expected)
    if isinstance(expected, Exception):
        assert str(found) == str(expected)
        raise expected
    assert found == expected
    return expected


class Caseless(MutableMapping[str, str]):
    """Headers as HTTP libraries keep them: the case of a key does not matter."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def __getitem__(self, key: str) -> str:
        return self.kept[key.title()]

    def __setitem__(self, key: str, value: str) -> None:
        self.kept[key.title()] = value

    def __delitem__(self, key: str) -> None:
        del self.kept[key.title()]

    def __iter__(self) -> Iterator[str]:
        return iter(self.kept)

    def __len__(self) -> int:
        return len(self.kept)


class TestThereAndBack:
    """What is injected can be extracted."""

    @pytest.mark.parametrize(
        ("scope", "text"),
        [
            (ActiveTenant(SimpleNamespace(tenant_id="acme")), "t:acme"),
            (MASTER, "master"),
            (NamedSchema("reports"), "schema:reports"),
            (NamedSchema("t:é master"), "schema:t:é master"),
        ],
        ids=repr,
    )
    def test_a_scope_travels(self, scope: Scope, text: str) -> None:
        """It is one readable text, and other headers stay."""
        carrier = {"content-type": "json"}
        inject(carrier, scope)
        assert carrier == {"content-type": "json", "omnitenant": text}
        assert both(carrier) == scope

    def test_the_active_scope_is_the_default(self, acme: Tenant) -> None:
        """Without a scope, what is active is written; what is read is the loaded tenant."""
        carrier: dict[str, str] = {}
        with TenantContext.use_tenant(acme):
            inject(carrier)
        with TenantContext.use_scope(both(carrier)) as tenant:
            assert tenant is acme
        assert get_scope() is NOBODY

    def test_ids_that_look_like_other_scopes(self, directory: dict[str, Tenant]) -> None:
        """A tenant whose id is a word of ours cannot become something else on the way."""
        for tenant_id in ("master", "unscoped", "nobody", "t:acme", "schema:x"):
            directory[tenant_id] = SimpleNamespace(tenant_id=tenant_id)
            carrier: dict[str, str] = {}
            inject(carrier, ActiveTenant(directory[tenant_id]))
            assert both(carrier) == ActiveTenant(directory[tenant_id])

    def test_a_carrier_that_ignores_case(self, acme: Tenant) -> None:
        """Headers of HTTP libraries work, and are overwritten."""
        carrier = Caseless()
        inject(carrier, MASTER)
        inject(carrier, ActiveTenant(acme))
        assert carrier.kept == {"Omnitenant": "t:acme"}
        assert both(carrier) == ActiveTenant(acme)
        inject(carrier, NOBODY)
        assert carrier.kept == {}

    def test_keys_and_values_may_be_bytes(self, acme: Tenant) -> None:
        """Headers as brokers and ASGI servers give them can be read."""
        assert both({b"Omnitenant": b"t:acme", b"x": b"y"}) == ActiveTenant(acme)
        assert both({"omnitenant": b"master"}) is MASTER


class TestInject:
    """What is written, and what is not."""

    def test_nobody_is_not_written(self) -> None:
        """And whatever an earlier hop wrote is taken out, in every spelling."""
        carrier: dict[Any, Any] = {
            "omnitenant": "t:acme",
            "Omnitenant": "x",
            b"OMNITENANT": b"y",
            "z": "",
        }
        inject(carrier)
        assert carrier == {"z": ""}

    def test_other_spellings_are_replaced(self, acme: Tenant) -> None:
        """The next hop must not find two answers."""
        carrier = {"Omnitenant": "t:bolt"}
        inject(carrier, ActiveTenant(acme))
        assert carrier == {HEADER: "t:acme"}

    def test_unscoped_never_travels(self) -> None:
        """The door to all rows is opened where it is needed; the carrier stays as it was."""
        carrier = {"omnitenant": "t:acme"}
        with pytest.raises(CarrierError, match="<Unscoped> cannot be sent in a message; send it"):
            inject(carrier, UNSCOPED)
        with pytest.raises(CarrierError), TenantContext.unscoped():
            inject(carrier)
        assert carrier == {"omnitenant": "t:acme"}

    @pytest.mark.parametrize("name", ["a\r\nX-Admin: 1", "a\0b", "a\x7f"])
    def test_a_name_cannot_add_headers(self, name: str) -> None:
        """Line breaks and control characters are refused, not written."""
        carrier: dict[str, str] = {}
        for scope in (NamedSchema(name), ActiveTenant(SimpleNamespace(tenant_id=name))):
            with pytest.raises(CarrierError, match="characters that no header carries"):
                inject(carrier, scope)
        assert carrier == {}


class TestExtract:
    """What is read, and what is refused."""

    def test_nothing_is_nobody(self) -> None:
        """A message without the header is for nobody, which fails closed."""
        assert both({}) is NOBODY
        assert both({"other": "t:acme"}) is NOBODY

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "acme",
            "t:",
            "T:acme",
            "schema:",
            "unscoped",
            "nobody",
            "Master",
            "t:a\nb",
            " t:acme",
        ],
    )
    def test_what_was_not_written_here_is_refused(self, value: str) -> None:
        """Forged or damaged text is an error of ours that shows it, never a guess."""
        with pytest.raises(CarrierError, match=r"'omnitenant' says .* which is no scope") as raised:
            both({HEADER: value})
        assert raised.value.value == value
        assert repr(value) in str(raised.value)
        assert isinstance(raised.value, OmnitenantError)

    def test_a_long_value_is_not_repeated_in_full(self) -> None:
        """A forged header cannot fill the logs."""
        with pytest.raises(CarrierError) as raised:
            both({HEADER: "x" * 10_000})
        assert len(str(raised.value)) < 300

    @pytest.mark.parametrize("value", [7, None, ["t:acme"], {"t": "acme"}])
    def test_what_is_no_text_is_refused(self, value: object) -> None:
        """A serialiser that gives something else is named by its type."""
        with pytest.raises(CarrierError, match=f"is no text but {type(value).__name__}"):
            both({HEADER: value})

    def test_bytes_that_are_no_text_are_refused(self) -> None:
        """They cannot be an id either, so the loader is not asked."""
        with pytest.raises(CarrierError, match="bytes that are no text"):
            both({HEADER: b"t:\xff"})

    def test_two_answers_are_refused(self) -> None:
        """Where spellings disagree nobody can know which one is ours."""
        with pytest.raises(CarrierError, match="says both"):
            both({"omnitenant": "t:acme", "Omnitenant": "t:bolt"})
        assert both({"omnitenant": "master", b"Omnitenant": b"master"}) is MASTER

    def test_an_unknown_tenant_is_not_found(self) -> None:
        """A tenant deleted while its message waited is an error that names it."""
        with pytest.raises(TenantNotFound, match="'zeta'") as raised:
            both({HEADER: "t:zeta"})
        assert raised.value.tenant_id == "zeta"

    def test_a_suspended_tenant_is_refused(self, suspended: Tenant) -> None:
        """A message does not let anybody in whom a request would not; operating code may ask."""
        with pytest.raises(TenantInactiveError, match="'sleepy' is suspended"):
            both({HEADER: "t:sleepy"})
        assert both({HEADER: "t:sleepy"}, allow_inactive=True) == ActiveTenant(suspended)
