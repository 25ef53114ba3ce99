"""The books of files that are read beside records: lookups, tables of changes, watched tables.

One such file may serve several fields, entities and parts. A row counts as loaded when any of its
uses took it; else it is what the uses say of it, in the order quarantined, duplicate, excluded.
"""

from dataclasses import dataclass, field

import duckdb

from pipelines.ingest.landing import LANDING, Landing
from pipelines.ingest.ledger import FileLoad, FileRole
from pipelines.ingest.source_file import SourceFile
from pipelines.ingest.sql import literal

_SET_ASIDE = "side_row"

# An exclusion of a row that no use looks for says less than any other.
NOT_ASKED_FOR = "not_asked_for"


@dataclass
class _SideFile:
    digest: str
    rows_read: int
    uses: set[str] = field(default_factory=set)


class SideBooks:
    """What became of the rows of side files in one ingest."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._files: dict[tuple[str, str, FileRole], _SideFile] = {}
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {_SET_ASIDE} (source_table VARCHAR,"
            " source_file VARCHAR, file_role VARCHAR, row_number BIGINT, outcome VARCHAR,"
            " rule VARCHAR, column_name VARCHAR, value VARCHAR, payload_json VARCHAR)"
        )

    def enter(
        self,
        table: str,
        file: SourceFile,
        role: FileRole,
        use: str,
        landing: Landing,
        set_aside: str | None,
    ) -> None:
        """Enter one use of the file in `landing`; the same use is entered once only.

        `set_aside` is a query of the rows the use did not take: row_number, outcome (quarantined,
        duplicate, excluded), rule, column_name, value. None: it took them all.
        """
        key = (table, file.name, role)
        entry = self._files.setdefault(key, _SideFile(landing.file_sha256, landing.rows_read))
        if use in entry.uses:
            return
        entry.uses.add(use)
        names = ", ".join(literal(part) for part in key)
        if landing.malformed:
            self._connection.execute(
                f"INSERT INTO {_SET_ASIDE} SELECT {names}, unnest($numbers::BIGINT[]),"
                " 'quarantined', unnest($rules::VARCHAR[]), NULL, unnest($values::VARCHAR[]),"
                " unnest($payloads::VARCHAR[])",
                {
                    "numbers": [row.row_number for row in landing.malformed],
                    "rules": [row.rule for row in landing.malformed],
                    "values": [row.value for row in landing.malformed],
                    "payloads": [row.payload_json for row in landing.malformed],
                },
            )
        if set_aside is not None:
            payload = f"CAST({landing.payload_sql} AS VARCHAR)"
            self._connection.execute(
                f"INSERT INTO {_SET_ASIDE} SELECT {names}, aside.row_number, aside.outcome,"
                " aside.rule, aside.column_name, CAST(aside.value AS VARCHAR),"
                f" CASE WHEN aside.outcome = 'quarantined' THEN {payload} END"
                f" FROM ({set_aside}) AS aside JOIN {LANDING} AS landed USING (row_number)"
            )

    def close(self, run_id: str) -> list[FileLoad]:
        """Enter the rejected rows into `quarantined_row`; the reconciliation of each file."""
        loads = []
        for key, entry in self._files.items():
            names = ", ".join(literal(part) for part in key)
            self._connection.execute(f"""
                CREATE OR REPLACE TEMP TABLE side_outcome AS
                SELECT row_number, unnest(min(
                    {{'place': CASE outcome WHEN 'quarantined' THEN 0 WHEN 'duplicate' THEN 1
                        ELSE if(rule = {literal(NOT_ASKED_FOR)}, 3, 2) END,
                      'outcome': outcome, 'rule': rule, 'column_name': column_name,
                      'value': value, 'payload_json': payload_json}}))
                FROM {_SET_ASIDE}
                WHERE (source_table, source_file, file_role) = ({names})
                GROUP BY row_number HAVING count(*) = {len(entry.uses)}""")
            # A file that is also one of records has its torn lines there already.
            self._connection.execute(
                """
                INSERT INTO quarantined_row
                SELECT $table, $file, row_number, NULL, rule, column_name, value, payload_json,
                    $run_id
                FROM side_outcome WHERE outcome = 'quarantined' AND NOT EXISTS (
                    FROM quarantined_row AS known WHERE known.source_table = $table
                        AND known.source_file = $file
                        AND known.row_number = side_outcome.row_number
                        AND known.rule = side_outcome.rule
                        AND known.column_name IS NOT DISTINCT FROM side_outcome.column_name)
                ORDER BY row_number""",
                {"table": key[0], "file": key[1], "run_id": run_id},
            )
            counts = self._connection.execute(
                "SELECT outcome, rule, count(*) FROM side_outcome GROUP BY ALL ORDER BY ALL"
            ).fetchall()
            by = {
                outcome: sum(count for name, _, count in counts if name == outcome)
                for outcome in ("quarantined", "duplicate", "excluded")
            }
            loads.append(
                FileLoad(
                    source_table=key[0],
                    source_file=key[1],
                    file_role=key[2],
                    file_sha256=entry.digest,
                    rows_read=entry.rows_read,
                    rows_loaded=entry.rows_read - sum(by.values()),
                    rows_quarantined=by["quarantined"],
                    rows_duplicate=by["duplicate"],
                    excluded_by={rule: n for name, rule, n in counts if name == "excluded"},
                )
            )
        self._connection.execute("DROP TABLE IF EXISTS side_outcome")
        self._connection.execute(f"DROP TABLE {_SET_ASIDE}")
        return loads
