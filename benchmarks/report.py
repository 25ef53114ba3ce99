"""How long the plan report takes to write and to open, by size of the book.

    python -m benchmarks.report --out benchmarks/results/report.md

A made-up release of each size; the page is opened from disk in headless Chromium until its map is
drawn and its moves are listed, each time in a new browser. Quoted are medians.
"""

import argparse
import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.run_log import processor
from benchmarks.synthetic_release import AS_OF, write_release

SIZES = ((2_000, 40), (20_000, 100), (200_000, 500), (1_000_000, 1_000))
PROMISED = "20,000 × 100: written in 20 s, opened in 3 s, below 15 MB."


def write_seconds(release: Path) -> tuple[float, float]:
    """Seconds to write the report of `release`, by the clock and of the processor."""
    from pipelines.report.write import write_report

    started, worked = time.perf_counter(), time.process_time()
    write_report(release, release / "none", company="Made up", scenario="default", as_of=AS_OF)
    return time.perf_counter() - started, time.process_time() - worked


def open_seconds(page: Path) -> float:
    """Seconds from asking for the page to map and moves on the screen."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        started = time.perf_counter()
        tab.goto(page.as_uri(), wait_until="load")
        tab.locator("#moves-table tbody tr").first.wait_for()
        # Two frames: the one that draws the map, and one after it.
        tab.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        seconds = time.perf_counter() - started
        browser.close()
    return seconds


def result(runs: int) -> str:
    """The result as Markdown."""
    lines = [
        "# Plan report",
        "",
        f"`python -m benchmarks.report --runs {runs}`: {processor()}, Python "
        f"{platform.python_version()}, {platform.system()} {platform.machine()}; medians of "
        f"{runs} runs. {PROMISED}",
        "",
        "| accounts | reps | written s | CPU s | opened s | MB |",
        "|---|---|---|---|---|---|",
    ]
    for accounts, reps in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            release = write_release(Path(folder), accounts, reps)
            times = [write_seconds(release) for _ in range(runs)]
            written, worked = (statistics.median(column) for column in zip(*times, strict=True))
            page = release / "report.html"
            seen = statistics.median(open_seconds(page) for _ in range(runs))
            size = page.stat().st_size / 1e6
        lines.append(
            f"| {accounts:,} | {reps:,} | {written:.1f} | {worked:.1f} | {seen:.1f} | {size:.1f} |"
        )
        print(lines[-1], file=sys.stderr)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    text = result(arguments.runs)
    print(text)
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
