"""A BI tool renders its dashboard over the published release, and the next plan after that.

Superset's environment is 720 MB, so this runs where continuous integration or somebody set it up.
"""

import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.browser.local_page import WIDTHS, needs_chromium, opened
from tests.browser.test_dagster_ui import free_port

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(
        not os.environ.get("CI") and not (ROOT / ".venv-superset" / ".installed").is_file(),
        reason="Superset is not installed; `make superset` or docs/superset/install.sh does it",
    ),
]

START_SECONDS = 600
LOAD_MS = 120_000


@pytest.fixture(scope="module")
def data_dir(sample_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of its own with the sample company's release in it, to publish over."""
    folder = tmp_path_factory.mktemp("superset") / "data"
    release = folder / "releases" / "first"
    release.mkdir(parents=True)
    shutil.copy(sample_data_dir / "published" / "territory.duckdb", release)
    (folder / "published").symlink_to("releases/first")
    return folder


@pytest.fixture(scope="module")
def superset(data_dir: Path) -> Iterator[str]:
    """The address of a Superset of its own over `data_dir`, started by the documented script."""
    port = free_port()
    log = data_dir.parent / "start.log"
    with log.open("w") as file:
        server = subprocess.Popen(
            [ROOT / "docs" / "superset" / "start.sh", data_dir, str(port)],
            env=os.environ | {"SUPERSET_HOME": str(data_dir.parent / "home")},
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert server.poll() is None, log.read_text()[-2_000:]
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5)
                break
            except OSError:
                assert time.monotonic() < deadline, log.read_text()[-2_000:]
                time.sleep(1)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def publish_next(data_dir: Path) -> None:
    """A second release that moves 12,345 accounts takes the place of the first, as runs do it."""
    shutil.copytree(data_dir / "releases" / "first", data_dir / "releases" / "second")
    with duckdb.connect(str(data_dir / "releases" / "second" / "territory.duckdb")) as connection:
        connection.execute("UPDATE kpi_plan SET moved_accounts = 12345")
    (data_dir / "next").symlink_to("releases/second")
    (data_dir / "next").replace(data_dir / "published")


def test_the_dashboard_shows_the_plan_on_a_desk_and_on_a_phone_and_the_next_plan(
    superset: str, data_dir: Path, published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    (moved,) = published.execute(
        "SELECT moved_accounts FROM kpi_plan WHERE plan_version = 'proposed'"
    ).fetchone() or (None,)
    (account,) = published.execute(
        "SELECT account_name FROM fct_move JOIN dim_account USING (account_id) "
        "ORDER BY sales_at_stake_usd DESC LIMIT 1"
    ).fetchone() or (None,)
    dashboard = f"{superset}/superset/dashboard/territory-plan/?standalone=2"
    with opened(f"{superset}/login/?next={dashboard.replace('?', '%3F')}", 1440, 2032) as found:
        page = found.page
        page.locator("#username").fill("admin", timeout=LOAD_MS)
        page.locator("#password").fill("admin")
        page.keyboard.press("Enter")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 2032})
            if width != WIDTHS[0]:
                page.reload()
            expect(page.get_by_text(f"{moved:,}", exact=True)).to_be_visible(timeout=LOAD_MS)
            expect(page.get_by_text(account).first).to_be_visible(timeout=LOAD_MS)
            expect(page.locator("canvas")).to_have_count(2, timeout=LOAD_MS)
            for problem in ("Unexpected error", "No results", "No data"):
                assert page.get_by_text(problem).count() == 0, problem
            assert found.overflow_pixels() <= 0
            page.wait_for_timeout(1_500)  # The bars grow for a second.
            page.screenshot(path=tmp_path / f"superset_{width}.png", full_page=True)
        publish_next(data_dir)
        page.reload()
        expect(page.get_by_text("12,345", exact=True)).to_be_visible(timeout=LOAD_MS)
        # What its own pages would load from elsewhere, the browser was told to block.
        away = {url for url in found.requests if not url.startswith(superset)}
        blocked = [text for text in found.messages if "has been blocked" in text]
        assert [url for url in away if not any(url in text for text in blocked)] == []
