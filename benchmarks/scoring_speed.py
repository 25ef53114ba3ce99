"""Time and memory of scoring: from landed tables to potential, workload and fitted models.

    python -m benchmarks.scoring_speed --accounts 1000000 --json speed.json --out benchmarks/results/scoring_speed.md

Landed tables of any size are made in the working database by SQL: 4 deals and 10 activities an
account, 1,000 reps. What is measured is everything between them and the planning tables: the dbt
parts `pre_score` and `pre_plan` without their tests, which are a gate of their own, and the fitted
models. Each size runs in a process of its own, so that `peak_gb` is its peak.
"""  # noqa: E501

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from benchmarks.sample_company import processor

ROOT = Path(__file__).resolve().parents[1]
AS_OF = date(2026, 6, 30)
REPS = 1000

_ROWS = {
    "raw_crm__rep": """
        SELECT 'R' || i AS rep_id, 'Rep ' || i AS rep_name, 'junior' AS experience_level,
               (25 + pick(i) % 24)::VARCHAR AS latitude, (-122 + pick(i + 7) % 50)::VARCHAR
               AS longitude, 'Industry ' || (i % 12) AS skill_industries FROM range({reps}) AS t(i)
    """,
    "raw_crm__product": """
        SELECT 'P' || i AS product_id, 'Product ' || i AS product_name,
               (100 * (i + 1) * (i + 1))::VARCHAR AS list_price_usd FROM range(12) AS t(i)
    """,
    "raw_crm__account": """
        SELECT 'A' || i AS account_id, 'Account ' || i AS account_name,
               'Industry ' || (pick(i) % 12) AS industry, 'United States' AS country,
               ['CA', 'TX', 'NY', 'FL', 'IL'][pick(i + 1) % 5 + 1] AS state,
               exp(2 + 6 * (pick(i + 2) % 10000) / 10000.0)::BIGINT::VARCHAR AS employee_count,
               exp(13 + 7 * (pick(i + 3) % 10000) / 10000.0)::BIGINT::VARCHAR
               AS annual_revenue_usd, 'R' || (pick(i + 4) % {reps}) AS owner_rep_id,
               (25 + pick(i + 5) % 24)::VARCHAR AS latitude,
               (-122 + pick(i + 6) % 50)::VARCHAR AS longitude
        FROM range({accounts}) AS t(i)
    """,
    "raw_crm__opportunity": """
        SELECT 'O' || i AS opportunity_id, 'A' || (pick(i) % {accounts}) AS account_id,
               'R' || (pick(i + 1) % {reps}) AS rep_id, 'P' || (pick(i + 2) % 12) AS product_id,
               ['Won', 'Lost', 'Lost', 'Negotiation/Review'][pick(i + 3) % 4 + 1] AS stage,
               ['won', 'lost', 'lost', 'open'][pick(i + 3) % 4 + 1] AS status,
               (DATE '2024-07-01' + (pick(i + 4) % 600)::INTEGER)::VARCHAR AS opened_date,
               CASE WHEN pick(i + 3) % 4 < 3 THEN (DATE '2024-07-01'
                 + (pick(i + 4) % 600 + pick(i + 5) % 120)::INTEGER)::VARCHAR END AS closed_date,
               exp(6 + 5 * (pick(i + 6) % 10000) / 10000.0)::BIGINT::VARCHAR AS amount_usd
        FROM range(4 * {accounts}) AS t(i)
    """,
    "raw_crm__activity": """
        SELECT 'C' || i AS activity_id, 'A' || (pick(i) % {accounts}) AS account_id,
               'R' || (pick(i + 1) % {reps}) AS rep_id, 'Call' AS activity_type,
               (DATE '2024-07-01' + (pick(i + 2) % 730)::INTEGER)::VARCHAR AS activity_date,
               (1 + pick(i + 3) % 8)::VARCHAR AS duration_hours
        FROM range(10 * {accounts}) AS t(i)
    """,
}


