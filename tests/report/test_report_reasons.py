"""What is said about each account, on a company of four reps along one road."""

from typing import Any

import numpy as np
import polars as pl

from optimization.book.planning import Planning, build_planning
from optimization.engine.answer import Answer
from optimization.engine.problem import Prices
from optimization.policy import Policy
from optimization.report.extract import extract_plan

REPS = ("R1", "R2", "R3", "R4")
# Degrees of longitude at 40 degrees north: 85 km each.
PLACES = {"R1": -100.0, "R2": -98.0, "R3": -96.0, "R4": -94.0}


def account(
    account_id: str, owner: str | None, at: float = -100.0, **columns: Any
) -> dict[str, Any]:
    """100 hours and ten visits for USD 1,000 of sales, by default at R1's door."""
    return {
        "account_id": account_id,
        "family_id": account_id,
        "segment": "mid",
        "industry": "retail",
        "country": "US",
        "state": "KS",
        "latitude": 40.0,
        "longitude": at,
        "owner_rep_id": owner,
        "incumbent_rep_id": owner if owner in REPS else None,
        "service_hours": 100.0,
        "visits_per_year": 10.0,
        "potential_usd": 5_000.0,
        "actual_sales_usd": 1_000.0,
        "complexity_score": 1.0,
        "tenure_months": 24.0,
    } | columns


# With three of them the target of hours is 100 or more, so that no account is a giant.
OTHERS = [account(account_id, None) for account_id in ("X", "Y", "Z")]


def rep(rep_id: str) -> dict[str, Any]:
    return {
        "rep_id": rep_id,
        "rep_name": f"Rep {rep_id[1]}",
        "manager_id": "M",
        "region": "east" if rep_id == "R4" else "west",
        "country": "US",
        "latitude": 40.0,
        "longitude": PLACES[rep_id],
        "experience_level": "junior",
        "experience_multiplier": 1.0,
        "capacity_hours": 1_000.0,
        "effective_capacity_hours": 1_000.0,
        "fte_share": 1.0,
        "ramp_share": 1.0,
        "skill_industries": "health" if rep_id == "R4" else "",
    }


def planned(
    accounts: list[dict[str, Any]],
    overrides: list[tuple[str, str, str | None]] | None = None,
    **policy: Any,
) -> Planning:
    schema = {"account_id": pl.String, "action": pl.String, "rep_id": pl.String}
    return build_planning(
        pl.DataFrame(accounts, infer_schema_length=None),
        pl.DataFrame([rep(rep_id) for rep_id in REPS]),
        pl.DataFrame(overrides or [], schema=schema, orient="row"),
        Policy.model_validate({"metrics": [{"metric": "hours", "tolerance_pct": 50}]} | policy),
    )


def told(
    planning: Planning, above: dict[tuple[str, str], float] | None = None, **owners: str | None
) -> dict[str, dict[str, Any]]:
    """Rows of plan_assignment by account; units have their account's owner, others R1.

    above: price of a rep's upper limit, USD per scaled unit.
    """
    prices = no_prices(planning)
    for (rep_id, resource), price in (above or {}).items():
        prices.above[REPS.index(rep_id), planning.problem.resources.index(resource)] = price
    owner = np.zeros(len(planning.units), dtype=np.int64)
    for unit_id, rep_id in owners.items():
        at = planning.units.ids.index(unit_id)
        owner[at] = len(REPS) if rep_id is None else REPS.index(rep_id)
    objective = planning.problem.evaluate(owner).objective
    answer = Answer(owner, objective, 0.0, prices, 0.0, 0.0, "work_limit", True)
    plan = extract_plan(planning, answer, {}, [])
    return {row["account_id"]: row for row in plan.assignment.to_dicts()}


def no_prices(planning: Planning) -> Prices:
    problem = planning.problem
    return Prices.zero(len(REPS), len(problem.resources), len(problem.budgets))


def test_an_account_that_nobody_serves_cheaper_stays() -> None:
    row = told(planned([account("A", "R1")]), A="R1")["A"]
    assert row["reason_code"] == "kept_least_cost"
    assert row["reason"].startswith("Stays with Rep 1: no other rep would serve it at lower cost.")
    assert row["runner_up_rep_id"] == "R2"
    delta = f"{row['runner_up_delta_usd']:,.0f}"
    assert row["reason"].endswith(f"Next: Rep 2, USD {delta} a year more.")


def test_the_worth_of_a_pair_is_given_in_parts() -> None:
    row = told(planned([account("A", "R2")]), A="R1")["A"]
    assert row["travel_cost_usd"] == 0.0
    margin = 0.3 * row["expected_sales_usd"]
    risk = 0.3 * row["disruption_loss_usd"] + row["handover_usd"]
    worth = f"Worth USD {row['value_usd']:,.0f} a year: margin USD {margin:,.0f}, travel USD 0, "
    assert f"{worth}change of owner USD {risk:,.0f}." in row["reason"]


