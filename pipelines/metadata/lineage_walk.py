"""Walk the column lineage: from a figure to the columns it is made of, down to the source files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Column = tuple[str, str]
"""Table, or source file, and column."""


@dataclass(frozen=True)
class Ancestry:
    """What a column is made of.

    Attributes:
        steps: every column on the way, the asked one first, each with what it is made of directly.
        origins: the columns nothing is known to lie before: those of the source files, when the
            lineage is whole.
    """

    steps: Mapping[Column, tuple[Column, ...]]
    origins: frozenset[Column]


def edges_of(rows: Iterable[tuple[str, str, str | None, str | None]]) -> dict[Column, list[Column]]:
    """What each column is made of directly.

    Args:
        rows: table_name, column_name, upstream_table, upstream_column of `meta_column_lineage`;
            a row without upstream says that the column is a constant.
    """
    edges: dict[Column, list[Column]] = {}
    for table, column, upstream_table, upstream_column in rows:
        found = edges.setdefault((table, column), [])
        if upstream_table is not None and upstream_column is not None:
            found.append((upstream_table, upstream_column))
    return edges


def ancestry(edges: Mapping[Column, Iterable[Column]], column: Column) -> Ancestry:
    """Everything `column` is made of, breadth first.

    Rows that are counted (`table.*`) are an origin of their own.
    """
    steps: dict[Column, tuple[Column, ...]] = {}
    origins = set()
    waiting = [column]
    for found in waiting:
        if found in steps:
            continue
        steps[found] = tuple(edges.get(found, ()))
        if found not in edges:
            origins.add(found)
        waiting += [upstream for upstream in steps[found] if upstream not in steps]
    return Ancestry(steps, frozenset(origins))