def measure(accounts: int) -> dict[str, Any]:
    """Seconds by part and peak memory; to be run in a fresh process."""
    import resource

    from pipelines.settings.loader import load_settings
    from pipelines.stages.run_context import RunContext, WorkPaths
    from pipelines.stages.score import score
    from pipelines.stages.transform import transform
    from pipelines.warehouse import session

    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(ROOT / "config" / "project.yaml", data_dir=Path(folder) / "data")
        paths = WorkPaths(settings.data_dir)
        context = RunContext("run", "plan", AS_OF, "default", "", "", "")
        with session(paths.warehouse) as connection:
            _land(connection, accounts)
        seconds, cpu_seconds = {}, {}
        for part in ("pre_score", "score", "pre_plan"):
            start, cpu_start = time.perf_counter(), time.process_time()
            if part == "score":
                score(settings, context)
            else:
                transform(settings, context, part, is_tested=False)  # type: ignore[arg-type]
            seconds[part] = round(time.perf_counter() - start, 1)
            cpu_seconds[part] = round(time.process_time() - cpu_start, 1)
        with session(paths.warehouse) as connection:
            (scored,) = connection.execute(
                "SELECT count(*) FROM int_plan__account WHERE service_hours > 0 AND "
                "isfinite(service_hours) AND potential_usd >= actual_sales_usd"
            ).fetchone() or (0,)
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "accounts": accounts,
        "scored": scored,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "total_seconds": round(sum(seconds.values()), 1),
        "total_cpu_seconds": round(sum(cpu_seconds.values()), 1),
        "peak_gb": round(peak_kb / 1024 / 1024, 2),
    }


def _land(connection: Any, accounts: int) -> None:
    """Every landed table of the dbt project, text in all columns; empty where no rows are made."""
    sources = yaml.safe_load(
        (ROOT / "dbt_project" / "models" / "sources.yml").read_text(encoding="utf-8")
    )["sources"]
    (raw,) = (source for source in sources if source["name"] == "raw")
    connection.execute("CREATE TEMP MACRO pick(number) AS (hash(number) % 2147483647)::BIGINT")
    for table in raw["tables"]:
        columns = ", ".join(
            f"{c['name']} {'BIGINT' if c['name'] == 'row_number' else 'VARCHAR'}"
            for c in table["columns"]
        )
        connection.execute(f"CREATE TABLE {table['name']} ({columns})")
        if table["name"] in _ROWS:
            rows = _ROWS[table["name"]].format(accounts=accounts, reps=REPS)
            connection.execute(f"INSERT INTO {table['name']} BY NAME {rows}")


def page(run: dict[str, Any]) -> str:
    """The result for people."""
    from os import cpu_count

    seconds = run["seconds"]
    return "\n".join(
        [
            "# Scoring speed",
            "",
            f"{run['accounts']:,} accounts, {4 * run['accounts']:,} deals, "
            f"{10 * run['accounts']:,} activities; `python -m benchmarks.scoring_speed --accounts "
            f"{run['accounts']}` on {processor()}, {cpu_count()} cores.",
            "",
            "| part | seconds | CPU seconds |",
            "|---|---|---|",
            *(
                f"| {name} | {value:.1f} | {run['cpu_seconds'][name]:.1f} |"
                for name, value in seconds.items()
            ),
            f"| **all** | **{run['total_seconds']:.1f}** | {run['total_cpu_seconds']:.1f} |",
            "",
            f"Peak memory {run['peak_gb']:.2f} GB. {run['scored']:,} accounts scored.",
            *([run["remark"]] if run.get("remark") else []),
            "",
        ]
    )


def main() -> None:
    """Measure in a process of its own, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--out", type=Path, help="file for the page")
    parser.add_argument("--remark", help="what else the machine was doing")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        print(json.dumps(measure(arguments.accounts)))
        return
    command = [sys.executable, "-m", "benchmarks.scoring_speed", "--here"]
    done = subprocess.run(
        [*command, "--accounts", str(arguments.accounts)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    run = json.loads(done.stdout.strip().splitlines()[-1]) | {"remark": arguments.remark}
    if arguments.json:
        arguments.json.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    if arguments.out:
        arguments.out.write_text(page(run), encoding="utf-8")
    print(page(run))


if __name__ == "__main__":
    main()
