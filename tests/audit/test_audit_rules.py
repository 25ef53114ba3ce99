"""A sound plan passes; each way of tampering with one is caught under the rule that forbids it."""

from datetime import date
from typing import Any

import hand_plan
import polars as pl
import pytest
from hand_plan import Frames, policy_with

from optimization.audit.rules import LISTED_PER_RULE, Breaches
from optimization.audit.verify import VERIFIED_RULES, verify_plan
from optimization.policy import Policy

NAN = float("nan")


def broken_rules(
    frames: Frames,
    policy: Policy = hand_plan.POLICY,
    *,
    accounts: pl.DataFrame | None = None,
    overrides: pl.DataFrame = hand_plan.OVERRIDES,
    as_of: date | None = hand_plan.AS_OF,
    trips: pl.DataFrame | None = hand_plan.TRIPS,
) -> set[str]:
    """Names of the rules that the tables break."""
    found = verify_plan(
        hand_plan.accounts() if accounts is None else accounts,
        hand_plan.reps(),
        overrides,
        policy,
        frames,
        as_of=as_of,
        travel_matrix=trips,
    )
    for violation in found:
        assert violation.rule in VERIFIED_RULES
        assert violation.record_id in violation.message
    return {violation.rule for violation in found}


def changed(table: str, column: str, value: Any, **where: str | None) -> Frames:
    """The sound plan with `value`, or value(old), in `column` of the one row `where` names."""
    frames = hand_plan.frames()
    rows = frames[table].to_dicts()
    chosen = [row for row in rows if all(row[name] == key for name, key in where.items())]
    assert len(chosen) == 1
    before = chosen[0][column]
    chosen[0][column] = value(before) if callable(value) else value
    assert chosen[0][column] != before
    return frames | {table: pl.DataFrame(rows, schema=frames[table].schema)}


def moved(**owners: str | None) -> Frames:
    """The sound plan with other owners and nothing else changed."""
    frames = hand_plan.frames()
    known = dict(frames["plan_assignment"].select("account_id", "rep_id").iter_rows())
    assert all(known[account_id] != rep_id for account_id, rep_id in owners.items())
    column = pl.Series("rep_id", list((known | owners).values()), dtype=pl.String)
    return frames | {"plan_assignment": frames["plan_assignment"].with_columns(column)}


def without(table: str, **where: str | None) -> Frames:
    """The sound plan without the rows that `where` names."""
    frames = hand_plan.frames()
    rows = frames[table].to_dicts()
    kept = [row for row in rows if any(row[name] != key for name, key in where.items())]
    assert len(kept) < len(rows)
    return frames | {table: pl.DataFrame(kept, schema=frames[table].schema)}


def added(frames: Frames, table: str, **row: Any) -> Frames:
    """The tables with one more row, a changed copy of the last."""
    copy = frames[table].tail(1).to_dicts()[0] | row
    more = pl.DataFrame([copy], schema=frames[table].schema)
    return frames | {table: pl.concat([frames[table], more])}


def test_a_sound_plan_breaks_no_rule() -> None:
    assert broken_rules(hand_plan.frames()) == set()


def test_tables_may_come_without_prefix_and_in_any_order() -> None:
    plain = {
        name.removeprefix("plan_"): frame.reverse() for name, frame in hand_plan.frames().items()
    }
    assert broken_rules(plain, accounts=hand_plan.accounts().reverse()) == set()


@pytest.mark.parametrize(
    "table", ["plan_assignment", "plan_summary", "plan_target", "plan_binding"]
)
def test_a_missing_table_is_named(table: str) -> None:
    frames = hand_plan.frames()
    del frames[table]
    with pytest.raises(KeyError, match=table):
        broken_rules(frames)


# ------------------------------------------------------------------------------------------ owners


def test_an_account_given_twice_is_caught() -> None:
    twice = added(hand_plan.frames(), "plan_assignment", account_id="A2", rep_id="R3")
    assert broken_rules(twice) == {"one_owner"}


def test_an_account_left_out_is_caught() -> None:
    assert broken_rules(without("plan_assignment", account_id="A4")) == {"one_owner"}


