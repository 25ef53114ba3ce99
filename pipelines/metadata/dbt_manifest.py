"""What the dbt project says of its tables: descriptions from the manifest, compiled SQL."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigurationError, TerritoryError
from pipelines.metadata.origins import LineageRow
from pipelines.metadata.sql_lineage import ALL_COLUMNS, ColumnOrigin, query_lineage


@dataclass(frozen=True)
class DbtTable:
    """A model, seed or source of the dbt project.

    Attributes:
        kind: `model`, `seed` or `source`.
        columns: description of each described column.
        compiled_path: of a model, its SQL file relative to a folder of compiled models.
        reads: names of the tables it reads.
        key: columns that a test says are unique together; empty without such a test.
    """

    name: str
    kind: str
    description: str
    columns: Mapping[str, str]
    compiled_path: Path | None
    compiled_code: str | None
    reads: tuple[str, ...]
    key: tuple[str, ...] = ()


def read_tables(manifest_path: Path) -> dict[str, DbtTable]:
    """Every table of the manifest at `manifest_path`, by name.

    Raises:
        ConfigurationError: there is no manifest.
    """
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{manifest_path}: the dbt project is not parsed; run `make setup`"
        ) from None
    nodes = {**manifest["nodes"], **manifest["sources"]}
    names = {key: str(node.get("alias") or node["name"]) for key, node in nodes.items()}
    keys = _keys(nodes.values())
    return {
        names[key]: DbtTable(
            name=names[key],
            kind=node["resource_type"],
            description=_flat(node.get("description")),
            columns={
                column: _flat(entry.get("description"))
                for column, entry in node.get("columns", {}).items()
            },
            compiled_path=Path(node["package_name"], node["original_file_path"]),
            compiled_code=node.get("compiled_code"),
            reads=tuple(names[k] for k in _depends_on(node) if k in names),
            key=keys.get(key, ()),
        )
        for key, node in nodes.items()
        if node["resource_type"] in ("model", "seed", "source")
    }


def dbt_lineage(
    tables: Mapping[str, DbtTable],
    targets: Sequence[Path],
    columns: Mapping[str, Mapping[str, str]],
) -> Iterator[LineageRow]:
    """Column lineage of every model that stands in the working database.

    Where a figure counts the rows of a table, `table.*` is made of the key of that table.

    Args:
        targets: dbt target folders that hold `compiled`; the first that has a model's SQL counts.
        columns: tables and their columns as the working database has them.

    Raises:
        TerritoryError: a model has no compiled SQL.
    """
    counted: set[str] = set()
    for table in tables.values():
        if table.kind != "model" or table.name not in columns:
            continue
        origins = _origins(table, _compiled_sql(table, targets), columns)
        for column in columns[table.name]:
            origin = origins.get(column, ColumnOrigin(frozenset(), None))
            sources: list[tuple[str | None, str | None]] = [*sorted(origin.columns)]
            for upstream_table, upstream_column in sources or [(None, None)]:
                if upstream_table is not None and upstream_column == ALL_COLUMNS:
                    counted.add(upstream_table)
                yield LineageRow(
                    table.name, column, upstream_table, upstream_column, "dbt", origin.expression
                )
    for name in sorted(counted & columns.keys()):
        # By habit of the project the first column is the key, or part of it.
        key = tables[name].key if name in tables else ()
        for column in key or tuple(columns[name])[:1]:
            yield LineageRow(
                name, ALL_COLUMNS, name, column, "dbt", "rows, told apart by their key"
            )


def _origins(
    table: DbtTable, sql: str, columns: Mapping[str, Mapping[str, str]]
) -> dict[str, ColumnOrigin]:
    """The origins of a model's columns, or the tables it reads where its SQL is not understood."""
    from sqlglot.errors import SqlglotError

    try:
        return query_lineage(sql, columns)
    except SqlglotError:
        # DuckDB may accept more than the parser knows; lineage to tables still holds then.
        whole = frozenset((upstream, ALL_COLUMNS) for upstream in table.reads)
        return {column: ColumnOrigin(whole, None) for column in columns[table.name]}


def _compiled_sql(table: DbtTable, targets: Sequence[Path]) -> str:
    assert table.compiled_path is not None
    for target in targets:
        path = target / "compiled" / table.compiled_path
        if path.is_file():
            return path.read_text(encoding="utf-8")
    if table.compiled_code:
        return table.compiled_code
    raise TerritoryError(
        f"dbt model '{table.name}' has no compiled SQL under "
        f"{', '.join(str(target) for target in targets)}; build the model in this run, or run "
        "`dbt compile`"
    )


def _keys(nodes: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The columns that tests say are unique, by the id of the tested model or source."""
    keys = {}
    for node in nodes:
        test = node.get("test_metadata") or {}
        if node["resource_type"] != "test" or test.get("name") not in ("unique", "unique_key"):
            continue
        arguments = test.get("kwargs", {})
        columns = arguments.get("columns") or [node.get("column_name")]
        tested = node.get("attached_node") or next(iter(_depends_on(node)), None)
        if tested is not None:
            keys[tested] = tuple(columns)
    return keys


def _depends_on(node: Mapping[str, Any]) -> Sequence[str]:
    return list(node.get("depends_on", {}).get("nodes", []))


def _flat(text: str | None) -> str:
    return " ".join((text or "").split())
