"""The offending rows of a failed dbt test, for those who have to find them.

dbt counts what a test selects and keeps none of it. Its compiled query is run again here, and for
a test of one column the rows of the tested table are shown, keys first, where the query selects
the bare value alone.
"""

from collections.abc import Mapping, Set
from typing import Any

import duckdb

from expectations.result import PAY_COLUMNS, SAMPLE_ROWS, sample_json

# Tests whose query selects the offending values of one column, in its first place.
_OF_VALUES = frozenset({"accepted_values", "in_range", "not_null", "relationships", "unique"})

# Tables begin with their keys; wider rows would hide the value that offends.
_LEADING_COLUMNS = 4


def restricted_models(nodes: Mapping[str, Any]) -> frozenset[str]:
    """The ids of the models that carry pay: those in a folder `restricted`."""
    return frozenset(name for name, node in nodes.items() if "restricted" in node.fqn)


def tested_table(node: Any) -> str:
    """The table a dbt test is about; of a test that names none, the first it selects from."""
    attached = getattr(node, "attached_node", None) or next(iter(node.depends_on.nodes), "")
    return str(attached).rsplit(".", 1)[-1]


def read_sample(
    connection: duckdb.DuckDBPyConnection, node: Any, restricted: Set[str]
) -> str | None:
    """The first offending rows of the dbt test `node` as JSON, or None where pay is tested.

    Samples are published: a test of a model in `restricted` has none.

    Args:
        node: the test as dbt compiled it, with the tables it selects from still in `connection`.
        restricted: ids of the models that carry pay.
    """
    column = getattr(node, "column_name", None)
    if column in PAY_COLUMNS or not restricted.isdisjoint(node.depends_on.nodes):
        return None
    query = str(node.compiled_code)
    names: list[str] | None = None
    metadata = getattr(node, "test_metadata", None)
    if column is not None and metadata is not None and metadata.name in _OF_VALUES:
        table = tested_table(node)
        names = _shown(connection, table, column)
        (value, *_) = _columns(connection, f"({query})")
        query = (
            f"SELECT {', '.join(map(_quoted, names))} FROM {_quoted(table)} AS tested "
            f"WHERE EXISTS (SELECT 1 FROM ({query}) AS found "
            f"WHERE found.{_quoted(value)} IS NOT DISTINCT FROM tested.{_quoted(column)})"
        )
    cursor = connection.execute(f"SELECT * FROM ({query}) ORDER BY ALL LIMIT {SAMPLE_ROWS}")
    if names is None:
        names = [described[0] for described in cursor.description]
    return sample_json(names, cursor.fetchall())


def _shown(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> list[str]:
    leading = _columns(connection, _quoted(table))[:_LEADING_COLUMNS]
    return list(dict.fromkeys((*leading, column)))


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
