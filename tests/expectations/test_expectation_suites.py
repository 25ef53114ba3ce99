"""The suites as shipped: silent on a faultless company, each entry loud on its own fault."""

from pathlib import Path

import pytest
from checked_company import RAW_TABLES, TYPED_TABLES, build_company
from checked_faults import WAVES

from expectations import CheckResult, load_suites, run_suites

STAGES = ("raw", "publish")
ENTRIES = [
    (stage, suite.table, check.name)
    for stage in STAGES
    for suite in load_suites(stage)
    for check in suite.checks
]
TRIPS = {
    (wave.stage, name): (number, sample)
    for number, wave in enumerate(WAVES)
    for fault in wave.faults
    for name, sample in fault.trips.items()
}


@pytest.fixture(scope="module")
def clean_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[CheckResult]]:
    warehouse = build_company(tmp_path_factory.mktemp("clean") / "warehouse.duckdb")
    return {stage: run_suites(warehouse, stage) for stage in STAGES}


@pytest.fixture(scope="module")
def wave_results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, CheckResult]]:
    found = []
    for wave in WAVES:
        path = tmp_path_factory.mktemp("wave") / "warehouse.duckdb"
        build_company(path, *(fault.statement for fault in wave.faults), reps=6)
        found.append({result.check_name: result for result in run_suites(path, wave.stage)})
    return found


def test_no_false_alarm_on_a_faultless_company(clean_results):
    for stage in STAGES:
        assert len(clean_results[stage]) == sum(entry[0] == stage for entry in ENTRIES)
        assert [result for result in clean_results[stage] if not result.passed] == []
        assert {result.sample for result in clean_results[stage]} == {"[]"}
        assert {result.rows_affected for result in clean_results[stage]} == {0}


@pytest.mark.parametrize(("stage", "table", "name"), ENTRIES)
def test_every_entry_catches_its_fault(stage, table, name, wave_results):
    wave, sample = TRIPS[stage, name]
    result = wave_results[wave][name]
    assert result.table_name == table
    assert not result.passed
    assert sample in result.sample
    assert result.rows_affected > 0 or "has_rows" in name
    assert result.message.endswith(f"demanded: {result.threshold}.")


def test_a_company_without_any_rows_gives_defined_results(tmp_path: Path):
    emptied = [f"DELETE FROM {table}" for table in [*RAW_TABLES, *TYPED_TABLES]]
    warehouse = build_company(tmp_path / "warehouse.duckdb", *emptied)
    failed = {
        result.check_name
        for stage in STAGES
        for result in run_suites(warehouse, stage)
        if not result.passed
    }
    assert failed == {
        "account_has_rows",
        "rep_has_rows",
        "rep_some_active",
        "dim_account_has_rows",
        "dim_rep_has_rows",
        "dim_scenario_one_is_chosen",
        "kpi_plan_versions",
        "kpi_balance_has_metrics",
        "kpi_territory_accounts_reconcile",
    }


def test_names_are_unique_over_both_stages():
    # meta_check_result is keyed by gate, table and name; a plain name is easier to look up.
    names = [name for _, _, name in ENTRIES]
    assert len(names) == len(set(names))
