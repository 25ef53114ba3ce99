"""An analyst opens the Dagster UI in a real browser and finds the graph and its checks."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
STARTUP_SECONDS = 120

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium here; `apt-get install chromium`"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def dagster_ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the web server on our workspace."""
    home = tmp_path_factory.mktemp("dagster_ui")
    shutil.copy(ROOT / "config" / "dagster.yaml", home / "dagster.yaml")
    port = free_port()
    log = (home / "webserver.log").open("w")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "dagster_webserver", "--workspace", "workspace.yaml"),
            *("--host", "127.0.0.1", "--port", str(port)),
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


def test_the_asset_graph_shows_source_files_plan_and_release(
    dagster_ui: str, tmp_path: Path
) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
                *("--disable-background-networking", "--disable-component-update"),
                "--disable-sync",
            ],
        )
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.goto(f"{dagster_ui}/assets", wait_until="domcontentloaded")
        expect(page.get_by_text("fct_assignment").first).to_be_visible(timeout=60_000)
        page.goto(f"{dagster_ui}/assets/fct_assignment", wait_until="domcontentloaded")
        expect(page.get_by_text("One row per").first).to_be_visible(timeout=60_000)
        page.goto(f"{dagster_ui}/assets/fct_assignment?view=checks", wait_until="domcontentloaded")
        expect(page.get_by_text("fct_assignment_rep_present").first).to_be_visible(timeout=60_000)
        page.screenshot(path=str(tmp_path / "checks.png"))
        browser.close()
