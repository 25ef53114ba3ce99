"""Where the columns of the raw tables come from: the source columns that a mapping names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.metadata.declared import declared_steps

if TYPE_CHECKING:
    from pipelines.ingest.mapping import ColumnRule


@dataclass(frozen=True, order=True)
class LineageRow:
    """One row of `meta_column_lineage`: a column and one column it is made of.

    Attributes:
        upstream_table: a table, or the source file of a raw column; None for a constant.
        upstream_column: `*` where rows are counted and no single column is read.
        step: `dbt`, `python` or `ingest`.
        expression: how it is computed; None where it is copied unchanged.
    """

    table_name: str
    column_name: str
    upstream_table: str | None
    upstream_column: str | None
    step: str
    expression: str | None


def ingest_lineage(mappings: Sequence[Path]) -> Iterator[LineageRow]:
    """What each raw column is read from, for every mapping file of the run.

    A field that no mapping fills has a row without upstream: it is empty in this run.
    """
    from pipelines.ingest.entities import ENTITIES
    from pipelines.ingest.mapping_file import load_mapping

    empty = {
        (entity.table, field.name): "empty: no mapping of this run names a column for it"
        for entity in ENTITIES.values()
        for field in entity.fields
    }
    for entity in ENTITIES.values():
        for column in ("source_file", "row_number"):
            yield LineageRow(entity.table, column, None, None, "ingest", "where the row was read")
    for path in mappings:
        mapping = load_mapping(path)
        for name, parts in mapping.entities.items():
            table = f"raw_{mapping.source}__{name}"
            rules = [(part, *item) for part in parts for item in part.columns.items()]
            for part, column, rule in rules:
                empty.pop((table, column), None)
                expression = _described(rule)
                sources: list[tuple[str | None, str | None]] = [
                    (part.origin, source) for source in rule.named_columns()
                ]
                if rule.lookup is not None:
                    sources.append((rule.lookup.file, rule.lookup.value))
                for upstream_table, upstream_column in sources or [(None, None)]:
                    yield LineageRow(
                        table, column, upstream_table, upstream_column, "ingest", expression
                    )
    for (table, column), reason in empty.items():
        yield LineageRow(table, column, None, None, "ingest", reason)


def python_lineage() -> Iterator[LineageRow]:
    """What each column made by a Python step is declared to be made of."""
    for table, columns in declared_steps().items():
        for column, made_of in columns.items():
            if made_of.known_from is not None:
                yield LineageRow(table, column, None, None, "python", made_of.known_from)
            for source in made_of.sources:
                upstream_table, upstream_column = source.split(".")
                yield LineageRow(table, column, upstream_table, upstream_column, "python", None)


def _described(rule: "ColumnRule") -> str | None:
    """How a mapping turns the source text into the field, in words; None where it only copies."""
    parts = [
        f"constant '{rule.constant}'" if rule.constant is not None else None,
        f"template '{rule.template}'" if rule.template is not None else None,
        f"looked up in {rule.lookup.file} by {rule.lookup.key}" if rule.lookup else None,
        f"{len(rule.aliases)} value aliases" if rule.aliases else None,
        f"default '{rule.default}'" if rule.default is not None else None,
        f"× {rule.unit}" if rule.unit is not None else None,
        f"{rule.currency} to USD" if rule.currency else None,
        "to USD by row" if rule.currency_column else None,
        f"date as {', '.join(rule.date_format)}" if rule.date_format else None,
        f"padded to {rule.pad} digits" if rule.pad is not None else None,
        "Salesforce ids of 18 characters" if rule.salesforce_id else None,
    ]
    return "; ".join(part for part in parts if part) or None
