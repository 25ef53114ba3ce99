"""A small export that is ingested and looked at, load after load."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipelines.ingest import SourceInput, ingest_sources
from pipelines.quality.baseline import find_baseline, keep_load
from pipelines.quality.observe import observe
from pipelines.settings.project import DriftSettings

AS_OF = date(2026, 6, 30)
MAPPING = {
    "account": {
        "account_id": "id",
        "account_name": "name",
        "parent_account_id": "parent",
        "industry": "industry",
        "annual_revenue_usd": "revenue",
        "street": "street",
        "city": "city",
        "state": "state",
        "postal_code": "zip",
        "country": "country",
        "created_date": "created",
        "owner_rep_id": "owner",
    },
    "rep": {"rep_id": "id", "rep_name": "name"},
    "opportunity": {
        "opportunity_id": "id",
        "account_id": "account",
        "stage": "stage",
        "status": "stage",
        "opened_date": "opened",
        "closed_date": "closed",
        "amount_usd": "amount",
    },
}
FILES = {"account": "accounts.csv", "rep": "reps.csv", "opportunity": "deals.csv"}

Row = dict[str, str]


def clean_rows() -> dict[str, list[Row]]:
    """Forty accounts of two industries, two reps and eighty deals without a fault."""
    accounts = [
        {
            "id": f"A{i:05d}",
            "name": f"{chr(65 + i // 26)}{chr(97 + i % 26)}{'bcdfg'[i % 5]}or {i} Works",
            "parent": "A00038" if i == 39 else "",
            "owner": f"R0000{i % 2 + 1}",
            "industry": ("Manufacturing", "Retail trade")[i % 2],
            "revenue": str(1_000_000 + 7_919 * i),
            "street": f"{i} Main St",
            "city": "Boston",
            "state": "MA",
            "zip": f"02{100 + i}",
            "country": "United States",
            "created": f"2020-{i % 12 + 1:02d}-{i % 27 + 1:02d}",
        }
        for i in range(40)
    ]
    deals = [
        {
            "id": f"D{i:05d}",
            "account": f"A{i % 40:05d}",
            "stage": ("won", "open")[i % 2],
            "opened": f"2026-06-{i % 9 + 1:02d}",
            "closed": f"2026-06-{i % 9 + 12:02d}" if i % 2 == 0 else "",
            "amount": str(1_000 + 13 * i),
        }
        for i in range(80)
    ]
    reps = [{"id": "R00001", "name": "Ann Day"}, {"id": "R00002", "name": "Bo Night"}]
    return {"account": accounts, "rep": reps, "opportunity": deals}


class Loads:
    """Loads of one project, one after another."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows = clean_rows()
        self.drift = DriftSettings()
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'; SET threads = 2")

    def account(self, number: int) -> Row:
        return self.rows["account"][number]

    def load(self, *, is_good: bool = False, digest: str = "", aliases: Any = None) -> None:
        """Write, ingest and look at the rows; `is_good` keeps them to compare the next with."""
        entities: dict[str, Any] = {}
        for name, file in FILES.items():
            rows = self.rows[name]
            lines = [",".join(rows[0])] + [
                ",".join(f'"{row[column]}"' for column in rows[0]) for row in rows
            ]
            (self.root / file).write_text("\n".join(lines) + "\n", encoding="utf-8")
            columns: dict[str, Any] = dict(MAPPING[name])
            if aliases and name == "account":
                columns["industry"] = {"column": "industry", "aliases": aliases}
            entities[name] = {"file": file, "columns": columns}
        mapping = self.root / "crm.yaml"
        mapping.write_text(yaml.safe_dump({"source": "crm", "entities": entities}))
        ingest_sources(
            self.connection,
            [SourceInput(mapping, self.root)],
            run_id="run",
            max_quarantined_share=1.0,
        )
        digest = digest or str(hash(str(self.rows)))
        baseline = find_baseline(self.root / "baseline", digest, "here")
        observe(
            self.connection,
            baseline,
            self.drift,
            as_of=AS_OF,
            is_as_of_given=True,
            run_id="run",
        )
        if is_good:
            keep_load(self.connection, self.root / "baseline", digest, "here")

    def found(self, rule: str) -> list[tuple[Any, ...]]:
        """(column, record, value, other value) of the rows that `rule` names."""
        return self.connection.execute(
            "SELECT column_name, record_id, value, repaired_value FROM meta_finding_row"
            " WHERE rule = ? ORDER BY ALL",
            [rule],
        ).fetchall()

    def rules(self) -> set[str]:
        rows = self.connection.execute("SELECT rule FROM meta_finding").fetchall()
        return {rule for (rule,) in rows}

    def drifted(self) -> list[tuple[Any, ...]]:
        return self.connection.execute(
            "SELECT table_name, column_name, rule, severity FROM meta_drift ORDER BY ALL"
        ).fetchall()
