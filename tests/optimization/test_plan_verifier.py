"""A sound plan passes; each way of tampering with one is caught under the rule that forbids it."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from small_book import account, book, frames, override, owned, owners, rep
from synthetic import Book

from optimization import VERIFIED_RULES, Plan, Policy, plan_territories, verify_plan

Frames = dict[str, pl.DataFrame]
POLICY = Policy.model_validate(
    {
        "metrics": [
            {
                "metric": "hours",
                "tolerance_pct": 40,
                "soft_tolerance_pct": 1,
                "soft_price_usd_per_pct": 5,
            },
            {"metric": "potential", "tolerance_pct": 60},
        ],
        "eligibility": [
            {"name": "public", "accounts": {"segment": ["public"]}, "reps": {"region": ["south"]}}
        ],
    }
)


def make_small() -> Book:
    """Twelve accounts, three reps: a family, a lock, an assignment, a forbidden pair, a rule."""
    places = [(39.1, -94.6), (41.9, -87.6), (32.8, -96.8)]
    reps = [
        rep("R0", latitude=39.1, longitude=-94.6),
        rep("R1", latitude=41.9, longitude=-87.6, experience_multiplier=1.25),
        rep("R2", latitude=32.8, longitude=-96.8, region="south", skill_industries="retail"),
    ]
    accounts = [
        owned(
            f"A{i:02d}",
            f"R{(i // 2) % 3}",
            latitude=places[i % 3][0] + 0.1 * i,
            longitude=places[i % 3][1],
            service_hours=250.0 + 30 * i,
            potential_usd=20_000.0 + 1_000 * i,
            actual_sales_usd=5_000.0 + 100 * i,
            complexity_score=1.5,
        )
        for i in range(9)
    ]
    accounts[1]["family_id"] = "A00"
    accounts[8]["segment"] = "public"
    accounts.append(account("A09", service_hours=300.0, potential_usd=21_000.0))
    accounts.append(account("A10", owner_rep_id="R9", service_hours=280.0, potential_usd=23_000.0))
    accounts.append(
        account("A11", service_hours=240.0, potential_usd=22_000.0, latitude=None, longitude=None)
    )
    overrides = [
        override("A04", "lock"),
        override("A05", "assign", "R0"),
        override("A09", "forbid", "R0"),
    ]
    return book(accounts, reps, overrides)


SMALL = make_small()


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_territories(SMALL.accounts, SMALL.reps, SMALL.overrides, POLICY)


def broken_rules(tampered: Frames, policy: Policy = POLICY) -> set[str]:
    found = verify_plan(SMALL.accounts, SMALL.reps, SMALL.overrides, policy, tampered)
    for violation in found:
        assert violation.rule in VERIFIED_RULES
        assert violation.record_id in violation.message
    return {violation.rule for violation in found}


def changed(frame: pl.DataFrame, column: str, value: Any, **where: str) -> pl.DataFrame:
    """`value`, or value(old), in `column` of the one row that `where` names (or the only one)."""
    rows = frame.to_dicts()
    chosen = [row for row in rows if all(row[name] == key for name, key in where.items())]
    assert len(chosen) == 1
    before = chosen[0][column]
    chosen[0][column] = value(before) if callable(value) else value
    assert chosen[0][column] != before
    return pl.DataFrame(rows, schema=frame.schema)


def moved(account_id: str, rep_id: str) -> Callable[[Frames], Frames]:
    """The owner of one account changed and nothing else."""
    return on("plan_assignment", "rep_id", rep_id, account_id=account_id)


def on(table: str, column: str, value: Any, **where: str) -> Callable[[Frames], Frames]:
    return lambda sound: sound | {table: changed(sound[table], column, value, **where)}


def test_a_sound_plan_breaks_no_rule(plan: Plan) -> None:
    assert broken_rules(frames(plan)) == set()


def test_tables_may_come_without_their_prefix(plan: Plan) -> None:
    plain = {
        "assignment": plan.assignment,
        "summary": plan.summary,
        "targets": plan.targets,
    }
    assert broken_rules(plain) == set()


def test_a_plan_is_held_against_the_policy_it_is_checked_with(plan: Plan) -> None:
    """The same frames under other prices are no plan of that policy."""
    other = POLICY.model_copy(
        update={"travel": POLICY.travel.model_copy(update={"cost_per_km_usd": 2.0})}
    )
    assert {"account_values", "objective", "expected_value"} <= broken_rules(frames(plan), other)


def test_an_account_given_to_two_reps_is_caught(plan: Plan) -> None:
    twice = plan.assignment.filter(pl.col("account_id") == "A02").with_columns(
        rep_id=pl.lit("R1" if owners(plan)["A02"] != "R1" else "R0")
    )
    tampered = frames(plan) | {"plan_assignment": pl.concat([plan.assignment, twice])}
    assert broken_rules(tampered) == {"one_owner"}


def test_an_account_left_out_is_caught(plan: Plan) -> None:
    fewer = plan.assignment.filter(pl.col("account_id") != "A02")
    assert broken_rules(frames(plan) | {"plan_assignment": fewer}) == {"one_owner"}


def test_an_account_that_is_not_in_the_book_is_caught(plan: Plan) -> None:
    stranger = plan.assignment.head(1).with_columns(account_id=pl.lit("A99"))
    more = pl.concat([plan.assignment, stranger])
    assert broken_rules(frames(plan) | {"plan_assignment": more}) == {"one_owner"}


def test_an_owner_who_is_no_rep_of_the_plan_is_caught(plan: Plan) -> None:
    assert broken_rules(moved("A02", "R9")(frames(plan))) == {"one_owner"}


def test_an_owner_changed_without_its_figures_is_caught(plan: Plan) -> None:
    """A single changed owner shows in the account's figures, the cost and the value."""
    other = "R1" if owners(plan)["A02"] != "R1" else "R2"
    rules = broken_rules(moved("A02", other)(frames(plan)))
    assert {"account_values", "objective", "expected_value"} <= rules


