"""A BI tool renders its dashboard over the published release.

Its environment is 860 MB and takes minutes to install, so this runs where somebody set it up.
"""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.local_page import WIDTHS, needs_chromium, opened
from tests.browser.test_dagster_ui import free_port

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(
        not (ROOT / ".venv-superset" / ".installed").is_file(),
        reason="Superset is not installed; `make superset` installs it",
    ),
]

START_SECONDS = 300


@pytest.fixture(scope="module")
def superset(sample_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Superset of its own over the sample company."""
    port = free_port()
    home = tmp_path_factory.mktemp("superset")
    server = subprocess.Popen(
        [ROOT / "docs" / "superset" / "start.sh", sample_data_dir, str(port)],
        env=os.environ | {"SUPERSET_HOME": str(home)},
        stdout=(home / "start.log").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert server.poll() is None, (home / "start.log").read_text()[-2_000:]
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5)
                break
            except OSError:
                assert time.monotonic() < deadline, (home / "start.log").read_text()[-2_000:]
                time.sleep(1)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def test_the_dashboard_shows_the_plan_on_a_desk_and_on_a_phone(
    superset: str, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    with opened(f"{superset}/login/", 1440, 1200) as found:
        page = found.page
        page.wait_for_load_state("networkidle")
        page.locator("#username").fill("admin", timeout=60_000)
        page.locator("#password").fill("admin")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "login" not in url, timeout=60_000)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 1200})
            page.goto(f"{superset}/superset/dashboard/territory-plan/?standalone=2")
            expect(page.get_by_text("Workload of each rep")).to_be_visible(timeout=120_000)
            expect(page.locator("canvas").first).to_be_visible(timeout=120_000)
            expect(page.get_by_text("Moves with the most sales at stake")).to_be_visible()
            assert page.get_by_text("Unexpected error").count() == 0
            page.screenshot(path=tmp_path / f"superset_{width}.png", full_page=True)
        # What its own pages would load from elsewhere, the browser was told to block.
        away = {url for url in found.requests if not url.startswith(superset)}
        blocked = [text for text in found.messages if "has been blocked" in text]
        assert [url for url in away if not any(url in text for text in blocked)] == []
