"""How fast opportunities land, against a bare CREATE TABLE AS SELECT from the same file.

    python -m benchmarks.landing --runs 3 --json landing.json --out benchmarks/results/landing.md

Ten million opportunities in Parquet and one million in CSV, generated anew. Every measurement is a
process of its own; files are read once before, so that all find them in the page cache. "Landing"
is what it takes to have a file as text in the working database: digest, inspection, copy. "All" is
the whole ingest (shaping by the mapping, quarantine, reconciliation; Parquet is shaped where it
lies, without that copy), the staging model and the raw gates. Imports and dbt's parsing are left
out. Quoted are medians of wall seconds and of CPU seconds over all threads; the latter also hold on
a machine that has other work to do.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from pipelines.warehouse import session

CASES = {"csv": 1_000_000, "parquet": 10_000_000}
ACCOUNTS, REPS = 20_000, 500

MAPPING = """
source: crm
entities:
  account: {file: accounts.csv, columns: {account_id: id, account_name: name}}
  rep: {file: reps.csv, columns: {rep_id: id, rep_name: name}}
  opportunity:
    file: opportunities.%s
    columns:
      opportunity_id: Opportunity ID
      account_id: Account ID
      rep_id: Owner ID
      stage: Stage
      status:
        column: Stage
        aliases: {Prospecting: open, Negotiation: open, Closed Won: won, Closed Lost: lost}
      opened_date: Created Date
      closed_date: Close Date
      amount_usd: Amount
      probability_pct: Probability
"""


class Clock:
    """Wall and CPU seconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self, step: str) -> dict[str, float]:
        """Both, under the name of the step."""
        return {
            step: time.perf_counter() - self._wall,
            f"{step}_cpu": time.process_time() - self._cpu,
        }


def generate(folder: Path, kind: str, rows: int) -> Path:
    """The files of a book with `rows` opportunities."""
    (folder / "mapping.yaml").write_text(MAPPING % kind)
    path = folder / f"opportunities.{kind}"
    shape = "FORMAT parquet, COMPRESSION zstd" if kind == "parquet" else "FORMAT csv, HEADER"
    with duckdb.connect() as connection:
        for name, count, prefix in (("accounts", ACCOUNTS, "A"), ("reps", REPS, "R")):
            connection.execute(
                f"COPY (SELECT '{prefix}' || i AS id, 'Name ' || i AS name"
                f" FROM range({count}) AS t(i)) TO '{folder / name}.csv' (FORMAT csv, HEADER)"
            )
        connection.execute(f"""
            COPY (
                SELECT '006' || lpad(i::VARCHAR, 12, '0') || 'AAA' AS "Opportunity ID",
                    'A' || (hash(i) % {ACCOUNTS}) AS "Account ID",
                    'R' || (hash(i + 1) % {REPS}) AS "Owner ID",
                    ['Prospecting', 'Negotiation', 'Closed Won', 'Closed Lost']
                        [1 + (hash(i + 2) % 4)::INTEGER] AS "Stage",
                    DATE '2023-01-01' + (hash(i + 3) % 1000)::INTEGER AS "Created Date",
                    DATE '2023-02-01' + (hash(i + 3) % 1000 + hash(i + 4) % 90)::INTEGER
                        AS "Close Date",
                    ((hash(i + 5) % 10000000) / 100)::DECIMAL(18, 2) AS "Amount",
                    [10, 75, 100, 0][1 + (hash(i + 2) % 4)::INTEGER] AS "Probability"
                FROM range({rows}) AS t(i)
            ) TO '{path}' ({shape})""")
    return path


def measure(step: str, folder: Path, kind: str) -> dict[str, float]:
    """Seconds of one step, in this process, on a new database."""
    path = folder / f"opportunities.{kind}"
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        warehouse = Path(scratch) / "warehouse.duckdb"
        with path.open("rb") as stream:
            while stream.read(1 << 24):
                pass
        if step == "bare":
            read = f"read_{'parquet' if kind == 'parquet' else 'csv'}('{path}')"
            with session(warehouse) as connection:
                clock = Clock()
                connection.execute(f"CREATE TABLE bare AS SELECT * FROM {read}")
                return clock.read("bare")
        if step == "landing":
            return _land(warehouse, path, kind)
        return _all(warehouse, folder, Path(scratch))


def _land(warehouse: Path, path: Path, kind: Any) -> dict[str, float]:
    import pyarrow.csv
    import pyarrow.parquet  # noqa: F401

    from pipelines.ingest.landing import land
    from pipelines.ingest.mapping import CsvOptions
    from pipelines.ingest.source_file import SourceFile

    with session(warehouse) as connection:
        clock = Clock()
        land(connection, SourceFile(path, path.name, kind, CsvOptions()))
        return clock.read("landing")