def test_two_owners_exchanged_are_caught(plan: Plan) -> None:
    """Loads stay close to what they were; the figures of the two accounts do not."""
    owner = owners(plan)
    first, second = next(
        (a, b)
        for a in ("A02", "A03", "A06", "A07")
        for b in ("A02", "A03", "A06", "A07")
        if owner[a] != owner[b]
    )
    tampered = moved(second, owner[first])(moved(first, owner[second])(frames(plan)))
    assert "account_values" in broken_rules(tampered)


def test_a_split_family_is_caught(plan: Plan) -> None:
    other = "R1" if owners(plan)["A01"] != "R1" else "R0"
    assert "family_together" in broken_rules(moved("A01", other)(frames(plan)))


@pytest.mark.parametrize(
    ("rule", "tamper"),
    [
        pytest.param("lock", moved("A04", "R0"), id="locked account moved"),
        pytest.param("assign", moved("A05", "R1"), id="assignment ignored"),
        pytest.param("forbid", moved("A09", "R0"), id="forbidden pair"),
        pytest.param("eligibility", moved("A08", "R0"), id="rep outside the rule"),
    ],
)
def test_a_broken_decision_is_caught(
    plan: Plan, rule: str, tamper: Callable[[Frames], Frames]
) -> None:
    assert rule in broken_rules(tamper(frames(plan)))


VALUE_COLUMNS = (
    "service_hours",
    "visits_per_year",
    "travel_hours",
    "distance_km",
    "current_travel_hours",
    "current_distance_km",
    "expected_sales_usd",
    "current_expected_sales_usd",
    "travel_cost_usd",
    "disruption_loss_usd",
    "fit_loss_usd",
    "value_usd",
)


@pytest.mark.parametrize("column", VALUE_COLUMNS)
def test_a_wrong_figure_of_an_account_is_caught(plan: Plan, column: str) -> None:
    tamper = on("plan_assignment", column, lambda old: old + 0.01, account_id="A02")
    assert broken_rules(tamper(frames(plan))) == {"account_values"}


def test_a_figure_of_today_without_an_owner_is_caught(plan: Plan) -> None:
    tamper = on("plan_assignment", "current_travel_hours", 0.0, account_id="A09")
    assert broken_rules(tamper(frames(plan))) == {"account_values"}


@pytest.mark.parametrize("column", ["is_moved", "is_forced_move", "is_new_assignment", "is_locked"])
@pytest.mark.parametrize("account_id", ["A02", "A04", "A09", "A10"])
def test_a_wrong_flag_is_caught(plan: Plan, column: str, account_id: str) -> None:
    tamper = on("plan_assignment", column, lambda old: not old, account_id=account_id)
    assert broken_rules(tamper(frames(plan))) == {"move_flags"}


