"""The part of the metadata that people write: YAML files beside this module.

`tables.yaml` describes the tables no dbt model makes, `metrics.yaml` gives each metric's formula,
`python_steps.yaml` says which columns a Python step reads to make which.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent

# Columns that show both versions of a plan in one row say which in their name.
_VERSIONS = {"current_": "today", "proposed_": "in the plan"}


@dataclass(frozen=True)
class DeclaredColumn:
    """A column: DuckDB type and meaning."""

    type: str
    description: str


@dataclass(frozen=True)
class DeclaredTable:
    """A table no dbt model makes: the sentence of its grain, what it is for, its columns."""

    grain: str
    description: str
    columns: Mapping[str, DeclaredColumn]


@dataclass(frozen=True)
class Metric:
    """A published figure and how it is computed.

    Attributes:
        good_direction: `higher` or `lower` is better, `target` is best met, or `none`.
    """

    metric_name: str
    table_name: str
    column_name: str
    formula: str
    unit: str
    grain: str
    good_direction: str


@cache
def declared_tables() -> dict[str, DeclaredTable]:
    """The tables of `tables.yaml`, by name."""
    return {
        name: DeclaredTable(
            grain=table["grain"],
            description=" ".join(f"{table['grain']} {table['description']}".split()),
            columns={
                column: DeclaredColumn(type=kind, description=description)
                for column, (kind, description) in table["columns"].items()
            },
        )
        for name, table in _read("tables.yaml").items()
    }


@cache
def declared_metrics() -> tuple[Metric, ...]:
    """The metrics of `metrics.yaml`, in its order.

    A metric `same_as` another table's takes formula, unit and direction from there: one figure is
    defined once, however many tables show it.
    """
    entries = _read("metrics.yaml")
    own = {
        (table, column): Metric(
            metric_name=metric["name"],
            table_name=table,
            column_name=column,
            formula=" ".join(metric["formula"].split()),
            unit=metric["unit"],
            grain=entry["grain"],
            good_direction=metric["good_direction"],
        )
        for table, entry in entries.items()
        for column, metric in entry.get("metrics", {}).items()
    }
    taken = {
        (table, column): _taken(own, table, column, source, entry)
        for table, entry in entries.items()
        for column, source in entry.get("same_as", {}).items()
    }
    order = list(entries)
    return tuple(sorted((*own.values(), *taken.values()), key=lambda m: order.index(m.table_name)))


def _taken(
    own: Mapping[tuple[str, str], Metric],
    table: str,
    column: str,
    source: str,
    entry: Mapping[str, Any],
) -> Metric:
    """The metric of `table.column` as `source`, such as `kpi_territory.potential_usd`, has it."""
    source_table, source_column = source.split(".")
    known = own[source_table, source_column]
    version = next(
        (f", {word}" for start, word in _VERSIONS.items() if column.startswith(start)), ""
    )
    return replace(
        known,
        metric_name=f"{known.metric_name} {entry['shown']}{version}",
        table_name=table,
        column_name=column,
        grain=entry["grain"],
    )


@dataclass(frozen=True)
class DeclaredStep:
    """What a column made by a Python step is made of.

    Attributes:
        sources: `table.column` of each column it is computed from.
        known_from: what it is taken from when that is no column, such as the policy.
    """

    sources: tuple[str, ...]
    known_from: str | None = None


@cache
def declared_steps() -> dict[str, dict[str, DeclaredStep]]:
    """The columns Python steps make, by table and column."""
    return {
        table: {
            column: DeclaredStep((), made_of)
            if isinstance(made_of, str)
            else DeclaredStep(tuple(made_of))
            for column, made_of in columns.items()
        }
        for table, columns in _read("python_steps.yaml").items()
    }


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((_FOLDER / name).read_text(encoding="utf-8"))
    return content
