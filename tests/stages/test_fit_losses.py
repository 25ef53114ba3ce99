"""Which fit losses a plan reckons with, and what it says about them."""

import polars as pl
import pytest

from optimization.policy import Policy
from pipelines.stages.fit_losses import fit_loss_findings, with_estimates

POLICY = Policy()


def estimates(**found: tuple[float, float, float]) -> pl.DataFrame:
    rows = [(name, *values, 4474) for name, values in sorted(found.items())]
    schema = {
        "metric": pl.String,
        "metric_value": pl.Float64,
        "lower_value": pl.Float64,
        "upper_value": pl.Float64,
        "row_count": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_a_narrow_estimate_replaces_the_policy_and_is_told_with_its_interval() -> None:
    found = estimates(skill_penalty=(0.21, 0.08, 0.32))
    used = with_estimates(POLICY, found).response
    assert (used.skill_penalty, used.experience_penalty) == (0.21, 0.3)
    told = {row["record_id"]: row for row in fit_loss_findings(POLICY, found).to_dicts()}
    assert told["skill_penalty"]["rule"] == "fit_loss_estimated"
    assert told["skill_penalty"]["affected_rows"] == 4474
    assert told["skill_penalty"]["message"] == (
        "skill_penalty 0.21 of wins lost where the industry is not among the rep's skills, "
        "estimated 0.21 (95 % interval 0.08 to 0.32) from 4,474 closed deals, in place of the "
        "policy's 0.15"
    )
    assert told["experience_penalty"]["rule"] == "fit_loss_of_policy"
    assert told["experience_penalty"]["message"].endswith(
        "as the policy says: closed deals do not tell"
    )


@pytest.mark.parametrize(
    ("policy", "estimate", "value", "reason"),
    [
        (POLICY, (0.2, 0.0, 0.4), 0.15, "wider than 0.3"),
        (
            Policy.model_validate({"response": {"penalties_from": "policy"}}),
            (0.2, 0.1, 0.3),
            0.15,
            "penalties_from is policy",
        ),
        (POLICY, (-0.1, -0.2, 0.0), 0.0, "estimated -0.1"),
    ],
)
def test_the_policy_counts_where_deals_do_not_tell_or_may_not(
    policy: Policy, estimate: tuple[float, float, float], value: float, reason: str
) -> None:
    found = estimates(skill_penalty=estimate)
    assert with_estimates(policy, found).response.skill_penalty == value
    messages = fit_loss_findings(policy, found)["message"].to_list()
    assert any(reason in message for message in messages)


def test_without_estimates_nothing_changes() -> None:
    assert with_estimates(POLICY, None) is POLICY
    assert with_estimates(POLICY, estimates()) == POLICY
