"""The loads of a small project, one after another."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_loads import Loads


@pytest.fixture
def loads(tmp_path: Path) -> Iterator[Loads]:
    made = Loads(tmp_path)
    yield made
    made.connection.close()
