"""Fit a mapping to the columns a file really has, before any row is looked at.

Other spellings get the name the mapping uses, the first or last of several possible headings is
chosen, and what may be missing is left out, each with its finding.
"""

import re
from dataclasses import replace

from pipelines.errors import InputError, near
from pipelines.ingest.entities import Entity
from pipelines.ingest.landing import Landing
from pipelines.ingest.ledger import Finding
from pipelines.ingest.mapping import ColumnRule, EntityMapping
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.spelling import respell


def resolve(
    entity: Entity, file: SourceFile, mapping: EntityMapping, landing: Landing
) -> tuple[EntityMapping, Landing, list[Finding]]:
    """The mapping with concrete columns, the landing under the mapping's names, and findings.

    Raises InputError when one heading could be two columns, or none of the possible ones is there.
    """
    if mapping.spelling == "any":
        wanted = [*mapping.possible_columns(), *mapping.pass_through]
        landing = replace(landing, columns=respell(wanted, landing.columns, file.name))
    present = set(landing.columns)
    columns: dict[str, ColumnRule] = {}
    findings = []
    # JSON lines without a row have no columns at all, which is no fault of theirs.
    is_bare = file.format == "jsonl" and not landing.rows_read
    for name, rule in mapping.columns.items():
        chosen = _chosen(rule, landing.columns)
        missing = [column for column in chosen.source_columns() if column not in present]
        if not missing or is_bare:
            columns[name] = chosen
        elif entity.field(name).is_required or mapping.missing_columns == "refuse":
            if rule.column is None and rule.template is None:
                raise InputError(
                    f"{file.name}: none of the columns for {name} is there "
                    f"({rule.last_column_like or ', '.join(rule.any_column or [])})"
                    f"{near(missing[0], present)}; export one or change the mapping"
                )
            columns[name] = chosen
        else:
            message = (
                f"{file.name}: column '{missing[0]}' is missing{near(missing[0], present)}; "
                f"{name} is null in every row"
            )
            findings.append(
                Finding("warning", "missing_column", entity.table, name, landing.rows_read, message)
            )
    findings += [
        Finding(
            "warning",
            "missing_column",
            entity.table,
            None,
            landing.rows_read,
            f"{file.name}: column '{name}' to pass through is missing{near(name, present)}",
            record_id=name,
        )
        for name in mapping.pass_through
        if name not in present and not is_bare
    ]
    exclude = [
        test
        for test in mapping.exclude
        if test.column is None or test.column in present or not test.optional
    ]
    resolved = mapping.model_copy(
        update={
            "columns": columns,
            "exclude": exclude,
            "pass_through": [name for name in mapping.pass_through if name in present],
        }
    )
    return resolved, landing, findings


def _chosen(rule: ColumnRule, columns: list[str]) -> ColumnRule:
    """`rule` with one column where it names several possible ones."""
    if rule.any_column is not None:
        found = [name for name in rule.any_column if name in columns]
        return _with_column(rule, found[0] if found else rule.any_column[0])
    if rule.last_column_like is not None:
        pattern = re.compile(rule.last_column_like)
        found = sorted(name for name in columns if pattern.fullmatch(name))
        return _with_column(rule, found[-1] if found else rule.last_column_like)
    return rule


def _with_column(rule: ColumnRule, column: str) -> ColumnRule:
    return rule.model_copy(update={"column": column, "any_column": None, "last_column_like": None})