@pytest.mark.parametrize("column", ["incumbent_rep_id", "previous_rep_id"])
def test_another_previous_owner_is_caught(plan: Plan, column: str) -> None:
    tamper = on("plan_assignment", column, "R9", account_id="A02")
    assert broken_rules(tamper(frames(plan))) == {"move_flags"}


@pytest.mark.parametrize("column", ["target", "lower_limit", "upper_limit"])
@pytest.mark.parametrize("metric", ["hours", "potential"])
def test_a_wrong_target_is_caught(plan: Plan, column: str, metric: str) -> None:
    tamper = on("plan_target", column, lambda old: old * 1.01, rep_id="R1", metric=metric)
    assert "target" in broken_rules(tamper(frames(plan)))


def test_a_limit_of_a_metric_without_band_is_caught(plan: Plan) -> None:
    tamper = on("plan_target", "upper_limit", 1.0, rep_id="R1", metric="sales")
    assert broken_rules(tamper(frames(plan))) == {"target"}


def test_a_missing_target_is_caught(plan: Plan) -> None:
    fewer = plan.targets.filter((pl.col("rep_id") != "R1") | (pl.col("metric") != "hours"))
    assert broken_rules(frames(plan) | {"plan_target": fewer}) == {"target"}


NAN = float("nan")


@pytest.mark.parametrize(
    ("table", "column", "rule"),
    [
        ("plan_target", "target", "target"),
        ("plan_target", "upper_limit", "target"),
        ("plan_target", "giant_excess", "band"),
        ("plan_target", "relaxation_pct", "band"),
        ("plan_summary", "regret_usd", "gap"),
        ("plan_summary", "unassigned_cost_usd", "objective"),
    ],
)
def test_a_figure_that_is_no_number_is_caught(
    plan: Plan, table: str, column: str, rule: str
) -> None:
    row = {"rep_id": "R1", "metric": "hours"} if table == "plan_target" else {}
    assert rule in broken_rules(on(table, column, NAN, **row)(frames(plan)))


@pytest.mark.parametrize("share", [50.0, -1.0])
def test_a_relaxation_nobody_needs_is_caught(plan: Plan, share: float) -> None:
    tamper = on("plan_target", "relaxation_pct", share, rep_id="R1", metric="hours")
    assert broken_rules(tamper(frames(plan))) == {"band"}


@pytest.mark.parametrize(
    ("table", "rule"), [("plan_target", "target"), ("plan_summary", "objective")]
)
def test_a_table_given_twice_is_caught(plan: Plan, table: str, rule: str) -> None:
    tampered = frames(plan)
    tampered[table] = pl.concat([tampered[table], tampered[table]])
    assert rule in broken_rules(tampered)


def test_an_account_in_another_unit_is_caught(plan: Plan) -> None:
    tampered = on("plan_assignment", "unit_id", "A00", account_id="A05")(frames(plan))
    assert broken_rules(tampered) == {"family_together"}


def test_a_giant_that_is_none_is_caught(plan: Plan) -> None:
    tamper = on("plan_target", "giant_excess", 50.0, rep_id="R1", metric="hours")
    assert broken_rules(tamper(frames(plan))) == {"band"}


def test_a_load_outside_its_band_is_caught(plan: Plan) -> None:
    """Every account that nothing holds goes to one rep: no band of 40 % survives that."""
    free = pl.col("account_id").is_in(["A04", "A05", "A08"]).not_()
    crowded = plan.assignment.with_columns(
        rep_id=pl.when(free).then(pl.lit("R1")).otherwise("rep_id")
    )
    assert "band" in broken_rules(frames(plan) | {"plan_assignment": crowded})


def test_a_relaxation_kept_quiet_is_caught() -> None:
    """A plan that had to widen a band, published as if it had not."""
    tight = Policy.model_validate(
        POLICY.model_dump() | {"metrics": [{"metric": "hours", "tolerance_pct": 0}]}
    )
    relaxed = plan_territories(SMALL.accounts, SMALL.reps, SMALL.overrides, tight)
    assert relaxed.targets["relaxation_pct"].sum() > 0
    assert broken_rules(frames(relaxed), tight) == set()
    silent = relaxed.targets.with_columns(relaxation_pct=0.0)
    assert broken_rules(frames(relaxed) | {"plan_target": silent}, tight) == {"band"}


