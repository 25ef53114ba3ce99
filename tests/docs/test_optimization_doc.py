"""docs/optimization.md: its example runs as it stands there, and it names every setting."""

import doctest

import pytest

from pipelines.settings.policy_reference import DOCUMENT, policy_reference, with_reference


def test_the_example_runs_as_it_stands() -> None:
    outcome = doctest.testfile(str(DOCUMENT), module_relative=False, verbose=False)
    assert outcome.attempted > 10
    assert outcome.failed == 0


def test_the_reference_is_that_of_the_policy() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert document == with_reference(document, policy_reference()), "run `make schemas`"


def test_the_reference_gives_type_default_and_meaning() -> None:
    lines = policy_reference().splitlines()
    assert "| `on_infeasible` | relax \\| stop | relax | " in "\n".join(lines)
    assert any(line.startswith("| `seed` | whole number ≥ 0 | 7 | ") for line in lines)
    assert any(
        line.startswith("| `metrics` | list of blocks | hours ±5 %, potential") for line in lines
    )
    assert "**`travel.matrix`.**" in "\n".join(lines)
    assert "**`locks[]`.**" in "\n".join(lines)
    # Every row has four cells, whatever stands in them.
    rows = [line for line in lines if line.startswith("| `")]
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows)


def test_a_document_without_its_place_is_told() -> None:
    with pytest.raises(ValueError, match="end of policy reference"):
        with_reference("no markers", "table")