def test_an_account_that_is_not_in_the_book_is_caught() -> None:
    more = added(hand_plan.frames(), "plan_assignment", account_id="A99")
    assert broken_rules(more) == {"one_owner"}


def test_an_owner_who_is_no_rep_of_the_plan_is_caught() -> None:
    assert broken_rules(moved(A4="R9")) == {"one_owner"}


def test_an_account_that_needs_an_owner_and_has_none_is_caught() -> None:
    assert "one_owner" in broken_rules(moved(A4=None))


def test_an_account_whose_tier_the_policy_does_not_let_go_is_caught() -> None:
    assert "one_owner" in broken_rules(hand_plan.frames(), policy_with(unassigned=[]))


def test_a_held_account_left_without_owner_is_caught() -> None:
    """A9 may stay unassigned, but not where a person locks it."""
    lock = pl.DataFrame({"account_id": ["A9"], "action": ["lock"], "rep_id": [None]})
    locked = pl.concat([hand_plan.OVERRIDES, lock], how="vertical_relaxed")
    assert {"one_owner", "lock"} <= broken_rules(hand_plan.frames(), overrides=locked)


@pytest.mark.parametrize(
    ("rule", "owners"),
    [
        ("family_together", {"A3": "R2"}),
        ("keep_together", {"A7": "R2"}),
        ("separate", {"A5": "R1"}),
        ("lock", {"A2": "R3"}),
        ("assign", {"A6": "R1"}),
        ("forbid", {"A7": "R1", "A8": "R1"}),
        ("eligibility", {"A4": "R1"}),
        ("max_distance", {"A1": "R2", "A3": "R2"}),
        ("max_distance", {"A5": "R1"}),
    ],
)
def test_an_owner_that_a_rule_bars_is_caught(rule: str, owners: dict[str, str]) -> None:
    assert rule in broken_rules(moved(**owners))


@pytest.mark.parametrize("rule", ["family_together", "keep_together"])
def test_accounts_of_one_unit_show_one_unit_id(rule: str) -> None:
    account_id = {"family_together": "A3", "keep_together": "A8"}[rule]
    alone = changed("plan_assignment", "unit_id", account_id, account_id=account_id)
    assert broken_rules(alone) == {"family_together"}


def test_families_may_part_where_the_policy_says_so() -> None:
    rules = broken_rules(moved(A3="R2"), policy_with(keep_families_together=False))
    assert "family_together" in rules  # unit_id still joins them
    apart = moved(A3="R2")
    ids = apart["plan_assignment"].with_columns(
        unit_id=pl.when(pl.col("account_id") == "A3").then(pl.lit("A3")).otherwise("unit_id")
    )
    rules = broken_rules(
        apart | {"plan_assignment": ids}, policy_with(keep_families_together=False)
    )
    assert "family_together" not in rules


def test_an_assignment_to_a_rep_who_left_has_no_effect() -> None:
    gone = pl.DataFrame({"account_id": ["A1"], "action": ["assign"], "rep_id": ["R99"]})
    overrides = pl.concat([hand_plan.OVERRIDES, gone], how="diagonal_relaxed")
    assert broken_rules(hand_plan.frames(), policy_with(), overrides=overrides) == set()


def test_sets_of_the_overrides_count_like_those_of_the_policy() -> None:
    """Group ids join what the policy does not."""
    groups = pl.DataFrame(
        {
            "account_id": ["A1", "A5", "A7", "A8"],
            "action": ["separate", "separate", "together", "together"],
            "rep_id": [None] * 4,
            "group_id": ["x", "x", "y", "y"],
        },
        schema_overrides={"rep_id": pl.String},
    )
    overrides = pl.concat([hand_plan.OVERRIDES, groups], how="diagonal_relaxed")
    plain = policy_with(keep_together=[], must_separate=[])
    assert broken_rules(hand_plan.frames(), plain, overrides=overrides) == set()
    assert "separate" in broken_rules(moved(A5="R1"), plain, overrides=overrides)
    assert "keep_together" in broken_rules(moved(A7="R2"), plain, overrides=overrides)
    assert "separate" not in broken_rules(moved(A5="R1"), plain)


