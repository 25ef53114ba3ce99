"""The engine on generalized assignment instances, beside solvers that know nothing of it.

    python -m benchmarks.gap FILE… --seconds 60 --json results.json
        [--rivals highs,scip,cpsat] [--best-known CSV] [--threads 2] [--out PAGE]

Any file of the public format (see `gap_instances`) runs through the engine that plans territories,
each in a fresh process; every assignment is checked against the numbers of the file alone. The JSON
is rewritten after each solver and a later call skips what is there for the same file, seconds,
threads and code. Rivals run on an instance right after the engine, under the same limits.

--best-known: CSV with the columns `Path` (folder and file) and `Best known solution value`.
Exit code 0; 1 where a solver failed or an assignment is wrong; 2 for a file that is no instance.
"""

import argparse
import csv
import hashlib
import json
import math
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from itertools import takewhile
from pathlib import Path
from typing import Any

from benchmarks.gap_instances import BadInstance, Instance, file_hash, read_instance
from benchmarks.gap_rivals import RIVALS, rival_version
from benchmarks.gap_run import ENGINE
from benchmarks.run_log import machine, machine_line

ROOT = Path(__file__).resolve().parent.parent
# A process gets this long beyond its limit before it is ended: imports, reading and one long step.
GRACE_SECONDS = 120
Record = dict[str, Any]


def code_version() -> str:
    """Hash of the engine and of the scripts that call it."""
    files = sorted((ROOT / "optimization").rglob("*.py")) + sorted(
        (ROOT / "benchmarks").glob("gap*.py")
    )
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def best_known_values(path: Path) -> dict[str, float]:
    """Best known value by the end of the file's path."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["Path"]: float(row["Best known solution value"]) for row in rows}


def measure(
    solver: str, path: Path, instance: Instance, seconds: float, threads: int, code: str
) -> Record:
    """Run one solver in a fresh process and check what it says."""
    asked = {"code": code, "seconds_limit": seconds, "threads": threads}
    command = [sys.executable, "-m", "benchmarks.gap_run", solver, str(path.resolve())]
    command += ["--seconds", str(seconds), "--threads", str(threads)]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=seconds + GRACE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return asked | _nothing("failed", f"did not stop {GRACE_SECONDS} s after its limit")
    if done.returncode:
        last = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        return asked | _nothing("failed", last)
    found: Record = json.loads(done.stdout.strip().splitlines()[-1])
    assignment = found.pop("assignment")
    bound = found["bound"]
    if bound is not None and instance.is_whole:
        # Every plan has a whole cost; the room is for the solver's own rounding.
        bound = float(math.ceil(bound - 1e-6 * max(abs(bound), 1.0)))
    value, fault = (None, None) if assignment is None else instance.check(assignment)
    if value is not None and bound is not None and bound > value and fault is None:
        fault = f"bound {bound:g} above the value {value:g}"
    gap = None
    if value is not None and bound is not None:
        gap = 100 * (value - bound) / abs(value) if value else 0.0
    found |= {"value": value, "bound": bound, "gap_pct": gap, "fault": fault}
    if gap == 0 and fault is None:
        found["status"] = "optimal"
    return asked | found | {"assignment": assignment}


def _nothing(status: str, fault: str) -> Record:
    empty = dict.fromkeys(("value", "bound", "gap_pct", "seconds", "peak_memory_mb", "assignment"))
    return empty | {"status": status, "fault": fault}


class Results:
    """The JSON file: one record per instance, whole after every write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[Record] = []
        if path.exists():
            self.records = json.loads(path.read_text(encoding="utf-8"))["instances"]

    def of(self, path: Path, instance: Instance) -> Record:
        """The record of a file, new or continued; another content is another instance."""
        digest = file_hash(path)
        for record in self.records:
            if record["file"] == str(path) and record["sha256"] == digest:
                return record
        self.records = [record for record in self.records if record["file"] != str(path)]
        record = {
            "instance": name_of(path),
            "file": str(path),
            "sha256": digest,
            "agents": instance.agents,
            "jobs": instance.jobs,
            "best_known": None,
            "runs": {},
        }
        self.records.append(record)
        return record

    def write(self) -> None:
        partial = self.path.with_name(self.path.name + ".partial")
        partial.write_text(json.dumps({"instances": self.records}, indent=1), encoding="utf-8")
        partial.replace(self.path)


def name_of(path: Path) -> str:
    """Folder and file: names alone repeat between sets."""
    return "/".join(path.resolve().parts[-2:])


def table(records: list[Record]) -> str:
    """One line per instance and solver."""
    width = max([len(record["instance"]) for record in records] + [8])
    head = f"{'instance':{width}} {'solver':7} {'value':>10} {'best known':>10} {'to best':>9}"
    head += f" {'bound':>12} {'gap':>9} {'seconds':>8} {'MB':>6}  status"
    lines = [head]
    for record in records:
        for solver, run in record["runs"].items():
            line = f"{record['instance']:{width}} {solver:7} {_number(run['value'], 10)}"
            line += f" {_number(record['best_known'], 10)} {_pct(_to_best(record, run))}"
            line += f" {_number(run['bound'], 12)} {_pct(run['gap_pct'])}"
            line += f" {_number(run['seconds'], 8, 1)} {_number(run['peak_memory_mb'], 6)}"
            fault = f" ({run['fault']})" if run["fault"] else ""
            lines.append(f"{line}  {run['status']}{fault}")
    return "\n".join(lines)


