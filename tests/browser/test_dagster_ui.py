"""An analyst opens the Dagster UI over a real run: graph, figures, checks; names stay text."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.local_page import HOSTILE_NAMES, WIDTHS, needs_chromium, opened

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
STARTUP_SECONDS = 120

pytestmark = needs_chromium


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def dagster_home_of_a_run(
    sample_data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """What Dagster kept of the run of the sample company, and a table with hostile metadata."""
    from dagster import AssetMaterialization, DagsterInstance

    home = tmp_path_factory.mktemp("dagster_ui") / "home"
    shutil.copytree(sample_data_dir.parent / "dagster_home", home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        with DagsterInstance.get() as instance:
            instance.report_runless_asset_event(
                AssetMaterialization(
                    "quarantined_row",
                    metadata={f"name_{n}": name for n, name in enumerate(HOSTILE_NAMES)},
                )
            )
        yield home


@pytest.fixture(scope="module")
def dagster_ui(dagster_home_of_a_run: Path) -> Iterator[str]:
    """The address of the web server on our workspace."""
    home = dagster_home_of_a_run
    port = free_port()
    log = (home / "webserver.log").open("w")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "dagster_webserver", "--workspace", "workspace.yaml"),
            *("--host", "127.0.0.1", "--port", str(port), "--read-only"),
        ],
        cwd=ROOT,
        env=os.environ | {"DAGSTER_HOME": str(home)},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + STARTUP_SECONDS
        while True:
            assert server.poll() is None, (home / "webserver.log").read_text()[-2_000:]
            try:
                urllib.request.urlopen(f"{address}/server_info", timeout=2)
                break
            except OSError:
                assert time.monotonic() < deadline, "the web server did not start"
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


LOAD_MS = 120_000


def narrow_graph(page: "Page", dagster_ui: str, tmp_path: Path) -> None:
    """The neighbours of a table lie within a phone's window, navigation put away as above.

    Not so the graph of everything: Dagster gives it 400 pixels beside the navigation's 68, and
    its list of groups 300 more, whatever the window (docs/operations.md).
    """
    from playwright.sync_api import expect

    page.set_viewport_size({"width": WIDTHS[1], "height": 1000})
    page.goto(f"{dagster_ui}/assets/plan_binding?view=lineage", wait_until="domcontentloaded")
    for table in ("plan_shadow_price", "release"):
        shown = page.get_by_text(table, exact=True).last
        expect(shown).to_be_in_viewport(ratio=1, timeout=LOAD_MS)
    page.wait_for_timeout(1_000)
    page.screenshot(path=tmp_path / "lineage_400.png")
    page.set_viewport_size({"width": WIDTHS[0], "height": 1000})


def test_a_click_opens_the_report_and_the_plan_is_told_in_words(
    dagster_ui: str, sample_data_dir: Path, tmp_path: Path
) -> None:
    """As under `make dev`; the pages' own port may be taken, so another one answers for it."""
    port = free_port()
    folder = (sample_data_dir / "published").resolve().name
    command = ("serve", "--data-dir", str(sample_data_dir), "--port", str(port))
    with (
        subprocess.Popen([sys.executable, "-m", "pipelines.cli", *command], cwd=ROOT) as pages,
        opened(f"{dagster_ui}/assets/release", WIDTHS[0], 1000) as found,
    ):
        try:
            page = found.page
            page.context.route(
                "http://127.0.0.1:3001/**",
                lambda route: route.continue_(url=route.request.url.replace("3001", str(port), 1)),
            )
            link = page.get_by_role("link", name=f"http://127.0.0.1:3001/{folder}/report.html")
            with page.expect_popup(timeout=LOAD_MS) as popup:
                link.click(timeout=LOAD_MS)
            report = popup.value
            report.wait_for_selector("#balance-chart svg", timeout=LOAD_MS)
            assert "accounts change their rep" in report.locator("#summary .verdict").inner_text()
            page.get_by_text("Show Markdown").or_(page.get_by_text("[Show Markdown]")).first.click()
            page.get_by_text("It is proved that no plan under the same policy").wait_for()
            page.screenshot(path=tmp_path / "in_words_1440.png")
        finally:
            pages.terminate()


def test_an_analyst_finds_graph_figures_and_checks_of_the_run(
    dagster_ui: str, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    with opened(f"{dagster_ui}/assets", WIDTHS[0], 1000) as found:
        page = found.page

        def look(path: str, *texts: str, name: str) -> None:
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 1000})
                if width == WIDTHS[0]:
                    page.goto(dagster_ui + path, wait_until="domcontentloaded")
                for text in texts:
                    shown = page.get_by_text(text).first
                    expect(shown).to_be_attached(timeout=LOAD_MS)
                page.screenshot(path=tmp_path / f"{name}_{width}.png", timeout=LOAD_MS)
            page.set_viewport_size({"width": WIDTHS[0], "height": 1000})

        look("/asset-groups", "source_files", "marts", "publication", name="graph")
        # Dagster remembers that the navigation is put away; the graph then fits what it has.
        page.get_by_text("Hide navigation").click()
        page.goto(f"{dagster_ui}/asset-groups", wait_until="domcontentloaded")
        expect(page.get_by_text("publication", exact=True).last).to_be_visible(timeout=LOAD_MS)
        page.wait_for_timeout(1_000)
        page.screenshot(path=tmp_path / "graph_without_navigation_1440.png")
        # Groups read from left to right, as the data go.
        groups = ("source_files", "ingest", "staging", "planning", "marts", "publication")
        places = [
            max(
                box["x"]
                for one in page.get_by_text(group, exact=True).all()
                if (box := one.bounding_box())
            )
            for group in groups
        ]
        assert places == sorted(places)
        look(
            "/assets/release",
            *("Row count", "optimality_gap_pct", "report.html", "sales-operations", "Parquet"),
            name="release",
        )
        page.get_by_text("Plots", exact=True).click()
        for figure in ("optimality_gap_pct", "moved_accounts", "market_penetration_pct"):
            expect(page.get_by_text(figure, exact=True)).to_be_visible(timeout=LOAD_MS)
        assert page.locator("canvas").count() >= 8
        page.screenshot(path=tmp_path / "plots_1440.png")
        look("/assets/fct_assignment", "One row per", "1,200", "runner_up_rep_id", name="table")
        look("/assets/fct_assignment?view=checks", "fct_assignment_rep_present", name="checks")
        narrow_graph(page, dagster_ui, tmp_path)
        look("/assets/quarantined_row", "name_0", HOSTILE_NAMES[-1], name="hostile")
        shown = page.locator("body").inner_text()
        assert [name for name in HOSTILE_NAMES if name not in shown] == []
        assert page.locator('img[src="x"]').count() == 0
        assert page.title() != "taken"
        assert [url for url in found.requests if not url.startswith((dagster_ui, "ws:"))] == []
