"""The page that compares libraries: what held, by topic, and what their authors say themselves."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from harness.register import all_probes

__all__ = ["write_page"]

TOPICS = {
    "read": "Reading rows",
    "aggregate": "Counting and adding up",
    "subquery": "Questions inside questions",
    "union": "Unions and combinations",
    "window": "Windows, ordering, filtered relations",
    "relation": "From row to row",
    "prefetch": "Prefetching",
    "join": "Joins from rows of nobody's",
    "create": "Creating rows",
    "save": "Saving, forged and borrowed objects too",
    "update": "Updating many rows",
    "bulk": "Bulk operations",
    "upsert": "Storing or changing, whichever is needed",
    "delete": "Deleting",
    "cascade": "What goes along",
    "reference": "Pointing at another tenant's row",
    "m2m": "Many-to-many relations",
    "through": "The tables behind them",
    "raw": "SQL by hand through a manager",
    "unique": "Unique within a tenant",
    "pickle": "Pickled objects",
    "nobody": "With nobody active",
    "unscoped": "With the filter lifted",
    "threads": "Threads",
    "context": "Nested contexts",
}

LIMITS = {
    "django-scopes": """
        Its README calls it a safeguard for faulty queries, beside filters that one goes on writing. It scopes what
        goes through its manager and claims no more. Filling and checking the key is left to the project; here the
        key has a default, the active tenant. It can scope by several dimensions at once.
    """,
    "django-multitenant": """
        It is made to route queries on Citus. Its README says that without a current tenant queries are not
        filtered, and that most of the manager's methods are supported. It ran with `TENANT_STRICT_MODE`, with its
        own foreign keys and with its own engine, which makes them composite in the database. Its README lists
        Django up to 4.2. Saving an object of another tenant switches to that tenant on purpose.
    """,
    "django-easy-tenants": """
        It claims a filter in the manager and, with the base class that was used here, a key that is filled on
        creation, and it does both. Its filter is bound when SQL is made, so querysets at the level of a class
        follow the tenant.
    """,
    "django-rls-tenants": """
        The database filters, so raw SQL and cursors are covered too, which no library in Python alone can do. Its
        documentation says that policies cannot keep a reference from leading to another tenant's row:
        `full_clean()`, forms, the admin and serializers check that, `save()` and bulk operations do not. Most of
        what did not hold here is that. It ran with `STRICT_MODE` and with policies on automatic tables behind
        many-to-many relations; one model here stands behind such a relation without a tenant of its own, and a
        project should give it one. It needs PostgreSQL and a role that policies hold for.
    """,
}

INTRODUCTION = """
    A *probe* is a small function that tries one thing: an attack, which must have no effect and show nothing, or a
    claim, which must be true. Two tenants have alike rows, and code of the first tries to read, change, count,
    refer to or guess rows of the second. After each probe all tables are read past every filter: the second
    tenant's rows must be as they were, and no row of one may refer to a row of the other. An attack that ends in an
    error of the database held.
"""

COMPARISON = """
    {count} of our probes need nothing but plain models and a way to enter a tenant, so they can be put to others.
    They were written to find holes in *this* project, so it is no wonder that it does well. What they tell of the
    others is where a project must look itself. None of them claims to hold all of these. The models are the same
    for all, written in each one's own way, with its strictest settings.
"""

WEIGHT = """
    Not every probe weighs the same, and what does not hold need not matter to you: whoever never writes SQL by hand
    loses nothing by it. The folder `integration_tests/torture/probes` says in one sentence each what is tried.
"""


def write_page(results: Sequence[Any], *, postgresql: str, date: dt.date) -> str:
    """Return the page as Markdown.

    Args:
        results: what became of each library, this project first.
        postgresql: version of the server.
        date: when it was run.
    """
    portable = [probe for probe in all_probes() if probe.portable]
    parts = [
        "# Other libraries, the same probes",
        "This page is written anew by `hatch run peers`. Changes to it are lost.",
        _filled(INTRODUCTION),
        _filled(COMPARISON.format(count=len(portable))),
        f"Run on {date.isoformat()} with PostgreSQL {postgresql}.",
        _versions(results),
        "## Probes held, by topic",
        _table(results, portable),
        _filled(WEIGHT),
        "## What their authors say, and how they ran",
        *(_filled(f"**{each.name}.** {LIMITS[each.name]}") for each in results if each.name in LIMITS),
        "## What does not hold here",
        _open(results[0]),
    ]
    return "\n\n".join(parts) + "\n"


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 120, break_on_hyphens=False, break_long_words=False)


def _versions(results: Iterable[Any]) -> str:
    lines = [
        "| Library | Version | Django | Probes | Held | Leaked | Ended in another error |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in results:
        held = sum(held for held, _ in each.verdicts.values())
        leaked = sum(told.startswith("leak") for held, told in each.verdicts.values() if not held)
        counts = f"{len(each.verdicts)} | {held} | {leaked} | {len(each.verdicts) - held - leaked}"
        lines.append(f"| {each.name} | {each.version} | {each.django} | {counts} |")
    return "\n".join(lines)


def _table(results: Sequence[Any], probes: Sequence[Any]) -> str:
    heads = " | ".join(each.name.removeprefix("django-") for each in results)
    lines = [f"| Topic | Probes | {heads} |", f"|---|---|{'---|' * len(results)}"]
    for topic in sorted({probe.topic for probe in probes}, key=[*TOPICS].index):
        names = [probe.name for probe in probes if probe.topic == topic]
        counts = " | ".join(str(sum(each.verdicts[name][0] for name in names)) for each in results)
        lines.append(f"| {TOPICS[topic]} | {len(names)} | {counts} |")
    return "\n".join(lines)


def _open(ours: Any) -> str:
    failing = sorted(name for name, (held, _) in ours.verdicts.items() if not held)
    if not failing:
        return "Of the probes on this page, nothing. [The row scope](row-scope.md) says what no probe can show."
    return "\n".join(["These of our own probes do not hold yet:", "", *(f"- `{name}`" for name in failing)])