def summary(records: list[Record]) -> str:
    """Mean and largest gaps of each solver."""
    lines = []
    for solver in (ENGINE, *RIVALS):
        runs = [(record, record["runs"][solver]) for record in records if solver in record["runs"]]
        if not runs:
            continue
        line = f"{solver}: {len(runs)} instances"
        found = [(record, run) for record, run in runs if run["value"] is not None]
        line += f", {len(runs) - len(found)} without a plan"
        line += f", {sum(run['status'] == 'optimal' for _, run in runs)} proved optimal"
        best = [gap for record, run in found if (gap := _to_best(record, run)) is not None]
        if best:
            line += f"; to best known mean {sum(best) / len(best):.4f} %, max {max(best):.4f} %"
        gaps = [run["gap_pct"] for _, run in found if run["gap_pct"] is not None]
        if gaps:
            line += f"; to own bound mean {sum(gaps) / len(gaps):.4f} %, max {max(gaps):.4f} %"
        lines.append(line)
    return "\n".join(lines)


def family_of(record: Record) -> str:
    """The letters that a file's name begins with: the sets name their types so."""
    return "".join(takewhile(str.isalpha, record["instance"].rpartition("/")[2]))


def page(records: list[Record], seconds: float, threads: int) -> str:
    """The results as a Markdown page."""
    families = dict.fromkeys(family_of(record) for record in records)
    parts = [
        "# Generalized assignment",
        f"`python -m benchmarks.gap FILE… --seconds {seconds:g} --threads {threads}`, each run in "
        "a process of its own. To best: value above the best known one. Gap: value above the "
        "solver's own bound.",
        f"Machine: {machine_line(machine())}",
    ]
    for family in families:
        members = [record for record in records if family_of(record) == family]
        parts += [f"## Type {family}", f"```\n{summary(members)}\n\n{table(members)}\n```"]
    return "\n\n".join([*parts, "## All", f"```\n{summary(records)}\n```"]) + "\n"


def _to_best(record: Record, run: Record) -> float | None:
    if run["value"] is None or not record["best_known"]:
        return None
    return 100 * (run["value"] / record["best_known"] - 1)


def _number(value: float | None, width: int, digits: int = 0) -> str:
    if value is None:
        return f"{'-':>{width}}"
    return f"{value:{width}.{digits if digits or value % 1 == 0 else 2}f}"


def _pct(value: float | None) -> str:
    return f"{'-':>9}" if value is None else f"{value:8.4f}%"


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gap", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", type=Path, required=True, metavar="FILE")
    parser.add_argument("--rivals", default="", metavar=",".join(RIVALS))
    parser.add_argument("--best-known", type=Path, metavar="CSV")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, metavar="PAGE", help="write a Markdown page, too")
    asked = parser.parse_args(words)
    asked.rivals = [name for name in asked.rivals.split(",") if name]
    unknown = [name for name in asked.rivals if name not in RIVALS]
    if unknown:
        parser.error(f"unknown rival {', '.join(unknown)}; known are {', '.join(RIVALS)}")
    if not asked.seconds > 0 or asked.threads < 1:
        parser.error("--seconds and --threads must be positive")
    return asked


def main(words: list[str] | None = None) -> int:
    asked = arguments(words)
    try:
        instances = [(path, read_instance(path)) for path in asked.files]
        versions = {name: rival_version(name) for name in asked.rivals}
    except BadInstance as error:
        print(error, file=sys.stderr)
        return 2
    except PackageNotFoundError as error:
        print(f"{error.name} is not installed: pip install '.[bench]'", file=sys.stderr)
        return 2
    versions = {ENGINE: code_version()} | versions
    best = best_known_values(asked.best_known) if asked.best_known else {}
    results = Results(asked.json)
    chosen = []
    for path, instance in instances:
        record = results.of(path, instance)
        record["best_known"] = best.get(record["instance"], record["best_known"])
        chosen.append(record)
        for solver, code in versions.items():
            wanted = {"code": code, "seconds_limit": asked.seconds, "threads": asked.threads}
            old = record["runs"].get(solver, {})
            if any(old.get(key) != value for key, value in wanted.items()):
                record["runs"][solver] = measure(
                    solver, path, instance, asked.seconds, asked.threads, code
                )
                results.write()
                shown = dict(record, runs={solver: record["runs"][solver]})
                print(table([shown]).splitlines()[1], flush=True)
    results.write()
    print(f"\n{table(chosen)}\n\n{summary(chosen)}")
    if asked.out:
        asked.out.write_text(page(chosen, asked.seconds, asked.threads), encoding="utf-8")
    return int(any(run["fault"] for record in chosen for run in record["runs"].values()))


if __name__ == "__main__":
    sys.exit(main())
