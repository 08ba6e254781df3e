"""``fan_out``: one call of a task for each tenant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from celery_helpers import carried, get
from celery_probe import CUSTOMERS, label, recorded, use
from omnitenant_celery import fan_out
from omnitenant_context.carriers import HEADER


def waits(headers, since):
    """Tell after how many hours a message may run."""
    return round((datetime.fromisoformat(headers["eta"]) - since) / timedelta(hours=1))


def test_fan_out__runs_for_each(app, mark):
    """Each tenant's call runs for that tenant, and its result comes in the order of the tenants."""
    results = fan_out(app.tasks["where"], ["globex", CUSTOMERS["acme"]], args=(mark,))
    assert [get(result) for result in results] == ["globex", "acme"]


def test_fan_out__from_inside_another_tenant(quiet_app, messages):
    """The context of the caller neither matters nor changes."""
    with use("initech"):
        fan_out(quiet_app.tasks["where"], ["acme", "globex"], args=("-",))
        assert label() == "initech"
    assert [carried(headers) for headers in messages] == ["acme", "globex"]


def test_fan_out__gives_the_parameter_tenant_id(app, mark):
    """A task that has the parameter gets it, unless the caller gives it."""
    aware = app.tasks["aware"]
    results = fan_out(aware, ["acme"], kwargs={"mark": mark})
    results += fan_out(aware, ["acme"], kwargs={"mark": mark, "tenant_id": "given"})
    assert [get(result) for result in results] == [["acme", "acme"], ["given", "acme"]]


def test_fan_out__leaves_out_tenants_that_are_not_active(quiet_app, messages, caplog):
    """A suspended tenant is not called, and the log says so."""
    with caplog.at_level("INFO"):
        results = fan_out(quiet_app.tasks["where"], CUSTOMERS.values(), args=("-",))
    assert len(results) == len(CUSTOMERS) - 1
    assert [carried(headers) for headers in messages] == ["acme", "globex", "initech"]
    assert "'idle'" in caplog.text


def test_fan_out__an_id_is_not_looked_up(quiet_app, messages):
    """Ids are taken as they are; a tenant that is gone fails its own task."""
    fan_out(quiet_app.tasks["where"], ["gone"], args=("-",))
    assert HEADER in messages[0]


def test_fan_out__nobody_to_call(quiet_app, messages):
    """No tenants, no messages."""
    assert fan_out(quiet_app.tasks["where"], [], spread=timedelta(hours=1)) == []
    assert messages == []


def test_fan_out__spread(quiet_app, messages):
    """The calls are spread evenly over the time, the first at once."""
    since = datetime.now(UTC)
    tenants = [f"t{number}" for number in range(4)]
    fan_out(quiet_app.tasks["where"], tenants, args=("-",), spread=timedelta(days=1))
    assert messages[0]["eta"] is None
    hours = [waits(headers, since) for headers in messages[1:]]
    assert hours == [6, 12, 18]


def test_fan_out__spread_after_a_countdown_or_eta(quiet_app, messages):
    """What the caller delays is delayed on top."""
    since = datetime.now(UTC)
    where, day = quiet_app.tasks["where"], timedelta(days=1)
    fan_out(where, ["a", "b"], args=("-",), spread=day, countdown=86400)
    fan_out(where, ["a", "b"], args=("-",), spread=day, eta=since + day)
    hours = [waits(headers, since) for headers in messages]
    assert hours == [24, 36, 24, 36]


def test_fan_out__options_and_headers_reach_every_call(quiet_app, messages):
    """Other options of ``apply_async`` go along, and the caller's dicts stay as they were."""
    headers, kwargs = {"source": "beat"}, {"mark": "-"}
    fan_out(
        quiet_app.tasks["aware"],
        ["acme", "globex"],
        kwargs=kwargs,
        headers=headers,
        shadow="nightly",
    )
    assert [(each["shadow"], each["source"]) for each in messages] == [("nightly", "beat")] * 2
    assert (headers, kwargs) == ({"source": "beat"}, {"mark": "-"})
    assert recorded("-") == []
