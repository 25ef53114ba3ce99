"""Recorded runs: a JSON list that grows run by run, with the machine and versions behind each."""

import argparse
import json
import os
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.sample_company import processor

PACKAGES = ("numpy", "polars", "numba", "scipy", "pyomo", "highspy")
Run = dict[str, Any]


class RunLog:
    """Runs in a file; a run is found again by what it was asked to do, so work is resumable."""

    def __init__(self, path: Path | None, keys: tuple[str, ...]) -> None:
        """path: None keeps the runs in memory only. keys: the fields that identify a run."""
        self.path = path
        self.keys = keys
        self.runs: list[Run] = []
        if path is not None and path.is_file():
            self.runs = json.loads(path.read_text(encoding="utf-8"))

    def find(self, wanted: Mapping[str, object]) -> Run | None:
        """The run of these key values, if it was recorded."""
        for run in self.runs:
            if all(run.get(key) == wanted[key] for key in self.keys):
                return run
        return None

    def record(self, run: Run) -> None:
        """Add the run, or replace the one of the same key; the file is swapped in whole."""
        known = self.find(run)
        self.runs = [one for one in self.runs if one is not known] + [run]
        self.runs.sort(key=lambda one: [one[key] for key in self.keys])
        if self.path is not None:
            draft = self.path.with_name(self.path.name + ".part")
            draft.write_text(json.dumps(self.runs, indent=1) + "\n", encoding="utf-8")
            draft.replace(self.path)


def publish(
    parser: argparse.ArgumentParser,
    log: RunLog,
    report: Callable[[list[Run]], str],
    out: Path | None,
) -> None:
    """Print the page of all recorded runs, and write it to `out`; without runs, a usage error."""
    if not log.runs:
        parser.error("nothing is recorded yet")
    page = report(log.runs)
    print(page)
    if out is not None:
        out.write_text(page, encoding="utf-8")


def machine(*more_packages: str) -> dict[str, Any]:
    """Where a run took place and with what."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in (*PACKAGES, *more_packages)},
    }


def machine_line(found: Mapping[str, Any]) -> str:
    """The same as a sentence for the head of a page."""
    versions = [name for name in found if name in PACKAGES or name in ("ortools",)]
    others = [name for name in found if name.startswith("k-means")]
    return (
        f"{found['cores']} cores, {found['processor']}, {found['memory_gb']:g} GB, "
        f"{found['system']}; Python {found['python']}, "
        + ", ".join(f"{name} {found[name]}" for name in (*versions, *others))
        + "."
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; all columns but the first are aligned right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
