"""What the conditions of a block say about its rows, and nothing that holds for some of them only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce

from sqlglot import exp

from omnitenant_models.testing._blocks import Blocks, branches, constant, unwrapped
from omnitenant_models.testing._parts import Column, Equal, Fact, Facts, Linked

__all__ = ["facts_of"]

_NONE: Facts = frozenset()
_NOTHING: frozenset[Column] = frozenset()


def facts_of(block: exp.Expr, blocks: Blocks) -> Facts:
    """Return what holds for the tables of a block.

    What a subquery says about the tables around it counts where only rows remain for which it is true.
    """
    number = blocks.number_of(block)
    mine = {source.number for source in blocks.sources if source.block == number}
    return frozenset(fact for fact in _said_by(block, blocks) if fact.column[0] in mine)


def _said_by(block: exp.Expr, blocks: Blocks) -> Facts:
    """Return what the WHERE and the joins of a block say, also about tables of blocks around it."""
    where = block.args.get("where")
    facts = _holds(where.this, block, blocks) if isinstance(where, exp.Where) else _NONE
    return facts.union(*(_said_by_join(join, block, blocks) for join in _joins(block)))


def _joins(block: exp.Expr) -> Iterator[exp.Join]:
    """Give the joins of a block, not those of the blocks in it."""
    for join in block.find_all(exp.Join):
        at = join.parent
        while at is not block and isinstance(at, exp.From | exp.Table | exp.Subquery | exp.Join):
            at = at.parent
        if at is block:
            yield join


def _said_by_join(join: exp.Join, block: exp.Expr, blocks: Blocks) -> Facts:
    side = join.side
    if side == "FULL":
        return _NONE
    on = join.args.get("on")
    facts = _holds(on, block, blocks) if isinstance(on, exp.Expr) else _NONE
    right = set(blocks.names_in(join.this, block))
    left = [name for name in blocks.names(block) if name not in right]
    for each in join.args.get("using") or ():
        facts |= _same(each.name.lower(), right, left, block, blocks)
    if side:
        # The rows of one side are there whether the condition holds or not.
        kept = right if side == "LEFT" else set(left)
        inner = {column[0] for name in kept for column in blocks.find(name, "", block) or ()}
        return frozenset(fact for fact in facts if fact.column[0] in inner)
    return facts


def _same(name: str, right: Iterable[str], left: Iterable[str], block: exp.Expr, blocks: Blocks) -> Facts:
    facts: Facts = _NONE
    for one in right:
        for other in left:
            facts |= _equal(blocks.find(one, name, block), blocks.find(other, name, block))
    return facts


def _holds(condition: exp.Expr, block: exp.Expr, blocks: Blocks) -> Facts:
    """Return what is true of every row for which a condition is."""
    node = condition.unnest()
    if isinstance(node, exp.And):
        return _holds(node.left, block, blocks) | _holds(node.right, block, blocks)
    if isinstance(node, exp.Or):
        return _either(_holds(node.left, block, blocks), _holds(node.right, block, blocks))
    if isinstance(node, exp.EQ | exp.NullSafeEQ):
        return _compared(node.left, node.right, block, blocks)
    if isinstance(node, exp.In):
        return _listed(node, block, blocks)
    if isinstance(node, exp.Exists):
        said = [_said_by(each, blocks) for each in branches(node.this) if not _always_one(each)]
        return reduce(_either, said) if said else _NONE
    return _NONE


def _either(one: Facts, other: Facts) -> Facts:
    """Return what holds where one or the other does: the column holds a value of either."""
    facts: set[Fact] = set()
    for mine in one:
        for yours in other:
            if mine.column != yours.column:
                continue
            if isinstance(mine, Equal) and isinstance(yours, Equal):
                facts.add(Equal(mine.column, mine.values | yours.values))
            elif isinstance(mine, Linked) and isinstance(yours, Linked):
                facts.add(Linked(mine.column, mine.others | yours.others))
    return frozenset(facts)


def _always_one(select: exp.Select) -> bool:
    """Tell whether a subquery has a row even where nothing is found: an aggregate over nothing."""
    return not select.args.get("group") and any(each.find(exp.AggFunc) for each in select.expressions)


def _compared(left: exp.Expr, right: exp.Expr, block: exp.Expr, blocks: Blocks) -> Facts:
    left, right = unwrapped(left), unwrapped(right)
    if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
        pairs = zip(left.expressions, right.expressions, strict=False)
        return _NONE.union(*(_compared(one, other, block, blocks) for one, other in pairs))
    facts: Facts = _NONE
    for one, other in ((left, right), (right, left)):
        columns, value = blocks.resolve(one, block), constant(other)
        if columns and value:
            facts |= {Equal(column, frozenset({value})) for column in _only(columns)}
        elif columns and isinstance(other, exp.Subquery):
            facts |= _linked([columns], other, blocks)
    return facts | _equal(blocks.resolve(left, block), blocks.resolve(right, block))


def _listed(node: exp.In, block: exp.Expr, blocks: Blocks) -> Facts:
    left = unwrapped(node.this)
    parts = left.expressions if isinstance(left, exp.Tuple) else [left]
    columns = [blocks.resolve(part, block) for part in parts]
    query = node.args.get("query")
    if isinstance(query, exp.Expr):
        return _linked(columns, query, blocks)
    field = node.args.get("field")  # a list that is one parameter
    if isinstance(field, exp.Expr):
        value = constant(field)
        return frozenset({Equal(column, frozenset({value})) for column in _only(columns[0] or _NOTHING) if value})
    rows = [each.expressions if isinstance(left, exp.Tuple) else [each] for each in map(unwrapped, node.expressions)]
    facts: set[Fact] = set()
    for place, found in enumerate(columns):
        values = [constant(row[place]) if place < len(row) else None for row in rows]
        if found and values and all(values):
            facts |= {Equal(column, frozenset(each for each in values if each)) for column in _only(found)}
    return frozenset(facts)


def _linked(columns: list[frozenset[Column] | None], query: exp.Expr, blocks: Blocks) -> Facts:
    """Say that columns hold what a subquery shows."""
    shown = blocks.shown(query)
    facts: set[Fact] = set()
    for place, found in enumerate(columns):
        others = [row[place] if place < len(row) else None for row in shown]
        if found and others and all(others):
            joined = frozenset[Column]().union(*(each for each in others if each))
            facts |= {Linked(column, joined) for column in _only(found)}
    return frozenset(facts)


def _equal(one: frozenset[Column] | None, other: frozenset[Column] | None) -> Facts:
    if not (one and other):
        return _NONE
    facts = {Linked(column, other) for column in _only(one)} | {Linked(column, one) for column in _only(other)}
    return frozenset(facts)


def _only(columns: frozenset[Column]) -> frozenset[Column]:
    """Return the column where it is one; what a UNION shows is one or the other, and nothing is known of either."""
    return columns if len(columns) == 1 else frozenset()