def test_an_account_kept_against_its_cost_names_the_limit_that_decided() -> None:
    """R1 is nearer, but its hours have a price."""
    planning = planned([account("A", "R2"), *OTHERS])
    row = told(planning, {("R1", "hours"): 9_000.0}, A="R2")["A"]
    assert row["reason_code"] == "kept_for_balance"
    assert "Rep 1 would save USD " in row["reason"]
    assert "but Rep 1 is full in hours (USD 9,000 a year)." in row["reason"]


def test_a_lower_limit_that_needs_the_account_is_named() -> None:
    planning = planned([account("A", "R2"), *OTHERS])
    prices = no_prices(planning)
    prices.below[1, 0] = 14_000.0
    owner = np.array([1, 0, 0, 0])
    answer = Answer(owner, 0.0, 0.0, prices, 0.0, 0.0, "work_limit", True)
    rows = extract_plan(planning, answer, {}, []).assignment.to_dicts()
    assert "but Rep 2 needs it to reach the lower limit of hours" in rows[0]["reason"]


def test_a_move_budget_that_keeps_an_account_is_named() -> None:
    planning = planned([account("A", "R2")], move_budgets=[{"measure": "sales", "limit_pct": 10}])
    prices = no_prices(planning)
    # One account is the whole, which is ten units a rep.
    prices.budget[0] = 50_000.0 / (10 * len(REPS))
    answer = Answer(np.array([1]), 0.0, 0.0, prices, 0.0, 0.0, "work_limit", True)
    reason = extract_plan(planning, answer, {}, []).assignment["reason"][0]
    assert "but the move budget of sales is used up (USD 50,000 a year)." in reason


def test_without_any_price_the_room_is_what_decided() -> None:
    row = told(planned([account("A", "R2")]), A="R2")["A"]
    assert "but the limits of the territories leave no room for that." in row["reason"]


def test_a_move_for_travel_says_what_it_gains_and_costs() -> None:
    row = told(planned([account("A", "R3")]), A="R1")["A"]
    assert row["reason_code"] == "moved_for_travel"
    saved = 50 * row["current_travel_hours"] + 0.435 * row["current_distance_km"]
    risk = 0.3 * row["disruption_loss_usd"] + 25
    assert row["reason"].startswith(
        "Moves from Rep 3 to Rep 1: travel costs less. "
        f"Travel gains USD +{saved:,.0f}, fit USD +0, balance USD +0; "
        f"change of owner costs USD {risk:,.0f} a year."
    )


def test_a_move_for_fit_is_one() -> None:
    """R4 knows only health; the account is a retailer next door."""
    planning = planned(
        [account("A", "R4", -94.0, potential_usd=5e6)], response={"skill_penalty": 0.9}
    )
    row = told(planning, A="R3")["A"]
    assert row["reason_code"] == "moved_for_fit"
    assert "Moves from Rep 4 to Rep 3: the rep fits it better." in row["reason"]


def test_a_move_for_balance_prices_the_relief() -> None:
    planning = planned([account("A", "R1"), *OTHERS])
    row = told(planning, {("R1", "hours"): 14_000.0}, A="R2")["A"]
    assert row["reason_code"] == "moved_for_balance"
    assert "Moves from Rep 1 to Rep 2: Rep 1 is full in hours." in row["reason"]
    assert "balance USD +14,000;" in row["reason"]


def test_a_rule_that_bars_the_incumbent_is_named() -> None:
    rule = {"name": "east only", "accounts": {"segment": ["mid"]}, "reps": {"region": ["east"]}}
    row = told(planned([account("A", "R1")], eligibility=[rule]), A="R4")["A"]
    assert row["reason_code"] == "only_eligible"
    assert row["reason"].startswith("Rep 4 is the only rep who may own this account.")
    rule["reps"] = {"rep_id": ["R3", "R4"]}
    row = told(planned([account("A", "R1")], eligibility=[rule]), A="R4")["A"]
    assert row["reason_code"] == "moved_for_eligibility"
    assert row["reason"].startswith("Moves from Rep 1 to Rep 4: rule 'east only' bars Rep 1.")


def test_skills_and_countries_bar_incumbents_too() -> None:
    skills = [{"name": "skilled", "same": ["industry_skill"]}]
    row = told(planned([account("A", "R4")], eligibility=skills), A="R1")["A"]
    assert "rule 'skilled' bars Rep 4." in row["reason"]
    country = [{"name": "home", "same": ["country"]}]
    row = told(planned([account("A", "R4", country="CA")], eligibility=country), A="R1")["A"]
    # No rep is from Canada: the rule is waived, and bars nobody.
    assert row["reason_code"] == "moved_for_travel"


