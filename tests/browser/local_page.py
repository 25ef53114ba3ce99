"""Open a page in headless Chromium the way a reader does, and see what it says and asks for."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium here; `apt-get install chromium`"
)

WIDTHS = (1440, 400)

HOSTILE_NAMES = (
    "<script>document.title='taken'</script>",
    "\"quoted\" & 'single' <b>bold</b>",
    "شركة الاختبار ‮txt.exe",
    "🚀 Rocket 🧑‍🚀 & Söhne",
    "L" + "o" * 298 + "g",
    "=1+1",
    "+1-800-FLOWERS",
    "-2+3",
    "@SUM(1,1)",
    "</script><img src=x onerror=alert(1)>",
    "Plain Inc.",
)
"""What a CRM may call somebody; all of it must show as text."""

# What axe calls minor or moderate is advice; these two bar people from the page.
SEVERE = ("serious", "critical")

_SPOILT_LABELS = """() => {
  const found = [];
  for (const chart of document.querySelectorAll("svg")) {
    const frame = chart.getBoundingClientRect();
    if (!frame.width) continue;
    const texts = [...chart.querySelectorAll("text")].map(
      (text) => [text.textContent, text.getBoundingClientRect()]);
    texts.forEach(([text, box], index) => {
      if (box.left < frame.left - 1 || box.right > frame.right + 1
          || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
        found.push(text + " leaves its chart");
      for (const [other, place] of texts.slice(index + 1))
        if (Math.min(box.right, place.right) - Math.max(box.left, place.left) > 1
            && Math.min(box.bottom, place.bottom) - Math.max(box.top, place.top) > 3)
          found.push(text + " lies on " + other);
    });
  }
  return found;
}"""

_PAINTED_SHARE = """(canvas) => {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) painted += 1;
  return painted / (pixels.length / 4);
}"""


@dataclass
class Opened:
    """A page with what it wrote to the console and asked from any host."""

    page: "Page"
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def is_quiet(self) -> bool:
        """Whether nothing was written to the console and no request left the machine."""
        assert self.messages == []
        assert self.requests == []
        return True

    def overflow_pixels(self) -> int:
        """By how much the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def spoilt_labels(self) -> list[str]:
        """Texts of charts that leave their chart or lie on another text of it."""
        found: list[str] = self.page.evaluate(_SPOILT_LABELS)
        return found

    def painted_share(self, canvas: str) -> float:
        """Share of the pixels of `canvas` that are not its background; 0 where it is empty."""
        return float(self.page.locator(canvas).evaluate(_PAINTED_SHARE))

    def severe_violations(self) -> list[str]:
        """What axe finds that bars people from the page."""
        import axe_playwright_python

        source = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
        self.page.evaluate(source)
        found: list[dict[str, Any]] = json.loads(
            self.page.evaluate(
                "axe.run(document, {resultTypes: ['violations']})"
                ".then(result => JSON.stringify(result.violations))"
            )
        )
        return [
            f"{rule['id']}: {rule['nodes'][0]['html'][:200]} ({len(rule['nodes'])})"
            for rule in found
            if rule["impact"] in SEVERE
        ]


# The browser that the pages of a module share, while there is one.
_shared: list["Browser"] = []


@contextmanager
def launched() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
                *("--disable-background-networking", "--disable-component-update"),
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


@contextmanager
def shared_browser() -> Iterator[None]:
    """Until it ends, `opened` opens its pages in one browser: a launch takes 1.5 s of CPU."""
    with launched() as browser:
        _shared.append(browser)
        yield
        _shared.remove(browser)


@contextmanager
def opened(address: str, width: int, height: int = 900) -> Iterator[Opened]:
    """The page at `address` in a window of `width` × `height` pixels, as a visitor who is new."""
    with ExitStack() as stack:
        browser = _shared[-1] if _shared else stack.enter_context(launched())
        page = browser.new_page(viewport={"width": width, "height": height})
        stack.callback(page.context.close)
        result = Opened(page)
        page.on("console", lambda message: result.messages.append(message.text))
        page.on("pageerror", lambda error: result.messages.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("file:", "data:", "blob:"))
                else result.requests.append(request.url)
            ),
        )
        page.goto(address, wait_until="load")
        yield result