def test_a_set_with_more_members_than_reps_is_waived_for_the_rest() -> None:
    """Four accounts, three reps: one pair has to share."""
    four = policy_with(must_separate=[{"name": "four", "account_ids": ["A1", "A2", "A6", "A5"]}])
    assert "separate" not in broken_rules(hand_plan.frames(), four)
    assert "separate" in broken_rules(moved(A6="R2"), four)


# ------------------------------------------------------------------------------------------- locks


def locks(*rules: dict[str, Any]) -> Policy:
    return policy_with(locks=list(rules))


@pytest.mark.parametrize(
    ("condition", "columns"),
    [
        ({"open_deal_probability_from_pct": 60}, {"open_deal_probability_pct": 60.0}),
        ({"renewal_within_days": 90}, {"days_to_renewal": 90}),
        ({"owner_changed_within_days": 180}, {"days_since_owner_change": 180}),
        ({"strategic": True}, {"is_strategic": True}),
        ({"tenure_months_below": 10.5}, {"tenure_months": 10.0}),
        ({"account_ids": ["A7"]}, {}),
        ({"accounts": {"segment": ["mid"]}, "account_ids": ["A7"]}, {}),
        ({"account_ids": ["A7"], "expires_on": "2026-11-01"}, {}),
    ],
)
def test_a_lock_rule_that_matches_holds_the_account(
    condition: dict[str, Any], columns: dict[str, Any]
) -> None:
    """A7 left R1 in the plan: every lock that concerns it is broken."""
    book = with_columns("A7", columns)
    rules = broken_rules(hand_plan.frames(), locks({"name": "x", **condition}), accounts=book)
    assert "lock" in rules


@pytest.mark.parametrize(
    ("condition", "columns"),
    [
        ({"open_deal_probability_from_pct": 60}, {"open_deal_probability_pct": 59.9}),
        ({"open_deal_probability_from_pct": 60}, {"open_deal_probability_pct": None}),
        ({"renewal_within_days": 90}, {"days_to_renewal": 91}),
        ({"renewal_within_days": 90}, {"days_to_renewal": -1}),
        ({"owner_changed_within_days": 180}, {"days_since_owner_change": None}),
        ({"strategic": True}, {"is_strategic": None}),
        ({"tenure_months_below": 10.0}, {"tenure_months": 10.0}),
        ({"accounts": {"segment": ["key"]}, "account_ids": ["A7"]}, {}),
        ({"account_ids": ["A7"], "expires_on": "2026-10-31"}, {}),
    ],
)
def test_a_lock_rule_that_does_not_match_holds_nothing(
    condition: dict[str, Any], columns: dict[str, Any]
) -> None:
    book = with_columns("A7", columns)
    only = locks({"name": "s", "account_ids": ["A2"]}, {"name": "x", **condition})
    assert broken_rules(hand_plan.frames(), only, accounts=book) == set()


def with_columns(account_id: str, values: dict[str, Any]) -> pl.DataFrame:
    """The accounts with some values of one of them; unknown for the others."""
    book = hand_plan.accounts().with_columns(is_strategic=pl.lit(None, dtype=pl.Boolean))
    for column, value in values.items():
        kind = book.schema.get(column, pl.Float64())
        given = pl.lit(value, dtype=kind)
        other = pl.col(column) if column in book.columns else pl.lit(None, dtype=kind)
        chosen = pl.when(pl.col("account_id") == account_id).then(given).otherwise(other)
        book = book.with_columns(chosen.alias(column))
    return book


def test_locks_to_two_reps_hold_the_family_where_most_sales_are() -> None:
    """A1 and A3 are locked to R1 and R2; equal sales go to R1, more sales of A3 to R2."""
    both = locks({"name": "all", "account_ids": ["A1", "A2", "A3"]})
    held = hand_plan.frames()["plan_assignment"].with_columns(
        is_locked=pl.col("account_id").is_in(["A1", "A2", "A3", "A6"])
    )
    frames = hand_plan.frames() | {"plan_assignment": held}
    assert broken_rules(frames, both) == set()
    richer = with_columns("A3", {"actual_sales_usd": 1_001.0})
    assert "lock" in broken_rules(frames, both, accounts=richer)


# ----------------------------------------------------------------------------------------- figures

FIGURES = (
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
    "handover_usd",
    "value_usd",
)


