"""The rebalance stage and its sensor on a book of four accounts: drift, proposal, what is told."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from dagster import (
    DagsterInstance,
    RunRequest,
    SkipReason,
    build_sensor_context,
    job,
    materialize,
    op,
)

from pipelines.assets.rebalance import rebalanced_territories, run_tags
from pipelines.assets.watch import build_drift_watch
from pipelines.assets.workspace import Workspace
from pipelines.errors import GateError
from pipelines.keeping.chosen import chosen_plan
from pipelines.settings.loader import PROJECT_ROOT, Settings, load_settings
from pipelines.stages.rebalance import rebalance
from pipelines.stages.run_context import RunContext, WorkPaths
from tests.book.tiny_book import Tables, account, owned, rep, tables
from tests.lifecycle.small_plans import keep, make_effective, store_at

CONTEXT = RunContext("run_1", "plan_9", date(2026, 7, 31), "default", "i", "s", "c")
OWNERS = {"A1": "R1", "A2": "R1", "A3": "R2"}
POLICY = "metrics: [{metric: hours, tolerance_pct: 20}]\n"


def book(*accounts: dict[str, object]) -> Tables:
    return tables([*accounts], [rep("R1"), rep("R2")])


DRIFTED = book(owned("A1", "R1"), owned("A2", "R1"), owned("A3", "R2"), account("A4"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A project whose data folder holds a working database and one effective plan."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "default.yaml").write_text(POLICY)
    (tmp_path / "crm.yaml").write_text("{}\n")
    (tmp_path / "files").mkdir()
    (tmp_path / "project.yaml").write_text(
        f"name: Tiny\ndata_dir: data\nscoring: {PROJECT_ROOT / 'config' / 'scoring.yaml'}\n"
        "sources: {crm: {mapping: crm.yaml, path: files}}\n"
        "retention: {proposals: 1}\n"
    )
    return load_settings(tmp_path / "project.yaml", as_of=CONTEXT.as_of)


def with_plan(settings: Settings) -> None:
    store = store_at(settings.data_dir.parent, datetime(2026, 7, 1, tzinfo=UTC))
    keep(store, "plan_1", dict(OWNERS))
    make_effective(store, "plan_1", date(2026, 7, 1))


def quality(skill_penalty: float | None = None) -> pl.DataFrame:
    """What closed deals tell of the skill penalty, within two points; None: nothing."""
    return pl.DataFrame(
        {
            "score_name": ["response"] * (skill_penalty is not None),
            "metric": ["skill_penalty"] * (skill_penalty is not None),
            "metric_value": [] if skill_penalty is None else [skill_penalty],
            "lower_value": [] if skill_penalty is None else [skill_penalty - 0.01],
            "upper_value": [] if skill_penalty is None else [skill_penalty + 0.01],
            "row_count": [] if skill_penalty is None else [4474],
        },
        schema={
            "score_name": pl.String,
            "metric": pl.String,
            "metric_value": pl.Float64,
            "lower_value": pl.Float64,
            "upper_value": pl.Float64,
            "row_count": pl.Int64,
        },
    )


def landed(settings: Settings, found: Tables, skill_penalty: float | None = None) -> None:
    """The planning tables of a run."""
    paths = WorkPaths(settings.data_dir)
    paths.work.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(paths.warehouse)) as connection:
        for name, frame in (
            ("int_plan__account", found.accounts),
            ("int_plan__rep", found.reps),
            ("stg_plan__override", found.overrides),
            ("int_score__model_quality", quality(skill_penalty)),
        ):
            connection.register("frame", frame.to_arrow())
            connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM frame")
            connection.unregister("frame")


def test_nothing_is_proposed_while_the_plan_holds(settings: Settings) -> None:
    with_plan(settings)
    halves = [owned(account_id, "R1", service_hours=50.0) for account_id in ("A1", "A2")]
    landed(settings, book(*halves, owned("A3", "R2")))
    kept = rebalance(settings, CONTEXT)
    assert kept.proposal is None
    assert kept.message is None
    assert kept.chosen.how == "effective from 2026-07-01"
    assert not kept.drift["is_passed"].any()
    with duckdb.connect(str(WorkPaths(settings.data_dir).warehouse)) as connection:
        assert connection.execute("SELECT count(*) FROM kpi_rebalance").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM kpi_drift").fetchone() == (4,)
    assert run_tags(kept) == {"territory/chosen_plan": "plan_1", "territory/drift": "0"}
    asked_for = rebalance(settings, CONTEXT, is_forced=True)
    assert asked_for.message is not None
    assert "plan_1 holds on 2026-07-31. None of 4 signals passed" in asked_for.message["text"]


def test_proposals_reckon_with_the_fit_losses_that_plans_do(settings: Settings) -> None:
    """R2, who gets the new account, does not know its industry; closed deals say what that costs
    other than the policy's 15 %."""
    with_plan(settings)
    strangers = tables(
        [owned("A1", "R1"), owned("A2", "R1"), owned("A3", "R2"), account("A4")],
        [rep("R1", skill_industries="retail"), rep("R2", skill_industries="energy")],
    )
    losses = []
    for skill_penalty in (None, 0.30):
        landed(settings, strangers, skill_penalty)
        kept = rebalance(settings, CONTEXT)
        assert kept.proposal is not None
        (row,) = kept.proposal.plan.assignment.filter(account_id="A4").to_dicts()
        assert row["rep_id"] == "R2"
        losses.append(row["fit_loss_usd"])
    assert losses[0] > 0
    assert losses[1] == pytest.approx(2 * losses[0])


