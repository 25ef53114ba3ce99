"""The history says for every day what the plan of that day, and its dated moves, say."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_plans import assignment, keep, make_effective, store_at  # type: ignore

from pipelines.errors import InputError
from pipelines.lifecycle import PlanStore
from pipelines.lifecycle.history import assignment_history, owners_on
from pipelines.lifecycle.move_dates import read_move_dates

JULY, OCTOBER = date(2026, 7, 1), date(2026, 10, 1)


def test_periods_end_the_day_before_the_next_owner(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    keep(store, "plan_a", {"A1": "R1", "A2": "R2", "A3": None})
    make_effective(store, "plan_a", JULY)
    keep(store, "plan_b", {"A1": "R1", "A2": "R1", "A4": "R2"})
    make_effective(store, "plan_b", OCTOBER)
    end = date(2026, 9, 30)
    assert assignment_history(store).drop("rep_name").rows() == [
        ("A1", "T-R1", "R1", "plan_a", JULY, None, True),
        ("A2", "T-R2", "R2", "plan_a", JULY, end, False),
        ("A2", "T-R1", "R1", "plan_b", OCTOBER, None, True),
        ("A3", "UNASSIGNED", None, "plan_a", JULY, end, False),
        ("A4", "T-R2", "R2", "plan_b", OCTOBER, None, True),
    ]
    assert owners_on(store, end)["account_id"].to_list() == ["A1", "A2", "A3"]
    assert owners_on(store, date(2026, 6, 30)).is_empty()


def test_a_dated_move_waits_for_its_day(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    moves = {"A1": date(2026, 8, 15), "A2": date(2026, 12, 1)}
    keep(store, "plan_a", {"A1": "R1", "A2": "R1"}, before={"A1": "R9", "A2": None})
    make_effective(store, "plan_a", JULY, moves)
    keep(store, "plan_b", {"A1": "R1", "A2": "R2"})
    make_effective(store, "plan_b", OCTOBER, {"A2": date(2026, 11, 1)})
    assert assignment_history(store).drop("rep_name").rows() == [
        ("A1", "T-R9", "R9", "plan_a", JULY, date(2026, 8, 14), False),
        ("A1", "T-R1", "R1", "plan_a", date(2026, 8, 15), None, True),
        # The move of the first plan was not due before the second plan came.
        ("A2", "UNASSIGNED", None, "plan_a", JULY, date(2026, 10, 31), False),
        ("A2", "T-R2", "R2", "plan_b", date(2026, 11, 1), None, True),
    ]


def test_the_newest_effective_plan_names_its_reps(tmp_path: Path) -> None:
    """R1 is called anew, R9 owned A1 before any plan: only the CRM may know the name."""
    store = store_at(tmp_path)
    keep(store, "plan_a", {"A1": "R1", "A2": "R2"}, names={"R1": "Ann", "R2": "Bo"})
    make_effective(store, "plan_a", JULY)
    keep(store, "plan_b", {"A1": "R9", "A2": "R1"}, names={"R1": "Ann Lee"})
    make_effective(store, "plan_b", OCTOBER)
    history = assignment_history(store).select("account_id", "rep_id", "rep_name")
    assert history.rows() == [
        ("A1", "R1", "Ann Lee"),
        ("A1", "R9", None),
        ("A2", "R2", "Bo"),
        ("A2", "R1", "Ann Lee"),
    ]


owners = st.dictionaries(
    st.sampled_from(["A1", "A2", "A3"]), st.sampled_from(["R1", "R2", None]), min_size=1
)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(owners, st.integers(1, 40)), min_size=1, max_size=4))
def test_any_day_is_reproduced(
    tmp_path_factory: pytest.TempPathFactory,
    plans: list[tuple[dict[str, str | None], int]],
) -> None:
    folder = tmp_path_factory.mktemp("plans")
    store = PlanStore(folder, clock=lambda: datetime(2026, 7, 1, tzinfo=UTC))
    day = JULY
    for number, (assigned, days) in enumerate(plans):
        keep(store, f"plan_{number}", assigned)
        make_effective(store, f"plan_{number}", day)
        day += timedelta(days=days)
    for offset in range((day - JULY).days):
        today = JULY + timedelta(days=offset)
        chosen = store.chosen(today)
        assert chosen is not None
        wanted = plans[int(chosen.plan_id.removeprefix("plan_"))][0]
        found = owners_on(store, today).select("account_id", "rep_id").iter_rows()
        assert dict(found) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("account_id,day\nA1,2026-10-01\n", "column move_date is missing"),
        ("account_id,move_date\nA9,2026-10-01\n", "row 1: account_id 'A9' is not in the plan"),
        ("account_id,move_date\nA1,10/01/2026\n", "row 1: move_date '10/01/2026' is no date"),
        ("account_id,move_date\nA1,2026-06-01\n", "is before the plan's first day, 2026-07-01"),
        ("account_id,move_date\nA1,2026-10-01\nA1,2026-10-02\n", "row 2: .* is listed twice"),
    ],
)
def test_a_faulty_file_of_dates_names_its_row(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "moves.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_move_dates(path, assignment({"A1": "R1"}), JULY)
