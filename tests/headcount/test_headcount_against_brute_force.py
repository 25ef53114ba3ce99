"""Seats to give up and bases of new ones, against trying every one with the planner itself."""

from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization import PlanInputError, Policy, plan_territories, verify_plan
from optimization.headcount.study import Headcount, study_headcount
from optimization.headcount.table import HEADCOUNT_SCHEMA, headcount_table
from optimization.headcount.teams import Book, Team
from optimization.headcount.valuation import NoPlan, Valued
from optimization.pairs.territory import TerritoryPairs
from tests.book.tiny_book import Tables, account, owned, rep, tables

BANDS = [{"metric": "hours", "tolerance_pct": 60}]


def policy(**blocks: object) -> Policy:
    return Policy.model_validate({"metrics": BANDS, **blocks})


def small_book(sales: list[int], hours: list[int]) -> Tables:
    """Accounts along a line, the owners in turn; three reps at its ends and middle."""
    return tables(
        [
            owned(
                f"A{n}",
                f"R{n % 3 + 1}",
                actual_sales_usd=1_000.0 * amount,
                potential_usd=2_000.0 * amount + 500,
                service_hours=float(hour),
                longitude=-94.6 + n,
            )
            for n, (amount, hour) in enumerate(zip(sales, hours, strict=True))
        ],
        [rep("R1"), rep("R2", longitude=-91.6), rep("R3", longitude=-88.6)],
    )


def study(book: Tables, rules: Policy) -> Headcount:
    return study_headcount(book.accounts, book.reps, book.overrides, rules)


def value_without(book: Tables, gone: str, rules: Policy) -> float:
    """The value of the best plan when `gone` goes, by brute force over all owners.

    Written from the formulas, not from the study: margin x (sales + win - loss) - travel - handover
    - overtime, with the bands of those who stay.
    """
    planning = book.planned(rules.model_dump())
    pairs: TerritoryPairs = planning.pairs
    accounts, reps = planning.accounts, planning.reps
    stay = [j for j, one in enumerate(reps.ids) if one != gone]
    n = len(accounts)
    values = {}
    for j in stay:
        one = pairs.account_values(np.arange(n), np.full(n, j))
        values[j] = (
            0.3 * (one.expected_sales_usd - one.disruption_loss_usd)
            - one.travel_cost_usd
            - one.handover_usd,
            accounts.service_hours + one.travel_hours,
        )
    total = accounts.service_hours.sum()
    target = total / len(stay)
    best = -np.inf
    for owner in product(stay, repeat=n):
        of = np.array(owner)
        hours = {j: accounts.service_hours[of == j].sum() for j in stay}
        if any(abs(h - target) > 0.6 * target + 1e-9 for h in hours.values()):
            continue
        worth = sum(values[j][0][of == j].sum() for j in stay)
        for j in stay:
            worth -= 90 * max(values[j][1][of == j].sum() - reps.capacity_hours[j], 0)
        best = max(best, worth)
    return float(best)


@settings(max_examples=5, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=7, max_size=7),
    st.lists(st.integers(80, 200), min_size=7, max_size=7),
)
def test_the_seat_given_up_is_the_one_that_brute_force_gives_up(
    sales: list[int], hours: list[int]
) -> None:
    book = small_book(sales, hours)
    rules = policy(headcount={"fewer_seats": 1, "candidates": 3}, solver={"rel_gap_pct": 0})
    found = study(book, rules)
    by_hand = {one: value_without(book, one, rules) for one in ("R1", "R2", "R3")}
    steps = found.of("fewer")
    assert len(steps) == 3
    for option in steps:
        assert isinstance(option.found, Valued)
        if not option.found.relaxed_limits:
            assert option.found.value_usd == pytest.approx(by_hand[str(option.rep_id)], abs=0.02)
            assert option.found.most_usd == pytest.approx(option.found.value_usd, rel=1e-3)
    values = [one.found.value_usd for one in steps if isinstance(one.found, Valued)]
    assert values == sorted(values, reverse=True)
    assert [one.is_best for one in steps] == [True, False, False]


def test_the_base_kept_is_the_best_of_all_that_are_planned() -> None:
    """A far cluster without a rep: the seat goes there, as planning with every base shows."""
    near = [owned(f"N{n}", "R1", latitude=39.1 + n / 50, visits_per_year=10.0) for n in range(6)]
    far = [
        account(f"F{n}", latitude=45.0 + n / 50, longitude=-110.0, visits_per_year=30.0)
        for n in range(5)
    ]
    middle = [account(f"M{n}", latitude=39.5, longitude=-98.0 - n) for n in range(3)]
    book = tables([*near, *far, *middle], [rep("R1"), rep("R2")])
    rules = policy(headcount={"more_seats": 1, "candidates": 8})
    options = study(book, rules).of("more")
    best = options[0]
    assert best.is_best
    values = []
    for option in options:
        seat = option.found.team.added[-1]
        asked = Team((), (seat,)).of(Book(book.accounts, book.reps, book.overrides, rules))
        plan = plan_territories(asked.accounts, asked.reps, asked.overrides, rules)
        values.append(
            plan.summary["expected_value_usd"][0]
            - plan.summary["overtime_cost_usd"][0]
            - plan.summary["deviation_cost_usd"][0]
        )
    assert values[0] == max(values)
    assert best.found.team.added[-1].base_account_id in {one["account_id"] for one in far}
    # An account's place further on was a candidate too, one of each cluster.
    places = [str(option.found.team.added[-1].base_account_id) for option in options]
    assert {place[0] for place in places} >= {"F", "M"}