def test_drift_makes_a_proposal_with_its_price(settings: Settings) -> None:
    with_plan(settings)
    landed(settings, DRIFTED)
    kept = rebalance(settings, CONTEXT)
    assert kept.message is not None
    passed = kept.drift.filter("is_passed")
    assert set(passed["signal"]) == {"without_owner", "band"}
    assert kept.message["kpi"]["new_assignments"] == 1
    assert kept.message["kpi"]["voluntary_moves"] == 0
    assert "without owner" in kept.message["text"]
    folder = settings.data_dir / "proposals" / kept.proposal_id
    moves = pl.read_parquet(folder / "fct_rebalance_move.parquet")
    assert moves.select("account_id", "to_rep_id", "move_kind", "plan_id").rows() == [
        ("A4", "R2", "new", "plan_1")
    ]
    assert (folder / "proposal.json").is_file()
    assert (folder / "plan_assignment.csv").is_file()
    tags = run_tags(kept)
    assert (tags["territory/voluntary_moves"], tags["territory/drift"]) == ("0", str(passed.height))


def test_the_same_data_give_the_same_bytes_and_old_proposals_go(settings: Settings) -> None:
    with_plan(settings)
    landed(settings, DRIFTED)
    first = rebalance(settings, CONTEXT)
    folder = settings.data_dir / "proposals"
    before = {p.name: p.read_bytes() for p in (folder / first.proposal_id).iterdir()}
    again = rebalance(settings, CONTEXT)
    assert again.proposal_id == first.proposal_id
    assert {p.name: p.read_bytes() for p in (folder / again.proposal_id).iterdir()} == before
    later = RunContext("run_2", "plan_9", date(2026, 8, 1), "default", "i", "s", "c")
    newest = rebalance(settings, later, is_forced=True)
    assert [path.name for path in folder.iterdir()] == [newest.proposal_id]


def test_without_any_plan_there_is_nothing_to_keep(settings: Settings) -> None:
    landed(settings, DRIFTED)
    with pytest.raises(GateError, match="run `territory run` first"):
        rebalance(settings, CONTEXT)


def test_a_published_plan_counts_while_none_is_effective(settings: Settings) -> None:
    release = settings.data_dir / "releases" / "plan_5"
    (release / "parquet").mkdir(parents=True)
    owners = pl.DataFrame({"plan_id": ["plan_5", "plan_0"], "account_id": "A1", "rep_id": "R1"})
    owners.write_parquet(release / "parquet" / "fct_assignment.parquet")
    (settings.data_dir / "published").symlink_to(release)
    found = chosen_plan(settings.data_dir, CONTEXT.as_of)
    assert (found.plan_id, found.owners.rows()) == ("plan_5", [("A1", "R1")])
    with_plan(settings)
    assert chosen_plan(settings.data_dir, CONTEXT.as_of).plan_id == "plan_1"


def test_the_sensor_asks_for_a_run_when_something_is_new(settings: Settings) -> None:
    @op
    def nothing() -> None:
        """Stands in for the rebalancing."""

    @job
    def stand_in() -> None:
        nothing()

    watch = build_drift_watch(settings.config_path, stand_in)
    with DagsterInstance.ephemeral() as instance:

        def look(cursor: str | None) -> tuple[object, str | None]:
            with build_sensor_context(instance=instance, cursor=cursor) as context:
                answer = watch(context)
                return answer, context.cursor

        answer, cursor = look(None)
        assert isinstance(answer, SkipReason)
        assert "nothing to keep" in (answer.skip_message or "")
        with_plan(settings)
        first, cursor = look(cursor)
        assert isinstance(first, RunRequest)
        again, cursor = look(cursor)
        assert isinstance(again, SkipReason)
        (settings.config_path.parent / "files" / "accounts.csv").write_text("Id\n1\n")
        second, cursor = look(cursor)
        assert isinstance(second, RunRequest)
        assert second.run_key != first.run_key


def test_the_asset_tags_the_run_and_says_whom_it_could_not_tell(settings: Settings) -> None:
    with_plan(settings)
    landed(settings, DRIFTED)
    CONTEXT.save(WorkPaths(settings.data_dir))
    project = settings.config_path.read_text()
    settings.config_path.write_text(project + "notifications: {webhook_url_env: NO_SUCH_HOOK}\n")
    workspace = Workspace(config=str(settings.config_path), as_of=CONTEXT.as_of.isoformat())
    with DagsterInstance.ephemeral() as instance:
        result = materialize(
            [rebalanced_territories], resources={"workspace": workspace}, instance=instance
        )
        tags = instance.get_run_by_id(result.run_id).tags  # type: ignore[union-attr]
    assert result.success
    assert tags["territory/voluntary_moves"] == "0"
    (seen,) = [
        event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key and event.asset_key.to_user_string() == "kpi_rebalance"
    ]
    assert seen["voluntary moves"].value == 0
    assert "$NO_SUCH_HOOK" in str(seen["notification failures"].value)
