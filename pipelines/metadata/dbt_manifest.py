"""What the dbt project says of its tables: descriptions from the manifest, compiled SQL."""

import json
from collections.abc import Iterator, Mapping, Sequence
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
    """

    name: str
    kind: str
    description: str
    columns: Mapping[str, str]
    compiled_path: Path | None
    compiled_code: str | None
    reads: tuple[str, ...]


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

    Args:
        targets: dbt target folders that hold `compiled`; the first that has a model's SQL counts.
        columns: tables and their columns as the working database has them.

    Raises:
        TerritoryError: a model has no compiled SQL.
    """
    for table in tables.values():
        if table.kind != "model" or table.name not in columns:
            continue
        origins = _origins(table, _compiled_sql(table, targets), columns)
        for column in columns[table.name]:
            origin = origins.get(column, ColumnOrigin(frozenset(), None))
            sources: list[tuple[str | None, str | None]] = [*sorted(origin.columns)]
            for upstream_table, upstream_column in sources or [(None, None)]:
                yield LineageRow(
                    table.name, column, upstream_table, upstream_column, "dbt", origin.expression
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


def _depends_on(node: Mapping[str, Any]) -> Sequence[str]:
    return list(node.get("depends_on", {}).get("nodes", []))


def _flat(text: str | None) -> str:
    return " ".join((text or "").split())
