"""Policies: what ships loads, and whatever cannot be meant is refused with file and setting."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from refused_policy import refused

from optimization import Policy, PolicyError, load_policy, policy_schema

CONFIG = Path(__file__).parents[2] / "config"
SHIPPED = sorted((CONFIG / "policies").glob("*.yaml"))


def test_policies_are_shipped() -> None:
    assert {"default.yaml", "stability_first.yaml"} <= {file.name for file in SHIPPED}


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_policy_loads_and_fits_the_schema(file: Path) -> None:
    assert load_policy(file).description
    jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), policy_schema())


def test_default_yaml_states_every_default() -> None:
    """Its header says that the values shown are the defaults and that every key is shown."""
    file = CONFIG / "policies" / "default.yaml"
    shown = yaml.safe_load(file.read_text(encoding="utf-8"))
    policy = load_policy(file)
    assert policy.model_copy(update={"description": ""}) == Policy()
    assert set(shown) == set(Policy.model_fields)
    for block in ("travel", "response", "disruption", "overtime", "transition", "solver"):
        assert set(shown[block]) == set(type(getattr(policy, block)).model_fields), block


def test_stability_first_moves_less_readily_than_the_default() -> None:
    default = load_policy(CONFIG / "policies" / "default.yaml")
    stable = load_policy(CONFIG / "policies" / "stability_first.yaml")
    assert stable.disruption.loss_rate > default.disruption.loss_rate
    assert stable.locks
    assert not default.locks


def test_the_published_schema_is_the_code_s() -> None:
    published = (CONFIG / "schemas" / "policy.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == policy_schema()


def test_an_empty_file_is_the_default_policy(tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    file.write_text("# nothing yet\n", encoding="utf-8")
    assert load_policy(file) == Policy()


@pytest.mark.parametrize(
    ("text", "setting", "hint"),
    [
        ("on_infeasable: stop", "on_infeasable", "on_infeasible"),
        ("travel: {speed_km_per_hr: 60}", "travel.speed_km_per_hr", "speed_km_per_hour"),
        (
            "metrics: [{metric: hours, tolerence_pct: 3}]",
            "metrics.0.tolerence_pct",
            "tolerance_pct",
        ),
        ("solver: {nodelimit: 3}", "solver.nodelimit", "node_limit"),
        (
            "locks: [{name: young, tenure_months: 6}]",
            "locks.0.tenure_months",
            "tenure_months_below",
        ),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest_known_one(
    tmp_path: Path, text: str, setting: str, hint: str
) -> None:
    message = refused(tmp_path, text)
    assert f"unknown setting {setting}" in message
    assert f"did you mean '{hint}'?" in message


def test_a_setting_like_no_other_gets_no_hint(tmp_path: Path) -> None:
    message = refused(tmp_path, "zzz: 1")
    assert "unknown setting zzz" in message
    assert "did you mean" not in message


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("metrics: [{metric: hours, tolerance_pct: -1}]", "metrics.0.tolerance_pct"),
        ("metrics: [{metric: hours, tolerance_pct: 100}]", "metrics.0.tolerance_pct"),
        ("metrics: [{metric: hours, tolerance_pct: .nan}]", "metrics.0.tolerance_pct"),
        ("metrics: [{metric: visits}]", "metrics.0.metric"),
        ("travel: {circuity: 0.5}", "travel.circuity"),
        ("travel: {speed_km_per_hour: 0}", "travel.speed_km_per_hour"),
        ("travel: {cost_per_km_usd: .inf}", "travel.cost_per_km_usd"),
        ("response: {contribution_margin: 1.2}", "response.contribution_margin"),
        ("response: {half_share_hours: 0}", "response.half_share_hours"),
        ("disruption: {loss_rate: 15}", "disruption.loss_rate"),
        ("overtime: {price_usd_per_hour: -5}", "overtime.price_usd_per_hour"),
        ("solver: {rel_gap_pct: 101}", "solver.rel_gap_pct"),
        ("solver: {threads: 0}", "solver.threads"),
        ("seed: -1", "seed"),
        ("seed: many", "seed"),
        ("on_infeasible: ignore", "on_infeasible"),
        ("eligibility: [{name: '', reps: {region: [north]}}]", "eligibility.0.name"),
        ("eligibility: [{name: x, same: [postcode]}]", "eligibility.0.same.0"),
    ],
)
def test_a_value_out_of_range_is_refused(tmp_path: Path, text: str, setting: str) -> None:
    message = refused(tmp_path, text)
    assert f"setting {setting}" in message
    assert "found" in message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "metrics: [{metric: hours, tolerance_pct: 5, soft_tolerance_pct: 6}]",
            "soft_tolerance_pct must not exceed tolerance_pct",
        ),
        ("metrics: [{metric: hours}, {metric: hours}]", "metrics lists hours more than once"),
        (
            "disruption: {relief_for_experience: 0.6, relief_for_skill: 0.6}",
            "relief_for_experience + relief_for_skill must not exceed 1",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    tmp_path: Path, text: str, reason: str
) -> None:
    assert reason in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- hours\n- potential\n", "expected settings"),
        ("metrics: [", "not valid YAML"),
    ],
)
def test_a_file_that_holds_no_settings_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in refused(tmp_path, text)


def test_a_file_of_other_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes("description: Verkäufe".encode("latin-1"))
    with pytest.raises(PolicyError, match="cannot be read as UTF-8"):
        load_policy(file)


def test_a_missing_file_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    (tmp_path / "default.yaml").write_text("seed: 1\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"did you mean 'default\.yaml'\?.*found: default\.yaml"):
        load_policy(tmp_path / "defualt.yaml")


@pytest.mark.parametrize("value", [{"seed": 3}, {"travel": {"circuity": 1.4}}])
def test_a_policy_cannot_change_after_loading(value: dict[str, Any]) -> None:
    policy = Policy.model_validate(value)
    with pytest.raises(ValueError, match="frozen"):
        policy.seed = 4  # type: ignore[misc]
