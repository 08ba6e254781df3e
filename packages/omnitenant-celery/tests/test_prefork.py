"""A worker in a process of its own, with a pool of child processes, over folders as broker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import celery
import pytest

from celery_folders import configure
from celery_helpers import eventually, get, state_of
from celery_probe import define, flag, recorded, shared_aware, shared_plain, use
from omnitenant_celery import tenant_headers


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """An app whose worker is the command ``celery worker``."""
    root = tmp_path_factory.mktemp("prefork")
    app = define(configure(celery.Celery("celery_probe", set_as_current=False), root))
    command = [sys.executable, "-m", "celery", "-A", "celery_probe", "worker", "--pool=prefork"]
    command += ["--concurrency=2", "--without-mingle", "--without-gossip", "--loglevel=INFO"]
    with (root / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            command,
            cwd=Path(__file__).parent,
            env={**os.environ, "PROBE_DIR": str(root)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield app
        finally:
            worker.terminate()
            worker.wait(timeout=30)
            sys.stdout.write((root / "worker.log").read_text())


def test_prefork__runs_in_the_tenant_of_the_caller(app, mark):
    """Interleaved tasks of several tenants, plain and of other classes, each see their own."""
    results = []
    for name in ("where", "direct", "needs") * 4:
        for tenant_id in ("acme", "globex"):
            with use(tenant_id):
                results.append((tenant_id, app.tasks[name].delay(mark)))
    results.append(("nobody", app.tasks["where"].delay(mark)))
    assert all(get(result) == tenant_id for tenant_id, result in results)


def test_prefork__shared_tasks(app):
    """Tasks of no app, as Django projects have them."""
    with use("acme"):
        plain = app.tasks[shared_plain.name].delay()
    aware = app.tasks[shared_aware.name].delay(tenant_id="globex")
    assert (get(plain), get(aware)) == ("acme", "globex")


def test_prefork__retry_and_link(app, mark):
    """Every try, and what follows, runs for the tenant."""
    with use("acme"):
        app.tasks["again"].apply_async((mark,), link=app.tasks["behind"].s(mark))
    seen = [("try0", "acme"), ("try1", "acme"), ("try2", "acme"), ("behind", "acme")]
    assert eventually(lambda: recorded(mark), seen) == seen


@pytest.mark.parametrize("tenant_id", ["gone", "idle"])
def test_prefork__refused(app, mark, tenant_id):
    """The task of a deleted or suspended tenant fails, stored and reported, without its body."""
    errback = app.tasks["on_error_by_id"].s(mark=mark)
    result = app.tasks["direct"].apply_async((mark,), headers=tenant_headers(tenant_id), link_error=errback)
    assert state_of(result) == "FAILURE"
    seen = {("task_failure", "nobody"), ("errback", "nobody")}
    assert eventually(lambda: set(recorded(mark)), seen) == seen


def test_prefork__hard_time_limit(app, mark):
    """The main process handles it: errback, what it calls and ``task_failure`` have the tenant."""
    with use("acme"):
        result = app.tasks["sleepy"].apply_async((mark,), time_limit=1, link_error=app.tasks["on_error"].s(mark))
    assert state_of(result) == "FAILURE"
    seen = {("body", "acme"), ("errback", "acme"), ("task_failure", "acme")}
    assert eventually(lambda: set(recorded(mark)), seen) == seen
    # the errback's own task is a second body
    assert eventually(lambda: recorded(mark).count(("body", "acme")) > 1)


def test_prefork__worker_process_killed(app, mark):
    """A child that is killed leaves a failure and errbacks of its tenant."""
    with use("globex"):
        result = app.tasks["killed"].apply_async((mark,), link_error=app.tasks["on_error"].s(mark))
    assert state_of(result) == "FAILURE"
    seen = {("body", "globex"), ("errback", "globex"), ("task_failure", "globex")}
    assert eventually(lambda: set(recorded(mark)), seen) == seen


def test_prefork__task_with_a_request_class_of_its_own(app, mark):
    """A task's own ``Request`` keeps its say, and its handlers have the tenant too."""
    with use("acme"):
        result = app.tasks["noted"].apply_async((mark,), time_limit=1)
    assert state_of(result) == "FAILURE"
    seen = {("body", "acme"), ("own_request", "acme"), ("task_failure", "acme")}
    assert eventually(lambda: set(recorded(mark)), seen) == seen


def test_prefork__terminated(app, mark):
    """A task that is stopped by an operator is reported for its tenant."""
    with use("acme"):
        result = app.tasks["sleepy"].delay(mark)
    assert eventually(lambda: recorded(mark), [("body", "acme")]) == [("body", "acme")]
    result.revoke(terminate=True, signal="SIGKILL")
    seen = [("body", "acme"), ("task_revoked", "acme")]
    assert eventually(lambda: recorded(mark), seen) == seen


def test_prefork__handled_with_nobody_where_the_tenant_is_gone(app, mark):
    """A tenant suspended while its task runs does not stop the worker from reporting."""
    with use("initech"):
        result = app.tasks["sleepy"].apply_async((mark,), time_limit=2)
    assert eventually(lambda: recorded(mark), [("body", "initech")]) == [("body", "initech")]
    flag("initech").touch()
    try:
        assert state_of(result) == "FAILURE"
        seen = {("body", "initech"), ("task_failure", "nobody")}
        assert eventually(lambda: set(recorded(mark)), seen) == seen
    finally:
        flag("initech").unlink()


def test_chord_unlock__runs_for_the_caller(app, mark):
    """Header tasks of several tenants, a body for the caller; this backend polls for the header."""
    where, collect = app.tasks["where"], app.tasks["collect"]
    header = [where.s(mark).set(headers=tenant_headers(each)) for each in ("acme", "globex")]
    with use("initech"):
        result = celery.chord(header, app=app)(collect.s(mark))
    assert get(result) == ["acme", "globex", "initech"]


def test_chord_unlock__of_a_tenant_that_was_suspended_meanwhile(app, mark):
    """The body fails, its errback is called, and nobody waits for ever."""
    body = app.tasks["collect"].s(mark).on_error(app.tasks["on_error"].s(mark))
    try:
        with use("initech"):
            result = celery.chord([app.tasks["suspends_initech"].s(mark)], app=app)(body)
        assert state_of(result) == "FAILURE"
        assert "'initech'" in str(result.result)
        seen = ("errback", "nobody")
        assert eventually(lambda: seen in recorded(mark))
    finally:
        flag("initech").unlink()
    assert "collect" not in [event for event, _ in recorded(mark)]


def test_acks_late__redelivered_to_the_same_tenant(app, mark):
    """A message that comes back after its worker process died runs for its tenant again."""
    with use("acme"):
        app.tasks["killed_once"].delay(mark)
    seen = [("body", "acme"), ("body", "acme")]
    assert eventually(lambda: recorded(mark), seen) == seen
