"""Plans of a frontier in processes of their own."""

import os

import pytest

from pipelines.errors import TerritoryError
from pipelines.stages.study_workers import side_by_side


def in_processes() -> None:
    with side_by_side(2) as run:
        assert list(run(abs, [-3, 2, -1])) == [3, 2, 1]
        list(run(os._exit, [1]))


def test_results_come_in_order_and_a_killed_process_is_told() -> None:
    with pytest.raises(TerritoryError, match="was killed, perhaps for want of memory"):
        in_processes()
