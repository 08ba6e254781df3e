"""Every public method of the caches, with what it is called with, and what comes out in a form that can be compared.

The names come from the classes themselves: a method that a new version brings is in no table here, and
``test_conformance.py`` fails until it is.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django_redis.exceptions import ConnectionInterrupted

__all__ = ["CALLS", "EXEMPT", "Call", "fill", "outcome", "public_methods"]

IN_TWO_MINUTES = datetime(2100, 1, 1, tzinfo=UTC)

EXEMPT = {
    "make_key": "makes a key and reads nothing",
    "make_and_validate_key": "makes a key and reads nothing",
    "validate_key": "looks at a key that was made",
    "get_backend_timeout": "is about time alone",
    "close": "is about connections",
    "aclose": "is about connections",
    # What the mixin adds; test_clearing.py and test_own.py are about these.
    "clear": "has tests of its own",
    "aclear": "has tests of its own",
    "delete_entries": "has tests of its own",
    "delete_entries_of": "has tests of its own",
    "start_generation": "has tests of its own",
    "start_generation_of": "has tests of its own",
    "remove_all_of": "has tests of its own",
    "owner": "names who is active",
    "own_cache": "finds a cache",
    "own_client": "finds a client",
    "own_location": "names a place",
    "clear_own_locations": "is part of clear()",
    "ready_key": "marks a key",
    "release": "is about connections",
    "drop": "is about memory",
}


@dataclass(frozen=True)
class Call:
    """One call of a method: its arguments, and how to read the answer."""

    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    read: Callable[[Any], Any] = lambda answer: answer


def call(*args: Any, read: Callable[[Any], Any] = lambda answer: answer, **kwargs: Any) -> Call:
    """Make a call."""
    return Call(args, kwargs, read)


def about(answer: float | None) -> str:
    """Tell a time to live, in seconds or in milliseconds, but for what has passed meanwhile."""
    if answer is None:
        return "for ever"
    return str(round(answer, -1 if answer < 10_000 else -4))


def locked(lock: Any) -> list[Any]:
    """Take a lock, and see whether it was free."""
    taken = lock.acquire(blocking=False)
    held = lock.locked()
    if taken:
        lock.release()
    return [taken, held]


def members(answer: Any) -> Any:
    """Sort what has no order."""
    return sorted(answer, key=repr) if isinstance(answer, (set, list)) or hasattr(answer, "__next__") else answer


K, N, OTHER = call("k"), call("n"), call("other")

DJANGO = {
    "add": [call("k", "new"), call("other", "new")],
    "get": [K, OTHER, call("other", "default"), call("k", version=2)],
    "set": [call("k", "new"), call("other", "new", 100), call("other", "new", timeout=0)],
    "touch": [call("k", 50), call("other", 50), call("k", None)],
    "delete": [K, OTHER, call("k", version=2)],
    "get_many": [call(["k", "n", "other"]), call([]), call(["k"], version=2)],
    "get_or_set": [call("k", "new"), call("other", lambda: "made", 100)],
    "has_key": [K, OTHER, call("k", version=2), call("k", version=3)],
    "incr": [N, call("n", 5), OTHER, call("n", version=2)],
    "decr": [N, call("n", 5), OTHER],
    "set_many": [call({"k": "new", "other": "new"}), call({"n": 1}, 100), call({})],
    "delete_many": [call(["k", "other"]), call([]), call(["k"], version=2)],
    "incr_version": [K, call("k", 2), OTHER, call("k", version=2)],
    "decr_version": [call("k", version=2), OTHER],
}
ASYNCHRONOUS = {f"a{name}": calls for name, calls in DJANGO.items()}

SETS = {
    "sadd": [call("s", "a", "new"), call("other set", "new")],
    "scard": [call("s"), call("other set")],
    "sdiff": [call("s", "s2", read=members), call("s", "other set", read=members)],
    "sdiffstore": [call("dest", "s", "s2"), call("s", "s2", "other set")],
    "sinter": [call("s", "s2", read=members), call("s", "other set", read=members)],
    "sinterstore": [call("dest", "s", "s2"), call("dest", "s", "other set")],
    "sismember": [call("s", "a"), call("s", "others"), call("other set", "a")],
    "smembers": [call("s", read=members), call("other set", read=members)],
    "smismember": [call("s", "a", "others")],
    "smove": [call("s", "s2", "a"), call("s", "other set", "a"), call("other set", "s", "others")],
    "spop": [call("one"), call("other set"), call("one", 1, read=members)],
    "srandmember": [call("one"), call("other set"), call("one", 1)],
    "srem": [call("s", "a", "others"), call("other set", "others")],
    "sscan": [call("s", count=100, read=members), call("other set", read=members)],
    "sscan_iter": [call("s", read=members), call("other set", read=members)],
    "sunion": [call("s", "s2", read=members), call("s", "other set", read=members)],
    "sunionstore": [call("dest", "s", "s2"), call("dest", "s", "other set")],
}
HASHES = {
    "hset": [call("h", "f", "new"), call("other hash", "f", "new"), call("h", mapping={"f": 1, "g": 2})],
    "hdel": [call("h", "f"), call("other hash", "f")],
    "hlen": [call("h"), call("other hash")],
    "hkeys": [call("h", read=members), call("other hash", read=members)],
    "hexists": [call("h", "f"), call("other hash", "f")],
}
SORTED_SETS = {
    "zadd": [call("z", {"a": 9.0, "new": 3.0}), call("other zset", {"a": 1.0})],
    "zcard": [call("z"), call("other zset")],
    "zcount": [call("z", 0, 5), call("other zset", 0, 5)],
    "zincrby": [call("z", 2.0, "a"), call("other zset", 2.0, "a")],
    "zpopmax": [call("z"), call("other zset")],
    "zpopmin": [call("z"), call("other zset", 1)],
    "zrange": [call("z", 0, -1), call("other zset", 0, -1)],
    "zrangebyscore": [call("z", 0, 5), call("other zset", 0, 5)],
    "zrank": [call("z", "b"), call("other zset", "a")],
    "zrem": [call("z", "a"), call("other zset", "a")],
    "zremrangebyscore": [call("z", 0, 1), call("other zset", 0, 9)],
    "zrevrange": [call("z", 0, -1), call("other zset", 0, -1)],
    "zrevrangebyscore": [call("z", 5, 0), call("other zset", 5, 0)],
    "zscore": [call("z", "a"), call("other zset", "a")],
}
KEYS = {
    "delete_pattern": [call("k*"), call("*"), call("oth*"), call("*", version=2), call("*", itersize=1)],
    "keys": [call("*", read=members), call("o*", read=members), call("*", version=2, read=members)],
    "iter_keys": [call("*", read=members), call("o*", read=members), call("*", version=2, read=members)],
    "ttl": [call("k", read=about), call("other", read=about)],
    "pttl": [call("k", read=about), call("other", read=about)],
    "persist": [K, OTHER],
    "expire": [call("k", 50), call("other", 50)],
    "pexpire": [call("k", 50_000), call("other", 50_000)],
    "expire_at": [call("k", IN_TWO_MINUTES), call("other", IN_TWO_MINUTES)],
    "pexpire_at": [call("k", IN_TWO_MINUTES), call("other", IN_TWO_MINUTES + timedelta(1))],
    "lock": [call("held", read=locked), call("free", read=locked)],
}

CALLS = {**DJANGO, **ASYNCHRONOUS, **SETS, **HASHES, **SORTED_SETS, **KEYS}


def public_methods(kind: type[Any]) -> list[str]:
    """Name what can be called on a cache."""
    return sorted(name for name in dir(kind) if not name.startswith("_") and callable(getattr(kind, name)))


def fill(cache: Any, whose: str, *, more: bool) -> None:
    """Write entries of every kind that the cache has.

    Args:
        cache: with whoever it is for being active.
        whose: makes the values unlike others'.
        more: also write what only this one has.
    """
    cache.set_many({"k": whose, "n": len(whose)}, 1_000)
    cache.set("k", f"{whose} of old", 1_000, version=2)
    if more:
        cache.set_many({"other": 7, "only": whose}, 1_000)
    if not hasattr(cache, "sadd"):
        return
    for method, key, *arguments in entries(whose, more=more):
        try:
            getattr(cache, method)(key, *arguments)
        except NotImplementedError:
            continue  # its client cannot
    if more:
        try:
            cache.lock("held", timeout=1_000, thread_local=False).acquire(blocking=False)
        except NotImplementedError:
            return


def entries(whose: str, *, more: bool) -> Iterator[tuple[Any, ...]]:
    """Give methods of django-redis that write, with their arguments."""
    yield "sadd", "s", "a", "b", whose
    yield "sadd", "s2", "b", "c"
    yield "sadd", "one", whose
    yield "hset", "h", "f", whose
    yield "zadd", "z", {"a": 1.0, "b": 2.0, whose: float(len(whose))}
    if more:
        yield "sadd", "other set", "a", "others"
        yield "sadd", "s", "others"
        yield "hset", "h", "g", whose
        yield "hset", "other hash", "f", whose
        yield "zadd", "other zset", {"a": 1.0, "others": 4.0}


def outcome(cache: Any, name: str, one: Call) -> Any:
    """Call a method; returns its answer, or the kind of error that it raised."""
    method = getattr(cache, name)
    try:
        answer = method(*one.args, **one.kwargs)
        if inspect.iscoroutine(answer):
            answer = asyncio.run(waited(answer))
        return one.read(answer)
    except (NotImplementedError, ValueError, ConnectionInterrupted) as error:
        return type(error).__name__


async def waited(answer: Any) -> Any:
    """Wait for an answer."""
    return await answer