@pytest.mark.parametrize("column", FIGURES)
@pytest.mark.parametrize("value", [lambda old: old + 0.01, None, NAN])
def test_a_wrong_figure_of_an_account_is_caught(column: str, value: Any) -> None:
    assert broken_rules(changed("plan_assignment", column, value, account_id="A3")) == {
        "account_values"
    }


def test_a_figure_of_today_without_an_owner_is_caught() -> None:
    frames = changed("plan_assignment", "current_travel_hours", 0.0, account_id="A4")
    assert broken_rules(frames) == {"account_values"}


@pytest.mark.parametrize(
    "column", ["is_moved", "is_forced_move", "is_new_assignment", "is_locked", "unassigned"]
)
@pytest.mark.parametrize("account_id", ["A2", "A3", "A4", "A6", "A9"])
def test_a_wrong_flag_is_caught(column: str, account_id: str) -> None:
    frames = changed("plan_assignment", column, lambda old: not old, account_id=account_id)
    assert broken_rules(frames) == {"move_flags"}


@pytest.mark.parametrize("column", ["incumbent_rep_id", "previous_rep_id"])
def test_another_previous_owner_is_caught(column: str) -> None:
    frames = changed("plan_assignment", column, "R3", account_id="A2")
    assert broken_rules(frames) == {"move_flags"}


@pytest.mark.parametrize(
    ("column", "value", "account_id"),
    [
        ("runner_up_delta_usd", -1.0, "A4"),
        ("runner_up_delta_usd", None, "A4"),
        ("runner_up_rep_id", "R9", "A4"),
        ("runner_up_rep_id", "R2", "A4"),  # the owner itself
        ("runner_up_rep_id", "R1", "A4"),  # not eligible
        ("runner_up_rep_id", "R1", "A7"),  # forbidden
        ("runner_up_rep_id", "R1", "A5"),  # too far away
        ("runner_up_rep_id", None, "A4"),  # a delta without a rep
    ],
)
def test_a_false_runner_up_is_caught(column: str, value: Any, account_id: str) -> None:
    frames = changed("plan_assignment", column, value, account_id=account_id)
    assert broken_rules(frames) == {"runner_up"}


def test_a_runner_up_kept_quiet_is_caught() -> None:
    """Where no distance limits the choice, another eligible rep is there for certain."""
    frames = hand_plan.frames()
    none = frames["plan_assignment"].with_columns(
        runner_up_rep_id=pl.lit(None, dtype=pl.String),
        runner_up_delta_usd=pl.lit(None, dtype=pl.Float64),
    )
    travel = hand_plan.POLICY_SETTINGS["travel"] | {"max_distance_km": None}
    anywhere = policy_with(travel=travel)
    assert broken_rules(frames | {"plan_assignment": none}, anywhere) == {"runner_up"}


# ------------------------------------------------------------------------------ targets and limits


@pytest.mark.parametrize("column", ["target", "lower_limit", "upper_limit"])
@pytest.mark.parametrize("metric", ["hours", "key_accounts"])
@pytest.mark.parametrize("value", [lambda old: old * 1.01, None, NAN])
def test_a_wrong_target_is_caught(column: str, metric: str, value: Any) -> None:
    frames = changed("plan_target", column, value, rep_id="R1", metric=metric)
    assert "target" in broken_rules(frames)


def test_a_limit_of_a_metric_without_band_is_caught() -> None:
    frames = changed("plan_target", "upper_limit", 1.0, rep_id="R1", metric="sales")
    assert broken_rules(frames) == {"target"}


def test_a_missing_target_is_caught() -> None:
    assert broken_rules(without("plan_target", rep_id="R1", metric="hours")) == {"target"}