PARTS = (
    "travel_cost_usd",
    "disruption_cost_usd",
    "fit_cost_usd",
    "deviation_cost_usd",
    "overtime_cost_usd",
)


@pytest.mark.parametrize("column", [*PARTS, "unassigned_cost_usd", "objective_usd"])
def test_a_wrong_part_of_the_objective_is_caught(plan: Plan, column: str) -> None:
    tamper = on("plan_summary", column, lambda old: old + 0.1)
    assert "objective" in broken_rules(tamper(frames(plan)))


def test_cost_shifted_from_one_part_to_another_is_caught(plan: Plan) -> None:
    """The sum is right, both parts are wrong."""
    sound = frames(plan)
    tampered = on("plan_summary", "travel_cost_usd", lambda old: old - 5.0)(sound)
    tampered = on("plan_summary", "fit_cost_usd", lambda old: old + 5.0)(tampered)
    assert broken_rules(tampered) == {"objective"}


@pytest.mark.parametrize("column", ["expected_value_usd", "current_expected_value_usd"])
def test_a_wrong_value_is_caught(plan: Plan, column: str) -> None:
    tamper = on("plan_summary", column, lambda old: old + 0.1)
    assert broken_rules(tamper(frames(plan))) == {"expected_value"}


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("regret_usd", lambda old: old + 1.0),
        ("optimality_gap_pct", lambda old: old + 0.01),
        ("optimality_gap_pct", lambda old: float("nan")),
        ("bound_usd", lambda old: old - 1.0),
    ],
)
def test_gap_figures_that_disagree_are_caught(
    plan: Plan, column: str, change: Callable[[float], float]
) -> None:
    assert broken_rules(on("plan_summary", column, change)(frames(plan))) == {"gap"}


def test_a_bound_above_the_objective_is_caught(plan: Plan) -> None:
    """Even where regret and gap are made to agree with it."""
    row = plan.summary.row(0, named=True)
    bound = row["objective_usd"] + 10
    tampered = plan.summary.with_columns(
        bound_usd=pl.lit(bound),
        regret_usd=pl.lit(-10.0),
        optimality_gap_pct=pl.lit(-1_000 / row["objective_usd"]),
    )
    assert broken_rules(frames(plan) | {"plan_summary": tampered}) == {"gap"}


def test_a_plan_called_optimal_with_regret_is_caught(plan: Plan) -> None:
    row = plan.summary.row(0, named=True)
    bound = round(row["objective_usd"] / 2, 2)
    regret = row["objective_usd"] - bound
    tampered = plan.summary.with_columns(
        bound_usd=pl.lit(bound),
        regret_usd=pl.lit(regret),
        optimality_gap_pct=pl.lit(100 * regret / row["objective_usd"]),
        is_proved_optimal=pl.lit(True),
    )
    assert broken_rules(frames(plan) | {"plan_summary": tampered}) == {"gap"}


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(
            on("plan_assignment", "runner_up_delta_usd", -1.0, account_id="A02"), id="negative"
        ),
        pytest.param(
            on("plan_assignment", "runner_up_delta_usd", None, account_id="A02"), id="no delta"
        ),
        pytest.param(
            on("plan_assignment", "runner_up_rep_id", "R9", account_id="A02"), id="unknown rep"
        ),
        pytest.param(
            on("plan_assignment", "runner_up_rep_id", "R0", account_id="A09"), id="forbidden rep"
        ),
    ],
)
def test_a_false_runner_up_is_caught(plan: Plan, tamper: Callable[[Frames], Frames]) -> None:
    assert broken_rules(tamper(frames(plan))) == {"runner_up"}


def test_an_owner_named_as_its_own_runner_up_is_caught(plan: Plan) -> None:
    tamper = on("plan_assignment", "runner_up_rep_id", owners(plan)["A02"], account_id="A02")
    assert broken_rules(tamper(frames(plan))) == {"runner_up"}


def test_every_rule_has_a_test_above() -> None:
    """A rule added to the verifier needs a plan that breaks it."""
    caught = {"one_owner", "family_together", "lock", "assign", "forbid", "eligibility"}
    caught |= {"account_values", "move_flags", "target", "band", "objective", "gap"}
    caught |= {"expected_value", "runner_up"}
    assert caught == set(VERIFIED_RULES)
