"""One browser for all pages of a file that asks for it."""

from collections.abc import Iterator

import pytest

from tests.browser.local_page import CHROMIUM, shared_browser


@pytest.fixture(scope="module")
def one_browser() -> Iterator[None]:
    """Each page has a window of its own. It ends with the file, since its event loop does."""
    if CHROMIUM is None:
        yield
        return
    with shared_browser():
        yield