@pytest.fixture(scope="module")
def everything() -> tuple[Tables, Policy, Headcount]:
    book = small_book([9, 4, 30, 2, 8, 12, 20], [120, 90, 150, 100, 130, 110, 160])
    rules = policy(
        headcount={
            "fewer_seats": 2,
            "more_seats": 1,
            "leavers": ["R2"],
            "candidates": 2,
            "seat_cost_usd": 5_000,
        },
        move_budgets=[{"measure": "accounts", "limit_pct": 40}],
        locks=[{"name": "young", "tenure_months_below": 30, "account_ids": ["A1", "A3"]}],
    )
    return book, rules, study(book, rules)


def test_every_plan_passes_the_verifier_and_gives_nothing_to_who_goes(
    everything: tuple[Tables, Policy, Headcount],
) -> None:
    book, rules, found = everything
    plans = list(found.plans())
    # Today, two seats to give up and two of those left, one or two bases, a backfill; the team
    # without R2 may be among the first two.
    assert 7 <= len(plans) <= 9
    for one in plans:
        asked = one.team.of(Book(book.accounts, book.reps, book.overrides, rules))
        broken = verify_plan(
            asked.accounts, asked.reps, asked.overrides, asked.policy, one.plan.tables()
        )
        assert broken == [], one.team
        assert not one.plan.assignment["rep_id"].is_in(one.team.gone).any()
        assert one.value_usd <= one.most_usd + 0.01


def test_seats_that_go_are_named_with_their_worth_and_why(
    everything: tuple[Tables, Policy, Headcount],
) -> None:
    book, rules, found = everything
    table = headcount_table(found, book.reps, rules)
    assert dict(table.schema) == HEADCOUNT_SCHEMA
    assert table["option_kind"].unique(maintain_order=True).to_list() == [
        *("today", "fewer", "more", "backfill", "vacant", "redistribution")
    ]
    best = table.filter(pl.col("is_best") & pl.col("option_kind").is_in(["fewer", "more"]))
    assert best["seats_change"].to_list() == [-1, -2, 1]
    assert best["seat_count"].to_list() == [2, 1, 4]
    for row in best.to_dicts():
        assert row["least_seat_value_usd"] <= row["seat_value_usd"] <= row["most_seat_value_usd"]
        assert row["rep_name"] in row["statement"]
    (first,) = best.filter(seats_change=-1).to_dicts()
    assert first["seat_value_usd"] == pytest.approx(-first["value_change_usd"], abs=0.01)
    after = first["value_change_usd"] + 5_000
    assert first["value_change_after_seat_cost_usd"] == pytest.approx(after, abs=0.01)
    assert "best of 2 seats planned" in first["statement"]
    assert table.filter(option_kind="backfill")["seats_change"].to_list() == [0]


def test_customers_of_a_seat_given_up_are_priced_as_moved(
    everything: tuple[Tables, Policy, Headcount],
) -> None:
    book, _, found = everything
    (option,) = found.of("redistribution")
    assert isinstance(option.found, Valued)
    handed = option.found.plan.assignment.filter(incumbent_rep_id="R2")
    assert option.found.handed_over_accounts == handed.height > 0
    assert (handed["disruption_loss_usd"] > 0).all()
    # The budget of 40 % is for the others' accounts.
    assert option.found.moved_accounts <= 0.4 * (book.accounts.height - handed.height)


def test_an_empty_seat_wins_nothing_and_loses_customers(
    everything: tuple[Tables, Policy, Headcount],
) -> None:
    book, _, found = everything
    (option,) = found.of("vacant")
    assert isinstance(option.found, Valued)
    plan = found.today.plan.assignment
    idle = plan.filter(rep_id="R2").join(
        book.accounts.select("account_id", "actual_sales_usd"), on="account_id"
    )
    is_owned = pl.col("incumbent_rep_id").is_not_null()
    owned_sales = float(idle.filter(is_owned)["actual_sales_usd"].sum())
    total = dict(zip(idle.columns, idle.sum().row(0), strict=True))
    worth = 0.3 * (total["actual_sales_usd"] - 0.15 * owned_sales)
    expected = found.today.value_usd - total["value_usd"] + worth
    expected += 90 * max(total["service_hours"] + total["travel_hours"] - 1_000, 0)
    assert option.found.value_usd == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("on_infeasible", ["stop", "relax"])
def test_who_cannot_be_replaced_is_said(on_infeasible: str) -> None:
    book = tables(
        [owned("A1", "R1"), owned("A2", "R2", country="Canada")],
        [rep("R1"), rep("R2", country="Canada")],
    )
    rules = policy(
        metrics=[],
        eligibility=[{"name": "at home", "same": ["country"]}],
        headcount={"fewer_seats": 1, "candidates": 2},
        on_infeasible=on_infeasible,
    )
    found = study(book, rules)
    table = headcount_table(found, book.reps, rules).filter(option_kind="fewer")
    if on_infeasible == "relax":
        assert (table["relaxed_limits"] > 0).all()
        assert table["handed_over_accounts"].to_list() == [1, 1]
        return
    assert all(isinstance(one.found, NoPlan) for one in found.of("fewer"))
    assert not table["is_best"].any()
    assert table["statement"].str.starts_with("No plan: no plan keeps its limits: A").all()


def test_a_leaver_nobody_knows_and_a_team_of_nobody_are_refused() -> None:
    book = small_book([1] * 7, [100] * 7)
    with pytest.raises(PlanInputError, match=r"headcount\.leavers names rep R9"):
        study(book, policy(headcount={"leavers": ["R9"]}))
    with pytest.raises(PlanInputError, match="3 fewer would leave nobody"):
        study(book, policy(headcount={"fewer_seats": 3}))