def test_fixed_targets_are_followed_and_the_others_share_the_rest() -> None:
    metrics = [
        hand_plan.POLICY_SETTINGS["metrics"][0] | {"fixed_targets": {"R3": 500}},
        hand_plan.POLICY_SETTINGS["metrics"][1],
    ]
    assert {"target", "band"} <= broken_rules(hand_plan.frames(), policy_with(metrics=metrics))
    frames = hand_plan.frames()
    targets = {"R1": 150.0, "R2": 150.0, "R3": 500.0}
    hours = [
        row | {
            "target": targets[row["rep_id"]],
            "lower_limit": 0.5 * targets[row["rep_id"]],
            "upper_limit": 1.5 * targets[row["rep_id"]],
            # R2 holds 300 hours of 225 at most: half its target too much.
            "relaxation_pct": 50.0 if row["rep_id"] == "R2" else 0.0,
        } if row["metric"] == "hours" else row
        for row in frames["plan_target"].to_dicts()
    ]  # fmt: skip
    given = frames | {"plan_target": pl.DataFrame(hours, schema=frames["plan_target"].schema)}
    rules = broken_rules(given, policy_with(metrics=metrics))
    assert "target" not in rules
    assert "band" not in rules


@pytest.mark.parametrize("share", [1.0, 50.0, -1.0, NAN])
def test_a_relaxation_nobody_needs_is_caught(share: float) -> None:
    frames = changed("plan_target", "relaxation_pct", share, rep_id="R1", metric="hours")
    assert broken_rules(frames) == {"band"}


def tight(**more: Any) -> Policy:
    """The hours in bands of 40 %: R2 at 150 % needs a relaxation of 10 points."""
    hours = hand_plan.POLICY_SETTINGS["metrics"][0] | {"tolerance_pct": 40}
    return policy_with(metrics=[hours, hand_plan.POLICY_SETTINGS["metrics"][1]], **more)


def relaxed(points: float) -> Frames:
    """The tables of the plan under `tight`, with a published relaxation of R2's band."""
    frames = hand_plan.frames()
    is_hours = pl.col("metric") == "hours"
    targets = frames["plan_target"].with_columns(
        lower_limit=pl.when(is_hours).then(0.6 * pl.col("target")).otherwise("lower_limit"),
        upper_limit=pl.when(is_hours).then(1.4 * pl.col("target")).otherwise("upper_limit"),
        relaxation_pct=pl.when(is_hours & (pl.col("rep_id") == "R2")).then(points).otherwise(0.0),
    )
    is_band = pl.col("constraint_kind") == "upper_band"
    bindings = frames["plan_binding"].with_columns(
        limit_amount=pl.when(is_band).then(280.0).otherwise("limit_amount"),
        slack_amount=pl.when(is_band).then(-20.0).otherwise("slack_amount"),
    )
    return frames | {"plan_target": targets, "plan_binding": bindings}


def test_a_level_that_plan_level_says_nothing_of_is_caught() -> None:
    level = {"by": "region", "metrics": [{"metric": "hours", "tolerance_pct": 99}]}
    assert "level_band" in broken_rules(hand_plan.frames(), policy_with(levels=[level]))


def test_a_published_relaxation_is_accepted_where_the_policy_relaxes() -> None:
    assert broken_rules(relaxed(10.0), tight()) == set()
    assert broken_rules(relaxed(10.0), tight(on_infeasible="stop")) == {"band"}


@pytest.mark.parametrize("points", [0.0, 9.9, 10.1, 60.0])
def test_a_relaxation_other_than_needed_is_caught(points: float) -> None:
    assert broken_rules(relaxed(points), tight()) == {"band"}


@pytest.mark.parametrize("value", [50.0, NAN, None])
def test_a_giant_that_is_none_is_caught(value: float | None) -> None:
    frames = changed("plan_target", "giant_excess", value, rep_id="R1", metric="hours")
    assert broken_rules(frames) == {"band"}


