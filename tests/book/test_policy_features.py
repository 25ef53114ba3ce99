"""Every check of a policy, with the message a user sees; and the example that shows all of it."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from optimization.policy import LockRule, MetricBand, Policy, load_policy
from optimization.policy import policy_schema as schema_of_policies
from tests.optimization.refused_policy import refused

CONFIG = Path(__file__).parents[2] / "config"
EXAMPLE = CONFIG / "examples" / "policies" / "every_feature.yaml"


def test_the_example_shows_every_feature() -> None:
    """A new setting without a place in the example is not documented."""
    shown = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    policy = load_policy(EXAMPLE)
    jsonschema.validate(json.loads(json.dumps(shown, default=str)), schema_of_policies())
    for block in Policy.model_fields:
        if block != "response":
            assert getattr(policy, block) or shown[block] is not None, block
    for block in ("metrics", "locks", "account_limits", "move_budgets", "unassigned"):
        used = {key for rule in shown[block] for key in rule}
        known = set(type(getattr(policy, block)[0]).model_fields)
        assert used == known, block


def test_a_band_takes_name_and_split_from_its_measure() -> None:
    assert MetricBand(metric="hours").name == "hours"
    assert MetricBand(metric="potential").targets == "capacity"
    assert MetricBand(metric="account_count").targets == "headcount"
    assert MetricBand(metric="account_count", targets="equal").targets == "equal"


def test_a_rule_holds_until_its_last_day() -> None:
    rule = LockRule(name="holdout", expires_on=date(2026, 12, 31))
    assert rule.is_in_force(date(2026, 12, 31))
    assert not rule.is_in_force(date(2027, 1, 1))
    assert not rule.is_in_force(None)
    assert LockRule(name="always").is_in_force(None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("metrics: [{metric: hours, name: ''}]", "name must not be empty"),
        (
            "metrics: [{metric: hours, accounts: {segment: [mid]}}]",
            "needs a name of its own, not hours",
        ),
        ("metrics: [{metric: hours, name: sales}]", "name sales is that of another measure"),
        ("metrics: [{metric: hours, name: clock_hours}]", "name clock_hours is reserved"),
        ("metrics: [{metric: hours, name: 'limit:x'}]", "name limit:x is reserved"),
        (
            "metrics: [{metric: hours}, {metric: hours, tolerance_pct: 1}]",
            "metrics lists hours more than once",
        ),
        ("metrics: [{metric: hours, targets: revenue}]", "setting metrics.0.targets"),
        ("metrics: [{metric: hours, fixed_targets: {R1: -1}}]", "metrics.0.fixed_targets.R1"),
        ("metrics: [{metric: hours, accounts: {postcode: [1]}}]", "metrics.0.accounts.postcode"),
        (
            "metrics: [{metric: hours, name: x, accounts: {segment: []}}]",
            "metrics.0.accounts.segment",
        ),
        ("locks: [{name: x, open_deal_probability_from_pct: 101}]", "open_deal_probability"),
        ("locks: [{name: x, renewal_within_days: -1}]", "locks.0.renewal_within_days"),
        ("locks: [{name: x, owner_changed_within_days: 1.5}]", "owner_changed_within_days"),
        ("locks: [{name: x, account_ids: []}]", "locks.0.account_ids"),
        ("locks: [{name: x, expires_on: soon}]", "locks.0.expires_on"),
        ("locks: [{name: x}, {name: x}]", "locks lists x more than once"),
        ("eligibility: [{name: x}, {name: x}]", "eligibility lists x more than once"),
        ("keep_together: [{name: x, account_ids: [A1]}]", "keep_together.0.account_ids"),
        (
            "keep_together: [{name: x, account_ids: [A1, A2, A1]}]",
            "account_ids lists A1 more than once",
        ),
        ("must_separate: [{name: x, account_ids: [A1]}]", "must_separate.0.account_ids"),
        (
            "must_separate: [{name: x, account_ids: [A2, A2]}]",
            "account_ids lists A2 more than once",
        ),
        ("account_limits: [{name: x}]", "give minimum, maximum or both"),
        (
            "account_limits: [{name: x, minimum: 5, maximum: 4}]",
            "minimum must not exceed maximum",
        ),
        ("account_limits: [{name: x, maximum: -1}]", "account_limits.0.maximum"),
        (
            "account_limits: [{name: x, maximum: 1}, {name: x, maximum: 2}]",
            "account_limits lists x more than once",
        ),
        ("move_budgets: [{measure: accounts}]", "give either limit_pct or limit"),
        (
            "move_budgets: [{measure: sales, limit_pct: 1, limit: 2}]",
            "give either limit_pct or limit",
        ),
        ("move_budgets: [{measure: margin, limit: 2}]", "move_budgets.0.measure"),
        ("move_budgets: [{measure: sales, limit_pct: 101}]", "move_budgets.0.limit_pct"),
        (
            "move_budgets: [{measure: sales, limit: 1}, {measure: sales, limit: 2}]",
            "move_budgets lists sales more than once",
        ),
        ("unassigned: [{name: x}]", "setting unassigned.0.price_usd"),
        ("unassigned: [{name: x, price_usd: -1}]", "setting unassigned.0.price_usd"),
        ("travel: {max_distance_km: 0}", "setting travel.max_distance_km"),
        ("travel: {max_hours_per_rep: -1}", "setting travel.max_hours_per_rep"),
        ("travel: {matrix: {account_zone: state}}", "setting travel.matrix.file"),
        ("travel: {matrix: {file: x.csv, rep_zone: state}}", "travel.matrix.rep_zone"),
        ("disruption: {handover_usd: -1}", "setting disruption.handover_usd"),
        ("overtime: {max_pct: 0}", "setting overtime.max_pct"),
        ("solver: {search_steps_millions: 0}", "setting solver.search_steps_millions"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("locks: [{name: x, open_deal_probability_pct: 60}]", "open_deal_probability_from_pct"),
        ("account_limits: [{name: x, maximun: 3}]", "maximum"),
        ("move_budgets: [{measure: sales, limit_percent: 3}]", "limit_pct"),
        ("unassigned: [{name: x, price: 3}]", "price_usd"),
        ("travel: {matrix: {file: x, acount_zone: state}}", "account_zone"),
        ("must_seperate: []", "must_separate"),
    ],
)
def test_a_misspelt_key_gets_the_nearest_known_one(tmp_path: Path, text: str, hint: str) -> None:
    message = refused(tmp_path, text)
    assert "unknown setting" in message
    assert f"did you mean '{hint}'?" in message


@pytest.mark.parametrize("block", ["keep_together", "must_separate"])
def test_lists_of_sets_are_empty_by_default(block: str) -> None:
    empty: list[Any] = getattr(Policy(), block)
    assert empty == []
