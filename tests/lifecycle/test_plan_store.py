"""A plan's record, its states and its effective dates; whole after a crash at any moment."""

import itertools
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_plans import keep, make_effective, store_at  # type: ignore[import-not-found]

from pipelines.errors import GateError, InputError, TerritoryError
from pipelines.lifecycle import PlanStore

JULY, OCTOBER = date(2026, 7, 1), date(2026, 10, 1)


def test_from_draft_to_superseded(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    assert keep(store, "plan_a", is_draft=True) == "draft"
    assert store.act("propose", "plan_a", by="ana", why="ready") == "proposed"
    make_effective(store, "plan_a", JULY)
    assert store.state("plan_a") == "effective"
    assert keep(store, "plan_b", {"A1": "R2", "A2": "R2"}) == "proposed"
    make_effective(store, "plan_b", OCTOBER)
    assert store.state("plan_a") == "effective", "its successor has not begun"
    assert store_at(tmp_path, datetime(2026, 10, 1, tzinfo=UTC)).state("plan_a") == "superseded"
    assert [(p.plan_id, p.valid_from_date, p.valid_to_date) for p in store.periods()] == [
        ("plan_a", JULY, date(2026, 9, 30)),
        ("plan_b", OCTOBER, None),
    ]
    chosen = [store.chosen(day) for day in (date(2026, 6, 30), date(2026, 9, 30), OCTOBER)]
    assert [p and p.plan_id for p in chosen] == [None, "plan_a", "plan_b"]
    assert [(a.verb, a.by, a.state) for a in store.acts("plan_a")] == [
        ("record", "territory run", "draft"),
        ("propose", "ana", "proposed"),
        ("approve", "vp", "approved"),
        ("make_effective", "ops", "effective"),
    ]
    owners = store.assignment("plan_b").select("account_id", "territory_id", "rep_id").rows()
    assert owners == [("A1", "T-R2", "R2"), ("A2", "T-R2", "R2")]


@pytest.mark.parametrize(
    ("verb", "done", "message"),
    [
        ("approve", [], "plan_a is draft and cannot be approved: propose it first"),
        ("make_effective", ["propose"], "is proposed and cannot be made effective: approve it"),
        ("propose", ["propose", "approve"], "is approved and cannot be proposed: it is approved"),
        ("withdraw", [], "is draft and cannot be withdrawn"),
    ],
)
def test_an_act_out_of_turn_says_what_comes_first(
    tmp_path: Path, verb: Any, done: list[Any], message: str
) -> None:
    store = store_at(tmp_path)
    keep(store, "plan_a", is_draft=True)
    for act in done:
        store.act(act, "plan_a", by="ana", why="x")
    with pytest.raises(GateError, match=message):
        store.act(verb, "plan_a", by="ana", why="x", effective_date=JULY)


def test_no_plan_begins_on_or_before_the_first_day_of_another(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    keep(store, "plan_a")
    make_effective(store, "plan_a", OCTOBER)
    keep(store, "plan_b", {"A1": "R2"})
    store.act("approve", "plan_b", by="vp", why="x")
    for day in (JULY, OCTOBER):
        with pytest.raises(GateError, match="plan_a is effective from 2026-10-01"):
            store.act("make_effective", "plan_b", by="ops", why="x", effective_date=day)


def test_an_effective_plan_is_withdrawn_only_before_its_first_day(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    for plan, day in (("plan_a", JULY), ("plan_b", OCTOBER)):
        keep(store, plan, {"A1": plan})
        make_effective(store, plan, day)
    with pytest.raises(GateError, match="has been effective since 2026-07-01"):
        store.act("withdraw", "plan_a", by="ops", why="x")
    store.act("withdraw", "plan_b", by="ops", why="budget cut")
    assert [(p.plan_id, p.valid_to_date) for p in store.periods()] == [("plan_a", None)]


def test_a_run_of_the_same_plan_changes_no_decision(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    keep(store, "plan_a", is_draft=True)
    assert keep(store, "plan_a") == "proposed", "published without --draft"
    store.act("withdraw", "plan_a", by="vp", why="wait for October")
    assert keep(store, "plan_a") == "draft", "withdrawn by a person"
    store.act("propose", "plan_a", by="vp", why="now")
    store.act("approve", "plan_a", by="vp", why="now")
    assert keep(store, "plan_a") == "approved"
    with pytest.raises(GateError, match="approved with another assignment"):
        keep(store, "plan_a", {"A1": "R9"})


def test_retention_keeps_what_was_decided(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    for number in range(5):
        keep(store, f"plan_{number}", {"A1": f"R{number}"})
    make_effective(store, "plan_0", JULY)
    store.act("approve", "plan_1", by="vp", why="x")
    assert store.prune(1) == ["plan_2", "plan_3"]
    assert store.plan_ids() == ["plan_0", "plan_1", "plan_4"]
    assert keep(store, "plan_2") == "proposed", "recorded again"


def test_what_a_connection_brought_is_linked_and_kept_of_few_undecided_plans(
    tmp_path: Path,
) -> None:
    store = store_at(tmp_path)
    current = tmp_path / "Account.parquet"
    for number, plan_id in enumerate(("plan_a", "plan_b", "plan_c")):
        keep(store, plan_id, {"A1": f"R{number}"})
        current.write_text(plan_id)
        record = store.record(plan_id).model_copy(update={"assignment_digest": "another"})
        assignment = store.folder / plan_id / "assignment.parquet"
        linked = {"landed/crm/current/Account.parquet": current}
        store.keep(record, {"assignment.parquet": assignment}, linked=linked)
        assert (store.folder / plan_id / "landed/crm/current/Account.parquet").samefile(current)
        current.unlink()
    store.act("approve", "plan_a", by="vp", why="x")
    store.prune(keep=9, keep_landed=1)
    kept = {p: (store.folder / p / "landed").is_dir() for p in store.plan_ids()}
    assert kept == {"plan_a": True, "plan_b": False, "plan_c": True}


def test_a_plan_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    keep(store, "plan_ab12")
    keep(store, "plan_ac34")
    assert store.find("ab") == "plan_ab12"
    with pytest.raises(InputError, match="several plans begin with 'plan_a'"):
        store.find("plan_a")
    with pytest.raises(InputError, match=r"did you mean 'plan_ab12'"):
        store.find("plan_ab21")


def test_a_changed_log_or_assignment_is_noticed(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    keep(store, "plan_a")
    store.act("approve", "plan_a", by="vp", why="x")
    log = store.folder / "acts.jsonl"
    text = log.read_text()
    log.write_text(text.replace("territory run", "nobody"))
    with pytest.raises(TerritoryError, match="line 2 is not the one that was written"):
        store.acts()
    log.write_text(text + '{"verb": "make_eff')
    assert store.state("plan_a") == "approved", "a line cut off was never acknowledged"
    make = {"by": "ops", "why": "x", "effective_date": JULY}
    assert store.act("make_effective", "plan_a", **make) == "effective"
    (store.folder / "plan_a" / "assignment.parquet").write_bytes(b"other")
    with pytest.raises(TerritoryError, match="not the assignment that was recorded"):
        store.assignment("plan_a")


class _Killed(BaseException):
    """The process dies here."""


def _dying(limit: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    done = 0

    def hook(function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            nonlocal done
            done += 1
            if done > limit:
                raise _Killed
            return function(*arguments, **options)

        return counted

    return hook


def test_a_death_at_any_touch_of_the_disk_leaves_a_whole_record_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths = 0
    for limit in range(60):
        store = store_at(tmp_path / str(limit))
        keep(store, "plan_a")
        hook = _dying(limit)
        with monkeypatch.context() as patched:
            for name in ("mkdir", "fsync", "rename", "ftruncate", "pwrite"):
                patched.setattr(os, name, hook(getattr(os, name)))
            # An error handler does not run in a process that was killed.
            patched.setattr("shutil.rmtree", hook(__import__("shutil").rmtree))
            try:
                keep(store, "plan_b", {"A1": "R2"})
                make_effective(store, "plan_b", JULY)
            except _Killed:
                deaths += 1
            else:
                break
        for plan_id in store.plan_ids():
            store.record(plan_id)
            store.assignment(plan_id)
        assert store.state("plan_a") == "proposed"
        state = keep(store, "plan_b", {"A1": "R2"})
        if state == "proposed":
            make_effective(store, "plan_b", JULY)
        elif state == "approved":
            day = {"by": "ops", "why": "again", "effective_date": JULY}
            store.act("make_effective", "plan_b", **day)
        assert store.state("plan_b") == "effective"
        assert not list(store.folder.glob(".building-*"))
    assert deaths >= 8


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=8))
def test_periods_follow_each_other_without_gap_or_overlap(
    tmp_path_factory: pytest.TempPathFactory, wishes: list[tuple[str, int]]
) -> None:
    store = PlanStore(tmp_path_factory.mktemp("plans"), clock=lambda: datetime(2026, 7, 1))
    for letter, days in wishes:
        plan_id = f"plan_{letter}"
        if plan_id not in store.plan_ids():
            keep(store, plan_id, {"A1": letter})
        try:
            make_effective(store, plan_id, JULY + timedelta(days=days))
        except GateError:
            continue
    found = store.periods()
    for before, after in itertools.pairwise(found):
        assert before.valid_to_date == after.valid_from_date - timedelta(days=1)
        assert before.valid_from_date <= before.valid_to_date
    assert all(period.valid_to_date is None for period in found[-1:])
