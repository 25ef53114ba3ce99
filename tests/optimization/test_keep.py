"""A chosen plan on new data: its owners stay, what it does not know is placed, nothing else."""

import polars as pl
import pytest

from optimization import Policy, keep_territories, verify_plan
from optimization.rebalance.keep import KeptPlan
from tests.book.tiny_book import Tables, account, override, owned, rep, tables
from tests.optimization.test_rebalance import HOURS_ONLY, chosen

POLICY = Policy.model_validate(HOURS_ONLY)
PLAN = chosen(A1="R1", A2="R2", A3="R9")


def kept(company: Tables, plan: pl.DataFrame, policy: Policy = POLICY) -> KeptPlan:
    found = keep_territories(company.accounts, company.reps, company.overrides, policy, plan)
    breaches = verify_plan(
        found.accounts, company.reps, found.overrides, policy, found.plan.tables()
    )
    assert [one.message for one in breaches] == []
    return found


def owners(found: KeptPlan) -> dict[str, str]:
    return dict(found.plan.assignment.select("account_id", "rep_id").iter_rows())


def test_owners_are_those_of_the_plan_and_the_rest_is_routed() -> None:
    company = tables(
        [
            owned("A1", "R2", service_hours=300.0),
            *(owned("A2", "R2"), owned("A3", "R9"), account("A4")),
        ],
        [rep("R1"), rep("R2")],
    )
    found = kept(company, PLAN)
    assert owners(found) == {"A1": "R1", "A2": "R2", "A3": "R2", "A4": "R2"}
    rows = found.plan.assignment
    assert rows.filter("is_moved").is_empty()
    assert rows.filter("is_forced_move")["account_id"].to_list() == ["A3"]
    assert rows.filter("is_new_assignment")["account_id"].to_list() == ["A4"]
    rules = set(found.plan.findings["rule"])
    assert {"account_not_in_plan", "owner_left", "owner_differs_from_plan"} <= rules


def test_bands_that_are_missed_are_published_and_the_gap_is_what_planning_could_save() -> None:
    far, near = {"latitude": 40.0, "longitude": -80.0}, {"latitude": 40.0, "longitude": -100.0}
    company = tables(
        [owned("A1", "R1", visits_per_year=20.0, **far), owned("A2", "R2", **near), account("A3")],
        [rep("R1", **near), rep("R2", **far)],
    )
    found = kept(company, chosen(A1="R1", A2="R2"))
    summary = found.plan.summary.row(0, named=True)
    assert summary["solver_status"] == "kept"
    assert not summary["is_proved_optimal"]
    assert summary["objective_usd"] > summary["bound_usd"] + 1.0
    assert found.plan.targets["relaxation_pct"].max() > 0


def test_manual_decisions_after_the_plan_wait_for_the_next_one() -> None:
    company = tables(
        [owned("A1", "R1"), owned("A2", "R2"), owned("A3", "R1")],
        [rep("R1"), rep("R2")],
        [override("A1", "assign", "R2"), override("A2", "assign", "R2"), override("A3", "lock")],
    )
    found = kept(company, chosen(A1="R1", A2="R2", A3="R1"))
    assert owners(found) == {"A1": "R1", "A2": "R2", "A3": "R1"}
    assert found.overrides["account_id"].to_list() == ["A2", "A3"]


@pytest.mark.parametrize("accounts", [0, 1])
def test_small_books(accounts: int) -> None:
    company = tables([account(f"A{i}") for i in range(accounts)], [rep("R1")])
    assert kept(company, PLAN).plan.assignment.height == accounts


def test_what_may_stay_without_owner_stays_so() -> None:
    policy = Policy.model_validate(
        HOURS_ONLY | {"unassigned": [{"name": "any", "accounts": {}, "price_usd": 1}]}
    )
    company = tables([owned("A1", "R1"), account("A2")], [rep("R1"), rep("R2")])
    assert owners(kept(company, chosen(A1="R1"), policy)) == {"A1": "R1", "A2": None}