@pytest.mark.parametrize(
    ("rule", "changes", "row"),
    [
        (
            "move_budget",
            {"move_budgets": [{"measure": "accounts", "limit": 2}]},
            ("move_budget", "accounts", None, "accounts", 2.0, 3.0),
        ),
        (
            "travel_limit",
            {"travel": hand_plan.POLICY_SETTINGS["travel"] | {"max_hours_per_rep": 70}},
            ("travel_limit", "travel_hours", "R3", "hours", 70.0, 80.0),
        ),
        (
            "overtime_ceiling",
            {"overtime": {"price_usd_per_hour": 20, "max_pct": 105}},
            ("overtime_ceiling", "clock_hours", "R2", "hours", 357.0, 360.0),
        ),
        (
            "account_limit",
            {"account_limits": [{"name": "two", "accounts": {"segment": ["mid"]}, "maximum": 1}]},
            ("account_limit", "two", "R3", "accounts", 1.0, 2.0),
        ),
        (
            "account_limit",
            {
                "account_limits": [
                    {"name": "few", "reps": {"rep_id": ["R1"]}, "minimum": 3, "maximum": 9}
                ]
            },
            ("account_limit", "few (minimum)", "R1", "accounts", 3.0, 2.0),
        ),
    ],
)
def test_a_broken_limit_must_be_published(
    rule: str, changes: dict[str, Any], row: tuple[Any, ...]
) -> None:
    """A breach is no secret: it stands in plan_binding, or the rule is broken."""
    kind, name, rep_id, unit, limit, used = row
    sound = hand_plan.frames()
    others = sound["plan_binding"].filter(pl.col("constraint_kind") != kind)
    quiet = sound | {"plan_binding": others}
    policy = policy_with(**changes)
    assert rule in broken_rules(quiet, policy)
    told = added(
        quiet,
        "plan_binding",
        constraint_kind=kind,
        constraint_name=name,
        rep_id=rep_id,
        metric=None,
        unit=unit,
        limit_amount=limit,
        used_amount=used,
        slack_amount=-abs(limit - used),
    )
    assert broken_rules(told, policy) == set()
    assert broken_rules(told, policy_with(**changes, on_infeasible="stop")) == {rule}


def test_a_breach_published_as_kept_breaks_the_rule() -> None:
    one = policy_with(move_budgets=[{"measure": "accounts", "limit": 2}])
    lying = hand_plan.frames()["plan_binding"].filter(
        (pl.col("constraint_kind") != "move_budget") | (pl.col("constraint_name") == "accounts")
    )
    rules = broken_rules(hand_plan.frames() | {"plan_binding": lying}, one)
    assert rules == {"move_budget", "binding"}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("limit_amount", lambda old: old + 1.0),
        ("used_amount", lambda old: old - 1.0),
        ("slack_amount", lambda old: old + 1.0),
        ("used_amount", None),
        ("limit_amount", NAN),
        ("unit", "USD"),
        ("shadow_price_usd", -1.0),
        ("shadow_price_usd", NAN),
        ("shadow_price_usd", None),
        ("statement", None),
        ("constraint_kind", "lower_band"),
        ("rep_id", "R9"),
        ("rep_id", None),
    ],
)
def test_a_wrong_binding_limit_is_caught(column: str, value: Any) -> None:
    row = {"constraint_kind": "capacity", "rep_id": "R2"}
    assert broken_rules(changed("plan_binding", column, value, **row)) == {"binding"}


def test_a_move_budget_is_always_listed() -> None:
    assert broken_rules(without("plan_binding", constraint_name="sales")) == {"binding"}


def test_a_limit_listed_twice_is_caught() -> None:
    frames = hand_plan.frames()
    twice = pl.concat([frames["plan_binding"], frames["plan_binding"].head(1)])
    assert broken_rules(frames | {"plan_binding": twice}) == {"binding"}


# ------------------------------------------------------------------------------------------ totals

PARTS = (
    "travel_cost_usd",
    "disruption_cost_usd",
    "fit_cost_usd",
    "handover_cost_usd",
    "deviation_cost_usd",
    "overtime_cost_usd",
    "unassigned_cost_usd",
)


@pytest.mark.parametrize("column", [*PARTS, "objective_usd"])
@pytest.mark.parametrize("value", [lambda old: old + 0.1, NAN, None])
def test_a_wrong_part_of_the_objective_is_caught(column: str, value: Any) -> None:
    assert "objective" in broken_rules(changed("plan_summary", column, value))