def test_a_forbidden_incumbent_is_named() -> None:
    row = told(planned([account("A", "R1")], [("A", "forbid", "R1")]), A="R2")["A"]
    assert row["reason_code"] == "moved_for_eligibility"
    assert "an override, or a rule about its family, bars Rep 1." in row["reason"]


def test_a_member_moves_with_its_family() -> None:
    family = [account("A", "R1"), account("B", "R2", family_id="A")]
    rows = told(planned(family), A="R1")
    assert rows["A"]["reason_code"] == "kept_least_cost"
    assert rows["B"]["reason_code"] == "moved_with_family"
    assert "Moves from Rep 2 to Rep 1, who already serves its family A." in rows["B"]["reason"]


def test_rivals_that_part_say_so() -> None:
    planning = planned(
        [account("A", "R1"), account("B", "R1")],
        must_separate=[{"name": "rivals", "account_ids": ["A", "B"]}],
    )
    row = told(planning, A="R2", B="R1")["A"]
    assert row["reason_code"] == "moved_to_separate"
    assert "Rep 1 owns another account it must be apart from." in row["reason"]


def test_locks_name_their_rule_or_the_override() -> None:
    locks = [
        {"name": "late deal", "accounts": {"segment": ["late"]}},
        {"name": "young", "tenure_months_below": 12},
    ]
    book = [
        account("A", "R1", tenure_months=1.0),
        account("B", "R2", segment="late", tenure_months=1.0),
        account("C", "R3"),
        account("D", "R4", family_id="B"),
    ]
    rows = told(planned(book, [("C", "lock", None)], locks=locks), A="R1", B="R2", C="R3")
    assert {row["reason_code"] for row in rows.values()} == {"locked"}
    assert rows["A"]["reason"].startswith("Stays with Rep 1: locked by lock rule 'young'.")
    assert rows["B"]["reason"].startswith("Stays with Rep 2: locked by lock rule 'late deal'.")
    assert rows["C"]["reason"].startswith("Stays with Rep 3: locked by a manual override.")
    assert rows["D"]["reason"].startswith(
        "Goes to Rep 2, with whom its family B is locked by lock rule 'late deal'."
    )
    assert all(row["runner_up_rep_id"] is None for row in rows.values())
    assert all("Next:" not in row["reason"] for row in rows.values())


def test_an_assignment_says_who_decided() -> None:
    row = told(planned([account("A", "R1")], [("A", "assign", "R3")]), A="R3")["A"]
    assert row["reason_code"] == "assigned"
    assert row["reason"].startswith("Assigned to Rep 3 by a manual override.")


def test_accounts_without_an_active_owner_say_why_this_rep() -> None:
    planning = planned([account("A", "R9"), account("B", None), account("C", None)])
    rows = told(planning, {("R1", "hours"): 30_000.0}, A="R1", B="R1", C="R2")
    assert rows["A"]["reason_code"] == "forced_move"
    assert rows["A"]["reason"].startswith(
        "Its owner is no active rep of the plan; Rep 1 is the least costly rep (0.0 travel hours"
    )
    assert rows["B"]["reason_code"] == rows["C"]["reason_code"] == "new_assignment"
    assert rows["B"]["reason"].startswith("Had no owner; Rep 1 is the least costly rep")
    assert "a year dearer than Rep 1, but Rep 1 is full in hours" in rows["C"]["reason"]


def test_an_account_left_alone_names_its_tier_and_price() -> None:
    tiers = [{"name": "tail", "accounts": {"segment": ["mid"]}, "price_usd": 1}]
    family = [account("A", None, -92.0), account("B", None), account("C", None, family_id="B")]
    rows = told(planned(family, unassigned=tiers), A=None, B=None)
    assert rows["A"]["reason_code"] == "unassigned"
    assert rows["A"]["reason"].startswith(
        "Stays without owner: tier 'tail' allows it at USD 1 a year, less than any rep would cost"
    )
    assert rows["A"]["runner_up_rep_id"] == "R4"
    assert rows["C"]["reason"].startswith(
        "Stays without owner with its family B, allowed at USD 2 a year; Rep 1 would save USD 2"
    )


def test_an_account_left_alone_though_a_rep_would_be_cheaper_names_the_limit() -> None:
    tiers = [{"name": "tail", "accounts": {"segment": ["mid"]}, "price_usd": 900}]
    planning = planned([account("A", None), *OTHERS], unassigned=tiers)
    prices = {(rep_id, "hours"): 5_000.0 for rep_id in REPS}
    row = told(planning, prices, A=None)["A"]
    assert "; Rep 1 would save USD 900, but Rep 1 is full in hours" in row["reason"]
