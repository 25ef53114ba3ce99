"""The defect benchmark on a small company: it finds what was injected, and can fail."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.defect_kinds import KINDS, ROW_KINDS
from benchmarks.defect_kinds.kind import Injected, Rows
from benchmarks.defects import (
    AS_OF,
    Outcome,
    Record,
    as_it_stood,
    company,
    judge,
    loads_of,
    page,
    run_days,
    run_loads,
)

NAMES = (
    *("typo in a category", "near-duplicate account", "parent cycle", "wrong sign"),
    *("future date", "duplicated row", "permuted values", "volume spike"),
)


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    chosen = [kind for kind in KINDS if kind.name in NAMES]
    loads = run_loads(500, 7, loads_of(chosen, (0.05,)), lambda text: None)
    return [outcome for load in loads for outcome in load]


def test_injected_defects_are_found_row_by_row(outcomes: list[Outcome]) -> None:
    assert {one.kind for one in outcomes} == set(NAMES)
    assert all(one.is_detected for one in outcomes)
    for one in outcomes:
        if one.grain == "row":
            assert one.injected >= 5
            assert one.recall is not None
            assert one.precision is not None
            assert one.recall >= 0.95, one
            assert one.precision >= 0.95, one


def test_the_page_lists_every_kind(outcomes: list[Outcome]) -> None:
    from dataclasses import asdict

    from benchmarks.run_log import machine

    result = {
        "seed": 7,
        "accounts": 500,
        "machine": machine(),
        "outcomes": [asdict(one) for one in outcomes],
        "days": [{"day": "2026-06-30", "error": [], "warning": ["t.c: r"]}],
    }
    text = page(result)
    assert all(f"| {name} |" in text for name in NAMES)
    assert "1 days of" in text
    assert "| t.c: r | 1 |" in text


def test_a_finding_elsewhere_does_not_count() -> None:
    kind = next(kind for kind in ROW_KINDS if kind.name == "mojibake")
    finding = {"table": kind.table, "column": "city", "rule": "mojibake", "severity": "warning"}
    finding |= {"row_numbers": [1], "row_keys": []}
    missed = judge(kind, 0.01, Injected(frozenset({1})), {"findings": [finding]})
    assert not missed.is_detected
    found = judge(
        kind,
        0.01,
        Injected(frozenset({1, 2})),
        {"findings": [finding | {"column": "account_name"}]},
    )
    assert (found.is_detected, found.recall, found.precision) == (True, 0.5, 1.0)


def test_there_are_at_least_forty_kinds_and_each_damages_the_clean_company() -> None:
    assert len({kind.name for kind in KINDS}) >= 40
    clean, _ = company(300, 7, with_market=True)
    for kind in KINDS:
        tables = dict(clean)
        kind.inject(tables, Rows(1), 0.05)
        assert any(not tables[name].equals(clean[name]) for name in clean), kind.name


def test_an_earlier_day_knows_nothing_of_later_ones() -> None:
    clean, _ = company(200, 7, with_market=False)
    day = AS_OF - timedelta(days=60)
    earlier = as_it_stood(clean, day, 7)
    dates = [
        datetime.strptime(text, "%m/%d/%Y").date() for text in earlier["activities.csv"]["Date"]
    ]
    assert max(dates) <= day
    assert earlier["opportunities.csv"].height < clean["opportunities.csv"].height


def test_clean_days_raise_no_error() -> None:
    days = list(run_days(AS_OF - timedelta(days=1), AS_OF, 7, lambda text: None))
    assert [day["day"] for day in days] == ["2026-06-29", "2026-06-30"]
    assert [day["error"] for day in days] == [[], []]


def test_a_record_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "defects.json"
    loads = loads_of(KINDS, (0.01, 0.05))
    first = [
        Outcome(kind.name, kind.grain, 0.01, 5, 5, 4, True, "info", "t.c")
        for kind in loads[0].kinds
    ]
    record = Record(path, 7, 500)
    record.add(first)
    record.add_day({"day": "2026-06-28", "error": [], "warning": []})
    again = Record(path, 7, 500)
    assert [load.number for load in loads if again.holds(load)] == [0]
    assert again.first_open_day(3).isoformat() == "2026-06-29"
    assert again.first_open_day(4).isoformat() == "2026-06-27"
    better = Outcome(first[0].kind, first[0].grain, 0.01, 5, 5, 5, True, "info", "t.c")
    again.add([better])
    hits = {one["kind"]: one["hits"] for one in json.loads(path.read_text())["outcomes"]}
    assert len(hits) == len(first)
    assert sorted(hits.values()) == [4] * (len(first) - 1) + [5]
    with pytest.raises(SystemExit, match="another seed"):
        Record(path, 8, 500)
