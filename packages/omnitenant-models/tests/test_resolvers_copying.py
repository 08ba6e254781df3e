"""Tests of the copies of a remembered tenant: what ``copy.copy()`` would give, with JSON values of their own."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models import Model

from omnitenant_models.resolvers import MASTER, _copying
from omnitenant_models.resolvers._copying import fresh
from probe.models import PayingTenant, Tenant


@pytest.fixture
def _asked_anew() -> Iterator[None]:
    """Let models say again how their instances are copied."""
    _copying._is_usual.cache_clear()
    yield
    _copying._is_usual.cache_clear()


@pytest.mark.parametrize("model", [Tenant, PayingTenant])
def test_a_copy_is_what_django_would_make(acme: Tenant, model: Any) -> None:
    """Attributes and state are those of ``copy.copy()``; a change of Django's copying shows here."""
    loaded = model.objects.get(pk=acme.pk)
    loaded.extra = "set by somebody"
    _ = loaded._state.fields_cache  # made when it is first asked for
    loaded._state.peers = ("in 6.1 these are never copied",)
    mine, usual = fresh(loaded), copy.copy(loaded)
    usual.__dict__.pop("_django_version", None)  # copy.copy() leaves the mark of pickling
    assert type(mine) is type(usual)
    states = [values.pop("_state") for values in (mine.__dict__, usual.__dict__)]
    assert mine.__dict__ == usual.__dict__
    assert type(states[0]) is type(states[1])
    for state in states:
        state.__dict__.pop("peers", None)  # 5.2 has no such attribute and copies it like any other
    assert states[0].__dict__ == states[1].__dict__


def test_a_copy_has_no_peers(acme: Tenant) -> None:
    """What was loaded together with the tenant is nobody else's business."""
    loaded: Any = Tenant.objects.get(pk=acme.pk)
    loaded._state.peers = ("another",)
    assert "peers" not in vars(fresh(loaded)._state)


def test_a_copy_shares_nothing_that_changes(acme: Tenant) -> None:
    """The attributes, the state, the cache of related objects and JSON values are each copy's own."""
    acme.config = {"list": [{"deep": 1}], "text": "x"}
    mine = fresh(acme)
    assert mine.config == acme.config
    mine.config["list"][0]["deep"] = 2
    mine.config["list"].append(3)
    mine.name = "changed"
    mine._state.db = "elsewhere"
    mine._state.fields_cache["x"] = 1
    assert acme.config == {"list": [{"deep": 1}], "text": "x"}
    assert acme.name == "Acme"
    assert acme._state.db == "default"
    assert acme._state.fields_cache == {}


def test_values_that_json_does_not_know_are_copied_too(acme: Tenant) -> None:
    """A decoder of a project's own may put any object into the configuration."""
    kept: Any = OrderedDict(list=[1])
    acme.config = {"own": kept, "set": {1}}
    mine = fresh(acme)
    assert mine.config == acme.config
    assert type(mine.config["own"]) is OrderedDict
    mine.config["own"]["list"].append(2)
    mine.config["set"].add(2)
    assert acme.config == {"own": {"list": [1]}, "set": {1}}


@pytest.mark.usefixtures("_asked_anew")
def test_a_model_that_copies_its_own_way_is_left_to_it(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one that keeps something out of its copies."""

    def without_secret(self: Any) -> dict[str, Any]:
        state: dict[str, Any] = Model.__getstate__(self)
        state.pop("secret", None)
        return state

    monkeypatch.setattr(Tenant, "__getstate__", without_secret)
    acme.secret = "mine alone"  # type: ignore[attr-defined]  # as projects set attributes
    assert not hasattr(fresh(acme), "secret")
    assert fresh(acme) == acme


class Plain:
    """A tenant of a resolver that has none in a database."""

    def __init__(self) -> None:
        self.tenant_id = "plain"
        self.config = {"list": [1]}


def test_tenants_that_are_no_models_are_copied() -> None:
    """They are copied as Python copies objects, with JSON values of their own."""
    plain = Plain()
    mine = fresh(plain)
    assert mine is not plain
    mine.config["list"].append(2)
    assert plain.config == {"list": [1]}


def test_what_is_no_tenant_is_given_back() -> None:
    """The master and nobody."""
    for each in (MASTER, None):
        assert fresh(each) is each