def _all(warehouse: Path, folder: Path, scratch: Path) -> dict[str, float]:
    import great_expectations  # noqa: F401
    import pyarrow.csv
    import pyarrow.parquet  # noqa: F401
    from dbt.cli.main import dbtRunner

    from expectations import run_suites
    from pipelines.ingest import SourceInput, ingest_sources
    from pipelines.stages.transform import DBT_PROJECT

    seconds: dict[str, float] = {}
    with session(warehouse) as connection:
        clock = Clock()
        ingest_sources(
            connection, [SourceInput(folder / "mapping.yaml", folder)], run_id="benchmark"
        )
        seconds |= clock.read("ingest")
    suites = _suites_of_files(scratch / "suites")
    clock = Clock()
    failed = [result for result in run_suites(warehouse, "raw", suites) if not result.passed]
    seconds |= clock.read("gates")
    assert not [result for result in failed if result.severity == "error"], failed
    os.environ["TERRITORY_WAREHOUSE"] = str(warehouse)
    common = [
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(scratch / "target")),
        *("--vars", json.dumps({"as_of": "2026-06-30", "scenario": "default"})),
    ]
    quiet = ["--quiet", "--log-level", "none", "--log-path", str(scratch / "logs")]
    parsed = dbtRunner().invoke([*quiet, "parse", *common])
    clock = Clock()
    result = dbtRunner(manifest=parsed.result).invoke(
        [*quiet, "run", *common, "--select", "stg_crm__opportunity"]
    )
    if result.exception is not None:
        raise result.exception
    return seconds | clock.read("staging")


def _suites_of_files(folder: Path) -> Path:
    """The raw suites of what ingest makes; those of later observations need a last good load."""
    import yaml

    from expectations.suite import SUITES_FOLDER
    from pipelines.ingest.entities import ENTITIES

    tables = {entity.table for entity in ENTITIES.values()} | {"meta_load"}
    (folder / "raw").mkdir(parents=True)
    for path in (SUITES_FOLDER / "raw").glob("*.yaml"):
        if yaml.safe_load(path.read_text())["table"] in tables:
            (folder / "raw" / path.name).write_text(path.read_text())
    return folder


def in_a_process(step: str, folder: Path, kind: str) -> dict[str, float]:
    """`measure` in a process of its own, with its largest memory in GB."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.landing", "--step", step, str(folder), kind],
        check=True,
        capture_output=True,
        text=True,
    )
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def run(runs: int, scale: float, whole_rows: int) -> dict[str, Any]:
    """Medians of every step of every case; the whole way only up to `whole_rows` rows."""
    results: dict[str, Any] = {}
    for kind, full in CASES.items():
        rows = int(full * scale)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            path = generate(folder, kind, rows)
            measured: dict[str, list[float]] = {}
            for _ in range(runs):
                # Side by side in every round, so that a busy machine is busy for all.
                for step in ("bare", "landing", *(["all"] if rows <= whole_rows else [])):
                    for name, value in in_a_process(step, folder, kind).items():
                        measured.setdefault(name, []).append(value)
            medians = {name: statistics.median(values) for name, values in measured.items()}
            for cpu in ("", "_cpu"):
                bare = medians[f"bare{cpu}"]
                medians[f"landing{cpu}_ratio"] = medians[f"landing{cpu}"] / bare
                if f"ingest{cpu}" in medians:
                    steps = [medians[f"{step}{cpu}"] for step in ("ingest", "staging", "gates")]
                    medians[f"all{cpu}_ratio"] = sum(steps) / bare
            results[kind] = medians | {
                "rows": rows,
                "megabytes": path.stat().st_size / 1e6,
                "peak_gb": max(
                    value
                    for name, values in measured.items()
                    if name.startswith("peak_gb")
                    for value in values
                ),
            }
    return results


def page(results: dict[str, Any], runs: int) -> str:
    """The result as Markdown."""
    lines = [
        "# Landing",
        "",
        f"`python -m benchmarks.landing --runs {runs}`: medians of {runs} rounds, each step in a "
        f"process of its own, {os.cpu_count()} cores, Python {platform.python_version()}, DuckDB "
        f"{duckdb.__version__}, {platform.system()} {platform.machine()}. Bare: CREATE TABLE AS "
        "SELECT from the same file, types detected. Imports and dbt's parsing are left out. "
        f"A dash: not measured. Load of the machine at the end: {os.getloadavg()[0]:.0f}; "
        "where it exceeds the cores, the CPU seconds are what counts.",
        "",
        "| opportunities | MB | seconds | bare | landing | landing ÷ bare | ingest | staging "
        "| gates | all ÷ bare | most memory GB |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for kind, one in results.items():
        for cpu, word in (("", "wall"), ("_cpu", "CPU")):
            names = ("ingest", "staging", "gates", "all_ratio")
            keys = [f"{name.removesuffix('_ratio')}{cpu}" for name in names]
            keys[-1] += "_ratio"
            whole = " | ".join(f"{one[key]:.1f}" if key in one else "–" for key in keys)
            lines.append(
                f"| {one['rows']:,} from {kind} | {one['megabytes']:,.0f} | {word} |"
                f" {one[f'bare{cpu}']:.2f} | {one[f'landing{cpu}']:.2f} |"
                f" {one[f'landing{cpu}_ratio']:.1f} | {whole} | {one['peak_gb']:.1f} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run and write or print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the rows; for trials")
    parser.add_argument("--whole-rows", type=int, default=10_000_000, help="see run()")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--step", nargs=3, metavar=("STEP", "FOLDER", "KIND"))
    arguments = parser.parse_args()
    if arguments.step:
        step, folder, kind = arguments.step
        measured = measure(step, Path(folder), kind)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
        print(json.dumps(measured | {f"peak_gb_{step}": peak}))
        return
    results = run(arguments.runs, arguments.scale, arguments.whole_rows)
    text = page(results, arguments.runs)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