def test_cost_shifted_from_one_part_to_another_is_caught() -> None:
    """The sum is right, both parts are wrong."""
    frames = hand_plan.frames()
    shifted = frames["plan_summary"].with_columns(
        travel_cost_usd=pl.col("travel_cost_usd") - 5, fit_cost_usd=pl.col("fit_cost_usd") + 5
    )
    assert broken_rules(frames | {"plan_summary": shifted}) == {"objective"}


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        ("expected_value_usd", "expected_value"),
        ("current_expected_value_usd", "expected_value"),
        ("current_objective_usd", "current_objective"),
    ],
)
@pytest.mark.parametrize("value", [lambda old: old + 0.1, NAN, None])
def test_a_wrong_value_is_caught(column: str, rule: str, value: Any) -> None:
    assert broken_rules(changed("plan_summary", column, value)) == {rule}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("regret_usd", lambda old: old + 1),
        ("regret_usd", None),
        ("regret_usd", NAN),
        ("optimality_gap_pct", lambda old: old + 0.01),
        ("optimality_gap_pct", None),
        ("optimality_gap_pct", NAN),
        ("bound_usd", lambda old: old - 1),
        ("bound_usd", -1.0),
        ("bound_usd", None),
        ("bound_usd", NAN),
        ("is_proved_optimal", True),
    ],
)
def test_gap_figures_that_disagree_are_caught(column: str, value: Any) -> None:
    assert broken_rules(changed("plan_summary", column, value)) == {"gap"}


def test_a_bound_above_the_objective_is_caught() -> None:
    """Even where regret and gap are made to agree with it."""
    frames = hand_plan.frames()
    above = frames["plan_summary"].with_columns(
        bound_usd=pl.lit(7_240.0), regret_usd=pl.lit(-10.0), optimality_gap_pct=pl.lit(-0.138313)
    )
    assert broken_rules(frames | {"plan_summary": above}) == {"gap"}


def test_a_summary_of_two_rows_is_caught() -> None:
    frames = hand_plan.frames()
    twice = pl.concat([frames["plan_summary"]] * 2)
    assert broken_rules(frames | {"plan_summary": twice}) == {"objective"}


# ---------------------------------------------------------------------------------- the whole plan


@pytest.mark.parametrize(
    "changes",
    [
        {"travel": hand_plan.POLICY_SETTINGS["travel"] | {"cost_per_km_usd": 0.6}},
        {"response": hand_plan.POLICY_SETTINGS["response"] | {"skill_penalty": 0.2}},
        {"disruption": hand_plan.POLICY_SETTINGS["disruption"] | {"loss_rate": 0.2}},
        {"disruption": hand_plan.POLICY_SETTINGS["disruption"] | {"handover_usd": 26}},
    ],
)
def test_a_plan_is_held_against_the_policy_it_is_checked_with(changes: dict[str, Any]) -> None:
    rules = broken_rules(hand_plan.frames(), policy_with(**changes))
    assert {"account_values", "objective"} <= rules


def test_a_plan_is_held_against_the_travel_matrix_it_is_checked_with() -> None:
    faster = hand_plan.TRIPS.with_columns(hours=pl.col("hours") / 2)
    assert {"account_values", "objective"} <= broken_rules(hand_plan.frames(), trips=faster)


def test_a_plan_that_is_wrong_throughout_is_listed_in_part() -> None:
    breaches = Breaches()
    records = [f"A{i}" for i in range(LISTED_PER_RULE + 5)]
    breaches.add_all("lock", records, ["R1"] * len(records), ["R2"] * len(records), "owner")
    breaches.add("assign", "A1", "R1", "R2", "owner")
    listed = breaches.listed()
    assert len(listed) == LISTED_PER_RULE + 2
    assert str(len(records)) in listed[-1].message


def test_every_rule_has_a_test_above() -> None:
    """A rule added to the verifier needs a plan that breaks it."""
    caught = {"one_owner", "family_together", "keep_together", "separate", "lock", "assign"}
    caught |= {"forbid", "eligibility", "max_distance", "account_limit", "move_budget"}
    caught |= {"travel_limit", "overtime_ceiling", "account_values", "move_flags", "target"}
    caught |= {"band", "objective", "current_objective", "gap", "expected_value", "runner_up"}
    caught |= {"binding", "level_band"}
    assert caught == set(VERIFIED_RULES)


def test_the_check_runs_alone() -> None:
    """Nothing of the model is loaded by the verifier; neither is a solver."""
    import subprocess
    import sys

    code = (
        "import sys, optimization.audit.verify;"
        "banned = ('optimization.book', 'optimization.pairs', 'optimization.engine',"
        " 'optimization.report', 'numba', 'pyomo', 'highspy');"
        "sys.exit(any(name.startswith(banned) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
