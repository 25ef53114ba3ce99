"""County codes that changed between vintages of federal statistics, as findings.

No code is replaced: Connecticut's eight counties and nine planning regions overlap without a
one-to-one map, Alaska split one area in two. Statistics are summed by state before they meet, so a
mixture costs no total; who joins counties must know where it is.
Source: Census Bureau, "Substantial Changes to Counties and County Equivalent Entities".
"""

from dataclasses import dataclass

import duckdb

from pipelines.ingest.entities import ENTITIES
from pipelines.ingest.ledger import Finding
from pipelines.ingest.sql import literals

_TABLES = tuple(
    entity.table
    for entity in ENTITIES.values()
    if entity.source == "market" and any(f.name == "county_fips" for f in entity.fields)
)


@dataclass(frozen=True)
class _Change:
    """Codes that went and codes that came, and in which year's geography."""

    name: str
    year: int
    old: tuple[str, ...]
    new: tuple[str, ...]


_CHANGES = (
    _Change(
        "Connecticut (8 counties became 9 planning regions)",
        2022,
        tuple(f"09{code:03}" for code in range(1, 16, 2)),
        tuple(f"09{code}" for code in range(110, 191, 10)),
    ),
    _Change("Valdez-Cordova, Alaska (split)", 2019, ("02261",), ("02063", "02066")),
    _Change("Wade Hampton, Alaska (now Kusilvak)", 2015, ("02270",), ("02158",)),
    _Change("Shannon, South Dakota (now Oglala Lakota)", 2015, ("46113",), ("46102",)),
    _Change("Bedford city, Virginia (now in Bedford County)", 2013, ("51515",), ("51019",)),
)


def county_findings(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """A warning for each change whose old codes one market table has and whose new ones another.

    A table of an old vintage alone gives an info: addresses of today will not join it by county.
    """
    findings = []
    for change in _CHANGES:
        old = {table: count for table in _TABLES if (count := _rows(connection, table, change.old))}
        # The county that took Bedford in has always been there, so its code tells no vintage.
        new = [table for table in _TABLES if table not in old] if old else []
        new = [table for table in new if _rows(connection, table, change.new)]
        for table, count in old.items():
            message = f"{change.name}: {count:,} rows have codes from before {change.year}"
            if new:
                message += (
                    f", {', '.join(new)} those after it; they are kept as they are and meet by "
                    "state, not by county"
                )
            findings.append(
                Finding(
                    "warning" if new else "info",
                    "county_vintage",
                    table,
                    "county_fips",
                    count,
                    message,
                    record_id=change.old[0],
                )
            )
    return findings


def _rows(connection: duckdb.DuckDBPyConnection, table: str, codes: tuple[str, ...]) -> int:
    row = connection.execute(
        f"SELECT count(*) FROM {table} WHERE county_fips IN ({literals(codes)})"
    ).fetchone()
    return int(row[0]) if row else 0
