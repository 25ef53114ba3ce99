"""Time and memory of generating a sample company of 10,000 to 1,000,000 accounts.

    python benchmarks/sample_company.py            # prints the table
    python benchmarks/sample_company.py --write    # and writes benchmarks/results/sample_company.md

Each size runs in a process of its own, so that peaks of memory do not hide behind each other.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from datetime import date
from importlib.metadata import version
from os import cpu_count
from pathlib import Path

SIZES = ((10_000, 100), (100_000, 1_000), (1_000_000, 1_000))
RESULT = Path(__file__).parent / "results" / "sample_company.md"


def measure(accounts: int, reps: int) -> dict[str, float]:
    """Seconds, peak memory, rows and bytes of one company; to be run in a fresh process."""
    import resource
    import time

    from pipelines.sample import CompanySettings, generate_company

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        start = time.perf_counter()
        summary = generate_company(CompanySettings(accounts, reps, 7, date(2026, 6, 30), out))
        seconds = time.perf_counter() - start
        size = sum(path.stat().st_size for path in out.iterdir())
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": seconds,
        "peak_mb": peak_kb / 1024,
        "rows": summary.total_rows,
        "written_mb": size / 1e6,
    }


def processor() -> str:
    """The processor's name where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def report() -> str:
    """The result as a Markdown page."""
    lines = [
        "# Generating the sample company",
        "",
        "`python benchmarks/sample_company.py --write`",
        "",
        f"Machine: {cpu_count()} cores, {processor()}; Python {platform.python_version()}, "
        f"numpy {version('numpy')}, polars {version('polars')}. Seed 7, 24 months of history.",
        "",
        "| accounts | reps | rows written | MB written | seconds | peak memory, MB |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for accounts, reps in SIZES:
        result = subprocess.run(
            [sys.executable, __file__, "--measure", str(accounts), str(reps)],
            check=True,
            capture_output=True,
            text=True,
        )
        found = json.loads(result.stdout)
        lines.append(
            f"| {accounts:,} | {reps:,} | {found['rows']:,} | {found['written_mb']:,.0f} | "
            f"{found['seconds']:.1f} | {found['peak_mb']:,.0f} |"
        )
    lines += [
        "",
        "Memory follows the size of a chunk (10,000 accounts) and, a little, the number of reps "
        "(odds of ownership by county), not the number of accounts.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the sample company generator.")
    parser.add_argument("--write", action="store_true", help="write the result file, too")
    parser.add_argument("--measure", nargs=2, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(*arguments.measure)))
        return
    text = report()
    print(text)
    if arguments.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)


if __name__ == "__main__":
    main()
