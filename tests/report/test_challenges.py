"""Challenges of reps: what breaks a limit is rejected, the rest has its price."""

from typing import Any

import polars as pl
import pytest
from test_report_reasons import account, planned

from optimization.report.challenges import Judgement, judge_challenges

PLAN = {"A": "R1", "B": "R2", "C": "R3", "D": "R4"}


def judge(
    wish: str, account_id: str, rep_id: str, *, accept: float = 1e9, **policy: Any
) -> Judgement:
    book = [account(name, rep) for name, rep in PLAN.items()]
    planning = planned(book, **policy)
    assignment = pl.DataFrame({"account_id": list(PLAN), "rep_id": list(PLAN.values())})
    asked = pl.DataFrame({"account_id": [account_id], "rep_id": [rep_id], "wish": [wish]})
    (found,) = judge_challenges(planning, assignment, asked, accept)
    return found


def test_what_leaves_a_band_is_rejected_with_the_band() -> None:
    found = judge("own", "A", "R2", metrics=[{"metric": "hours", "tolerance_pct": 20}])
    assert found.outcome == "rejected"
    assert found.reason == "R2 would be 80.0 % of the target above the upper limit of hours"


def test_what_breaks_nothing_has_its_price() -> None:
    cheap, dear = judge("own", "A", "R2", metrics=[]), judge("own", "A", "R2", accept=0, metrics=[])
    assert (cheap.outcome, cheap.to_rep_id) == ("accepted", "R2")
    assert cheap.cost_usd == pytest.approx(dear.cost_usd)
    assert cheap.cost_usd is not None
    assert cheap.cost_usd > 0
    assert dear.outcome == "priced"
    assert dear.reason.startswith("breaks no limit; costs USD ")


def test_a_lock_is_named() -> None:
    found = judge("own", "A", "R2", metrics=[], locks=[{"name": "nothing moves"}])
    assert found.reason == "R2 may not have it: a lock or an assignment by hand holds it"


def test_release_asks_the_cheapest_other_rep_and_only_the_owner_can_wish_it() -> None:
    found = judge("release", "A", "R1", metrics=[])
    assert found.to_rep_id not in (None, "R1")
    assert found.outcome == "accepted"
    others = [judge("own", "A", rep, metrics=[]).cost_usd for rep in ("R2", "R3", "R4")]
    assert found.cost_usd == min(others)  # type: ignore[type-var]
    assert judge("release", "A", "R2", metrics=[]).outcome == "rejected"
    assert judge("own", "A", "R1", metrics=[]).cost_usd == 0
