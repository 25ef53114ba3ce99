"""The data dictionary in docs, generated from what the tables themselves are described by.

    python -m pipelines.metadata.dictionary

A test fails while docs/data-dictionary.md is not what this writes.
"""

from collections.abc import Iterator
from pathlib import Path

from pipelines.metadata.dbt_manifest import read_tables
from pipelines.metadata.declared import Metric, declared_metrics, declared_tables
from pipelines.metadata.units import unit_of
from pipelines.settings.loader import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "data-dictionary.md"
MANIFEST = PROJECT_ROOT / "dbt_project" / "target" / "manifest.json"

_HEADER = """# Data dictionary

The tables of a release, generated from the dbt project, `pipelines/metadata/tables.yaml` and \
`pipelines/metadata/metrics.yaml` by `python -m pipelines.metadata.dictionary`. The same is in \
`meta_table`, `meta_column` and `meta_metric` of every release, and as comments on tables and \
columns.

Facts join dimensions by `account_id`, `rep_id`, `territory_id`, `product_id` and, for days, \
`calendar_date`.
"""


def data_dictionary(manifest: Path = MANIFEST) -> str:
    """The page as Markdown.

    Raises:
        ConfigurationError: the dbt project is not parsed.
    """
    # The contract takes the columns of the metadata tables from this package.
    from pipelines.publish.contract import CONTRACT

    models, declared = read_tables(manifest), declared_tables()
    metrics = {(m.table_name, m.column_name): m for m in declared_metrics()}
    parts = [_HEADER]
    for table in CONTRACT:
        if table.name in declared:
            description = declared[table.name].description
            columns = {name: c.description for name, c in declared[table.name].columns.items()}
        else:
            description = models[table.name].description
            columns = dict(models[table.name].columns)
        parts.append(f"## {table.name}\n\n{description} Key: {_code(table.order_by)}.\n")
        parts.append("\n".join(_rows(table.name, columns, metrics)) + "\n")
    return "\n".join(parts)


def _rows(
    table: str, columns: dict[str, str], metrics: dict[tuple[str, str], Metric]
) -> Iterator[str]:
    yield "| column | unit | meaning | formula |"
    yield "|---|---|---|---|"
    for column, meaning in columns.items():
        metric = metrics.get((table, column))
        unit = metric.unit if metric else unit_of(column)
        yield (
            f"| `{column}` | {_cell(unit)} | {_cell(meaning)} | "
            f"{_cell(metric.formula if metric else '')} |"
        )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(data_dictionary(), encoding="utf-8")
