"""The blocks of a parsed statement: where its tables stand, and which of them a column belongs to.

A block is one SELECT, UPDATE, DELETE or INSERT. A table belongs to the innermost block around it, so that none is
forgotten; subqueries and common table expressions are no tables, but their columns lead to some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

from omnitenant_models.testing._parts import Column, Constant, Source

__all__ = ["Blocks", "branches", "constant", "name_of", "unwrapped"]

_BLOCK = (exp.Select, exp.Update, exp.Delete, exp.Insert, exp.Merge)
_DEEPEST = 20
"""How many subqueries a column is followed through; a recursive one never ends."""


class Blocks:
    """The blocks of one statement."""

    def __init__(self, tree: exp.Expr, columns_of: Callable[[str], frozenset[str] | None]) -> None:
        """Find them.

        Args:
            tree: the parsed statement.
            columns_of: gives the columns of a table, in lower case, or None where they are not known.
        """
        self.tree = tree
        self.all: list[exp.Expr] = [tree, *(node for node in tree.find_all(*_BLOCK) if node is not tree)]
        self.sources: list[Source] = []
        self._columns_of = columns_of
        self._numbers = {id(block): number for number, block in enumerate(self.all)}
        # What a block calls by which name: a source by its number, a subquery by itself.
        self._names: list[dict[str, int | exp.Expr]] = [{} for _ in self.all]
        self._heads: list[dict[str, list[str]]] = [{} for _ in self.all]
        for node in tree.find_all(exp.Table, exp.Subquery):
            self._take_in(node)

    def number_of(self, block: exp.Expr) -> int:
        """Return the number of a block."""
        return self._numbers[id(block)]

    def names_in(self, node: exp.Expr, block: exp.Expr) -> Iterator[str]:
        """Give the names under which a block knows the tables and subqueries in a part of its FROM."""
        for each in node.find_all(exp.Table, exp.Subquery):
            if self._block_of(each) is block and each.alias_or_name:
                yield each.alias_or_name.lower()

    def names(self, block: exp.Expr) -> list[str]:
        """Give all of them."""
        return list(self._names[self.number_of(block)])

    def resolve(self, node: exp.Expr, block: exp.Expr, depth: int = 0) -> frozenset[Column] | None:
        """Find the columns of tables that an expression shows: one, or one per branch of a UNION.

        Returns:
            None where it is no column, or nobody can tell whose.
        """
        node = unwrapped(node)
        if not isinstance(node, exp.Column) or depth > _DEEPEST:
            return None
        return self.find(node.table.lower(), name_of(node), block, depth)

    def find(self, qualifier: str, column: str, block: exp.Expr, depth: int = 0) -> frozenset[Column] | None:
        """Find a column by its name, and that of its table where it is given."""
        at: exp.Expr | None = block
        while at is not None:
            names = self._names[self.number_of(at)]
            if qualifier:
                if qualifier in names:
                    return self._column(qualifier, column, at, depth)
            else:
                answers = {name: self._has(name, column, at) for name in names}
                sure = [name for name, answer in answers.items() if answer]
                perhaps = [name for name, answer in answers.items() if answer is not False]
                if len(sure) == 1 or len(perhaps) == 1:
                    return self._column((sure or perhaps)[0], column, at, depth)
                if perhaps:
                    return None
            at = self._block_of(at)
        return None

    def shown(self, query: exp.Expr) -> list[list[frozenset[Column] | None]]:
        """Return what each branch of a subquery shows, column by column."""
        return [[self.resolve(each.unalias(), branch) for each in branch.expressions] for branch in branches(query)]

    def _take_in(self, node: exp.Expr) -> None:
        block = self._block_of(node) or self.tree
        number = self.number_of(block)
        name = node.alias_or_name.lower()
        if isinstance(node, exp.Subquery):
            if name and isinstance(node.this, exp.Query):
                self._names[number][name] = node.this
                self._note_heads(number, name, node)
            return
        expression = _common_table(node)
        if expression is not None:
            self._names[number][name] = expression.this
            self._note_heads(number, name, expression)
            return
        if not isinstance(node.this, exp.Identifier):
            return  # a function that gives rows
        written = isinstance(block, exp.Insert) and any(node is each for each in (block.this, block.this.this))
        source = Source(len(self.sources), node.name.lower(), number, written)
        self.sources.append(source)
        self._names[number][name] = source.number

    def _note_heads(self, number: int, name: str, node: exp.Expr) -> None:
        alias = node.args.get("alias")
        if isinstance(alias, exp.TableAlias) and alias.columns:
            self._heads[number][name] = [each.name.lower() for each in alias.columns]

    def _block_of(self, node: exp.Expr) -> exp.Expr | None:
        at = node.parent
        while at is not None and id(at) not in self._numbers:
            at = at.parent
        return at

    def _has(self, name: str, column: str, block: exp.Expr) -> bool | None:
        number = self.number_of(block)
        what = self._names[number][name]
        if isinstance(what, int):
            columns = self._columns_of(self.sources[what].table)
            return None if columns is None else column in columns
        heads = self._heads[number].get(name)
        if heads is not None:
            return column in heads
        names = {each.alias_or_name.lower() for branch in branches(what) for each in branch.expressions}
        return True if column in names else None if "*" in names else False

    def _column(self, name: str, column: str, block: exp.Expr, depth: int) -> frozenset[Column] | None:
        number = self.number_of(block)
        what = self._names[number][name]
        if isinstance(what, int):
            return frozenset({(what, column)})
        heads = self._heads[number].get(name)
        found: set[Column] = set()
        for branch in branches(what):
            inner = self._shown_as(column, heads, branch, depth + 1)
            if inner is None:
                return None
            found |= inner
        return frozenset(found) or None

    def _shown_as(
        self, column: str, heads: list[str] | None, branch: exp.Select, depth: int
    ) -> frozenset[Column] | None:
        shown = branch.expressions
        if heads is not None:
            place = heads.index(column) if column in heads else len(shown)
            return self.resolve(shown[place].unalias(), branch, depth) if place < len(shown) else None
        for each in shown:
            if each.alias_or_name.lower() == column:
                return self.resolve(each.unalias(), branch, depth)
        if any(each.is_star for each in shown):
            return self.find("", column, branch, depth)
        return None


def branches(query: exp.Expr) -> list[exp.Select]:
    """Return the SELECTs that a subquery puts together: one, or those of a UNION."""
    if isinstance(query, exp.SetOperation):
        return [*branches(query.left), *branches(query.right)]
    if isinstance(query, exp.Subquery):
        return branches(query.this)
    return [query] if isinstance(query, exp.Select) else []


def unwrapped(node: exp.Expr) -> exp.Expr:
    """Take parentheses and casts off."""
    while isinstance(node, exp.Paren | exp.Cast):
        node = node.this
    return node


def constant(node: exp.Expr) -> Constant | None:
    """Return the value that an expression is, or stands for a list of; None where it is something else."""
    node = unwrapped(node)
    if isinstance(node, exp.Any):  # of a list that is a parameter
        node = unwrapped(node.this)
    if isinstance(node, exp.Placeholder) and isinstance(node.this, str):
        return Constant(node.this, is_parameter=True)
    if isinstance(node, exp.Literal):
        return Constant(node.name)
    if isinstance(node, exp.Null):
        return Constant("NULL")
    return None


def name_of(node: exp.Expr) -> str:
    """Return the name of a column, in lower case."""
    return node.name.lower()


def _common_table(node: exp.Expr) -> exp.CTE | None:
    """Return the common table expression that a name stands for; None where it is a table's."""
    if node.args.get("db"):
        return None
    name, at, inside = node.name.lower(), node.parent, set()
    while at is not None:
        if isinstance(at, exp.CTE):
            inside.add(id(at))
        for clause in at.iter_expressions():
            if isinstance(clause, exp.With):
                for each in clause.expressions:
                    if each.alias.lower() == name and (clause.recursive or id(each) not in inside):
                        found: exp.CTE = each
                        return found
        at = at.parent
    return None
