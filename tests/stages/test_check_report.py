"""`territory check --json`: every finding with its rows, every file's reconciliation."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from pipelines.cli import territory
from pipelines.errors import InputError
from pipelines.sample import CompanySettings, generate_company

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    generate_company(
        CompanySettings(accounts=120, reps=5, seed=3, as_of=date(2026, 6, 30), out=tmp_path / "in")
    )
    sources = {
        kind: {"mapping": str(CONFIG / "mappings" / f"sample_{kind}.yaml"), "path": "in"}
        for kind in ("crm", "market", "plan")
    }
    content: dict[str, Any] = {"name": "Checked", "data_dir": "data", "sources": sources}
    content |= {"scoring": str(CONFIG / "scoring.yaml"), "policies": str(CONFIG / "policies")}
    (tmp_path / "project.yaml").write_text(yaml.safe_dump(content))
    return tmp_path


def replace_in(path: Path, line: int, old: str, new: str) -> str:
    """Put `new` for `old` in a line of the file (1: the heading); the line's first field."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert old in lines[line - 1], lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    path.write_text("".join(lines), encoding="utf-8")
    return lines[line - 1].split(",")[0]


def check(project: Path) -> tuple[dict[str, Any], Any]:
    report = project / "report.json"
    outcome = CliRunner().invoke(
        territory, ["check", "--config", str(project / "project.yaml"), "--json", str(report)]
    )
    return json.loads(report.read_text(encoding="utf-8")), outcome


def of_rule(report: dict[str, Any], rule: str) -> dict[str, Any]:
    (finding,) = (one for one in report["findings"] if one["rule"] == rule)
    return finding


def test_every_finding_names_table_column_rule_severity_and_rows(project: Path) -> None:
    accounts = project / "in" / "accounts.csv"
    text = accounts.read_text(encoding="utf-8").splitlines()
    fields = text[1].split(",")
    fields[6] = "lots"
    text[1] = ",".join(fields)
    fields = text[2].split(",")
    fields[9] = fields[9] + ";;"
    text[2] = ",".join(fields)
    fields = text[3].split(",")
    fields[7] = "0"
    text[3] = ",".join(fields)
    text.append(text[4])
    accounts.write_text("\n".join(text) + "\n", encoding="utf-8")
    ids = [line.split(",")[0] for line in text]

    report, outcome = check(project)
    assert outcome.exit_code == 0, outcome.output
    assert report["exit_code"] == 0
    for finding in report["findings"]:
        assert set(finding) == {
            *("origin", "table", "column", "rule", "severity", "rows_affected"),
            *("row_keys", "row_numbers", "message"),
        }
        assert finding["severity"] in {"error", "warning", "info"}
    for rule, origin, column, row in (
        ("not_a_number", "quarantine", "annual_revenue_usd", 1),
        ("trailing_garbage", "observation", "city", 2),
        ("account_employees_plausible", "check", "employee_count", 3),
        ("duplicate_row", "observation", "account_id", 121),
    ):
        finding = of_rule(report, rule)
        assert (finding["origin"], finding["column"]) == (origin, column)
        assert finding["table"] == "raw_crm__account"
        assert finding["rows_affected"] == 1
        assert finding["row_numbers"] == [row]
        assert finding["row_keys"] == [ids[row]]
    (file,) = (one for one in report["files"] if one["table"] == "raw_crm__account")
    counts = [file[f"rows_{n}"] for n in ("read", "loaded", "quarantined", "duplicate")]
    assert counts == [121, 119, 1, 1]
    assert all(one["is_reconciled"] for one in report["files"])


def test_a_file_that_cannot_be_trusted_is_a_finding_too(project: Path) -> None:
    replace_in(project / "in" / "accounts.csv", 1, "Annual Revenue", "Yearly Turnover")
    report, outcome = check(project)
    assert isinstance(outcome.exception, InputError)
    (finding,) = report["findings"]
    assert report["exit_code"] == 2
    assert finding["origin"] == "file"
    assert (finding["table"], finding["column"]) == ("raw_crm__account", "Annual Revenue")
    assert (finding["rule"], finding["severity"]) == ("missing_column", "error")
    assert "Annual Revenue" in report["message"]
