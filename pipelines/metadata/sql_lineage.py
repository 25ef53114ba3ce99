"""Column lineage of SQL: which table columns each output column of a query is made of."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

DIALECT = "duckdb"

# Long window expressions say no more at 2,000 characters than at 500.
EXPRESSION_LIMIT_CHARACTERS = 500

ALL_COLUMNS = "*"
"""Upstream column of a figure that counts rows and reads no column."""


@dataclass(frozen=True)
class ColumnOrigin:
    """What an output column is made of.

    Attributes:
        columns: table and column names; empty for a constant.
        expression: the SQL that computes it; None where it is copied unchanged.
    """

    columns: frozenset[tuple[str, str]]
    expression: str | None


_CONSTANT = ColumnOrigin(frozenset(), None)


def query_lineage(
    sql: str, tables: Mapping[str, Iterable[str]], schema: str = "main"
) -> dict[str, ColumnOrigin]:
    """The origin of every output column of `sql`, through all its CTEs and subqueries.

    Only what makes the value counts: columns that filter, join or group are left out.

    Args:
        tables: column names of every table the query may read, for `select *` and for names
            without their table.
        schema: the schema those tables are in.

    Raises:
        sqlglot.errors.SqlglotError: the query cannot be parsed or names an unknown column.
    """
    from sqlglot import exp, parse_one
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    query = parse_one(sql, dialect=DIALECT)
    for table in query.find_all(exp.Table):
        table.set("catalog", None)  # the name of the database file, which tests may change
    known: dict[str, object] = {
        schema: {name: dict.fromkeys(columns, "text") for name, columns in tables.items()}
    }
    query = qualify(
        query,
        schema=known,
        dialect=DIALECT,
        quote_identifiers=False,
        identify=False,
        validate_qualify_columns=False,
    )
    scope = build_scope(query)
    if scope is None:
        return {}
    walker = _Walker()
    return {name: walker.origin(scope, name) for name in _select_names(scope)}


class _Walker:
    """Follows columns down the scopes of one query; each is followed once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], ColumnOrigin] = {}

    def origin(self, scope: "Scope", name: str) -> ColumnOrigin:
        key = (id(scope), name)
        if key not in self._known:
            # A recursive CTE meets itself; its other branch says where the column starts.
            self._known[key] = _CONSTANT
            self._known[key] = self._follow(scope, name)
        return self._known[key]

    def _follow(self, scope: "Scope", name: str) -> ColumnOrigin:
        from sqlglot import exp

        query = scope.expression
        # A table function or VALUES has no select list: its columns start there.
        names = _select_names(scope)
        if name not in names:
            return _CONSTANT
        if isinstance(query, exp.SetOperation):
            position = names.index(name)
            branches = [
                self.origin(branch, _select_names(branch)[position])
                for branch in scope.set_operation_scopes
            ]
            return ColumnOrigin(
                frozenset().union(*(branch.columns for branch in branches)),
                next((b.expression for b in branches if b.expression is not None), None),
            )
        assert isinstance(query, exp.Query)
        return self._projection(scope, query.selects[names.index(name)].unalias())

    def _projection(self, scope: "Scope", projection: "exp.Expr") -> ColumnOrigin:
        from sqlglot import exp

        if isinstance(projection, exp.Column):
            return self._column(scope, projection)
        columns: set[tuple[str, str]] = set()
        for column in projection.find_all(exp.Column):
            columns |= self._column(scope, column).columns
        if not columns and projection.find(exp.AggFunc) is not None:
            columns |= self._counted(scope)
        text = projection.sql(dialect=DIALECT)
        return ColumnOrigin(frozenset(columns), text[:EXPRESSION_LIMIT_CHARACTERS])

    def _column(self, scope: "Scope", column: "exp.Column") -> ColumnOrigin:
        from sqlglot import exp

        for around in _with_subqueries(scope):
            source = around.sources.get(column.table)
            if isinstance(source, exp.Table):
                return ColumnOrigin(frozenset({(source.name, column.name)}), None)
            if source is not None:
                return self.origin(source, column.name)
        return _CONSTANT

    def _counted(self, scope: "Scope") -> set[tuple[str, str]]:
        """The table whose rows `scope` reads: the one after FROM, down to a stored one."""
        from sqlglot import exp

        from_ = scope.expression.args.get("from_") or scope.expression.args.get("from")
        source = scope.sources.get(from_.this.alias_or_name) if from_ is not None else None
        if isinstance(source, exp.Table):
            return {(source.name, ALL_COLUMNS)}
        if source is None:
            return set()
        branches = source.set_operation_scopes or [source]
        return set().union(*(self._counted(branch) for branch in branches))


def _select_names(scope: "Scope") -> list[str]:
    from sqlglot import exp

    query = scope.expression
    return query.named_selects if isinstance(query, exp.Query) else []


def _with_subqueries(scope: "Scope") -> Iterator["Scope"]:
    yield scope
    for inner in scope.subquery_scopes:
        yield from _with_subqueries(inner)
