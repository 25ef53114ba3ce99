"""The asset graph: one name grammar, every table described and owned, gates that block."""

import pytest
from dagster import (
    AssetKey,
    AssetSpec,
    Definitions,
    ScheduleDefinition,
    build_schedule_context,
    validate_run_config,
)

from pipelines.definitions import (
    PUBLISH_JOB,
    REBALANCE_JOB,
    RUN_JOB,
    SOLVE_JOB,
    build_definitions,
)
from pipelines.ingest.entities import ENTITIES
from pipelines.publish import CONTRACT_TABLES


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return build_definitions()


@pytest.fixture(scope="module")
def specs(definitions: Definitions) -> dict[str, AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_every_asset_has_a_group_an_owner_a_kind_and_a_description(
    specs: dict[str, AssetSpec],
) -> None:
    bare = [
        key
        for key, spec in specs.items()
        if not (spec.group_name and spec.group_name != "default" and spec.owners and spec.kinds)
        or not spec.description
    ]
    assert bare == []


def test_every_raw_and_every_published_table_is_an_asset(specs: dict[str, AssetSpec]) -> None:
    expected = {entity.table for entity in ENTITIES.values()} | set(CONTRACT_TABLES)
    assert expected - specs.keys() == set()


def test_keys_follow_the_grammar_of_table_names(specs: dict[str, AssetSpec]) -> None:
    prefixes = ("source_", "raw_", "stg_", "int_", "plan_", "dim_", "fct_", "kpi_", "meta_")
    odd = {key for key in specs if not key.startswith(prefixes) and key not in _OTHER_NAMES}
    assert odd == set()


_OTHER_NAMES = {"quarantined_row", "record_history", "custom_field", "release"}


def test_the_release_comes_after_every_source_file(definitions: Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    upstream = graph.get_ancestor_asset_keys(AssetKey("release"))
    sources = {AssetKey(f"source_{entity.source}__{entity.name}") for entity in ENTITIES.values()}
    assert sources <= upstream


def test_the_job_holds_every_table_and_every_gate(definitions: Definitions) -> None:
    job = definitions.resolve_job_def(RUN_JOB)
    assert {node.name for node in job.nodes} == {
        "ingest",
        "expectations_raw",
        "dbt_pre_score",
        "score",
        "dbt_pre_plan",
        "plan",
        "plan_verifier",
        "forecast",
        "dbt_post_plan",
        "expectations_publish",
        "transition",
        "metadata",
        "release",
    }


def test_a_blocking_gate_stands_before_the_release(definitions: Definitions) -> None:
    checks = definitions.resolve_asset_graph().asset_check_keys
    names = {key.name for key in checks}
    assert {"verify_one_owner"} <= names
    blocking = {
        key.asset_key.to_user_string()
        for key in checks
        if definitions.resolve_asset_graph().get(key).blocking
    }
    assert {"raw_crm__account", "plan_assignment", "fct_assignment", "kpi_territory"} <= blocking


def test_what_is_done_when(definitions: Definitions) -> None:
    schedules = {
        schedule.name: (schedule.job_name, schedule.cron_schedule)
        for schedule in definitions.schedules or ()
    }
    assert schedules == {
        "weekly_kpis": (RUN_JOB, "0 6 * * 1"),
        "quarterly_plan": (RUN_JOB, "0 4 2 1,4,7,10 *"),
        "weekly_drift": (REBALANCE_JOB, "0 6 * * 4"),
    }
    (watch,) = definitions.sensors or ()
    assert (watch.name, watch.job_name) == ("drift_watch", REBALANCE_JOB)


def test_the_weekly_run_shows_the_plan_in_force_and_the_quarterly_one_plans(
    definitions: Definitions,
) -> None:
    keeps = {}
    for schedule in definitions.schedules or ():
        assert isinstance(schedule, ScheduleDefinition)
        (asked,) = schedule.evaluate_tick(build_schedule_context()).run_requests or ()
        config = validate_run_config(
            definitions.resolve_job_def(schedule.job_name), asked.run_config
        )
        keeps[schedule.name] = config["resources"]["workspace"]["config"]["keeps_effective"]
    assert keeps == {"weekly_kpis": True, "quarterly_plan": False, "weekly_drift": False}


def test_a_rebalancing_reads_and_scores_but_neither_plans_nor_publishes(
    definitions: Definitions,
) -> None:
    job = definitions.resolve_job_def(REBALANCE_JOB)
    assert {node.name for node in job.nodes} == {
        "ingest",
        "expectations_raw",
        "dbt_pre_score",
        "score",
        "dbt_pre_plan",
        "rebalance",
    }


def test_every_policy_file_is_a_partition_that_is_solved_apart(definitions: Definitions) -> None:
    solve = definitions.resolve_job_def(SOLVE_JOB)
    assert {node.name for node in solve.nodes} == {"plan_scenario"}
    assert solve.partitions_def is not None
    assert solve.partitions_def.get_partition_keys() == ["default", "stability_first"]
    publish = definitions.resolve_job_def(PUBLISH_JOB)
    assert publish.partitions_def is None
    assert {"plan", "plan_verifier", "dbt_post_plan", "expectations_publish", "release"} <= {
        node.name for node in publish.nodes
    }
    assert not {"ingest", "dbt_pre_plan", "plan_scenario"} & {node.name for node in publish.nodes}
