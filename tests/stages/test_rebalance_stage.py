"""The rebalance stage and its sensor on a book of four accounts: drift, proposal, what is told."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
import yaml
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
from pipelines.keeping.news import fingerprint
from pipelines.lifecycle import PlanStore
from pipelines.lifecycle.challenges import keep_challenges, kept_challenges
from pipelines.lifecycle.history import owners_on
from pipelines.lifecycle.holdouts import recorded_holdouts
from pipelines.settings.loader import PROJECT_ROOT, Settings, load_settings
from pipelines.stages.challenges import judge_file, plan_to_judge
from pipelines.stages.keep import kept_settings
from pipelines.stages.kept_checks import kept_tables
from pipelines.stages.plan import plan, verify
from pipelines.stages.rebalance import check_effective, rebalance, settings_of_chosen
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.stages.scenarios import scenario_digests
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


DEALS = pl.DataFrame(
    {
        "opportunity_id": ["D1", "D2", "D3", "D4"],
        "account_id": ["A1", "A2", "A3", "A1"],
        "amount_usd": [900.0, 100.0, None, 5.0],
        "is_open": [True, True, True, False],
    }
)
LOADS = pl.DataFrame(
    {"source_table": ["raw_crm__account"], "source_file": ["a.csv"], "file_sha256": ["0f"]}
)
# Nobody fills a second role.
OVERLAY_REPS = {"rep_id": pl.String, "role": pl.String, "fte_share": pl.Float64}
OVERLAY_MEMBERS = {"account_id": pl.String, "rep_id": pl.String}


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
            ("stg_crm__rep", found.reps.select("rep_id")),
            ("stg_plan__override", found.overrides),
            ("int_score__model_quality", quality(skill_penalty)),
            ("int_crm__opportunity", DEALS),
            ("meta_load", LOADS),
            ("int_plan__overlay_rep", pl.DataFrame(schema=OVERLAY_REPS)),
            ("int_plan__overlay_member", pl.DataFrame(schema=OVERLAY_MEMBERS)),
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
        assert connection.execute("SELECT count(*) FROM plan_rebalance").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM plan_drift").fetchone() == (4,)
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
    before = contents(folder / first.proposal_id)
    again = rebalance(settings, CONTEXT)
    assert again.proposal_id == first.proposal_id
    assert contents(folder / again.proposal_id) == before
    assert (first.is_new, again.is_new) == (True, False), "people are told once"
    assert len(PlanStore(settings.data_dir).acts(first.proposal_id)) == 1
    later = RunContext("run_2", "plan_9", date(2026, 8, 1), "default", "i", "s", "c")
    newest = rebalance(settings, later, is_forced=True)
    assert [path.name for path in folder.iterdir()] == [newest.proposal_id]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_proposal_is_a_plan_that_is_approved_and_becomes_effective(settings: Settings) -> None:
    with_plan(settings)
    # R2 has left: their account goes to R1, and the one nobody owned as well.
    landed(settings, tables([owned("A1", "R1"), owned("A3", "R2"), account("A4")], [rep("R1")]))
    kept = rebalance(settings, CONTEXT)
    store = PlanStore(settings.data_dir)
    assert store.state(kept.proposal_id) == "proposed"
    record = store.record(kept.proposal_id)
    assert (record.rebalanced_from, record.scenario, record.account_count) == (
        "plan_1", "default", 3,
    )  # fmt: skip
    assert record.inputs[0].sha256 == "0f"
    columns = ("account_id", "rep_id", "previous_rep_id", "source_rep_id")
    assert store.assignment(kept.proposal_id).select(columns).rows() == [
        ("A1", "R1", "R1", "R1"), ("A3", "R1", "R2", "R2"), ("A4", "R1", None, None),
    ]  # fmt: skip
    assert kept.message is not None
    assert f"territory plan approve {kept.proposal_id}" in kept.message["text"]
    owners = settings.data_dir / "proposals" / kept.proposal_id / "crm/account_owner_by_name.csv"
    assert pl.read_csv(owners)["account_id"].to_list() == ["A3", "A4"]
    make_effective(store, kept.proposal_id, date(2026, 8, 1))
    assert [period.valid_to_date for period in store.periods()] == [date(2026, 7, 31), None]
    assert owners_on(store, date(2026, 8, 1)).select("account_id", "rep_id").rows() == [
        ("A1", "R1"), ("A3", "R1"), ("A4", "R1"),
    ]  # fmt: skip
    assert chosen_plan(settings.data_dir, date(2026, 8, 1)).plan_id == kept.proposal_id


def test_open_deals_of_a_moved_account_stay_for_a_while(settings: Settings) -> None:
    store = store_at(settings.data_dir.parent, datetime(2026, 7, 1, tzinfo=UTC))
    keep(store, "plan_1", {"A1": "R1", "A2": "R1", "A3": "R1"})
    make_effective(store, "plan_1", date(2026, 7, 1))
    landed(settings, book(owned("A1", "R1"), owned("A2", "R1"), owned("A3", "R1")))
    settings.policy_path.write_text(POLICY.replace("20", "60"))
    loose = load_settings(settings.config_path, as_of=CONTEXT.as_of)
    kept = rebalance(loose, CONTEXT)
    assert kept.message is not None
    assert kept.message["kpi"]["voluntary_moves"] == 1
    moved = store.assignment(kept.proposal_id).filter("is_moved")["account_id"].item()
    deals = recorded_holdouts(store, kept.proposal_id)
    expected = [(moved.replace("A", "D"), moved, "R1", "R2")]
    columns = ("opportunity_id", "account_id", "holder_rep_id", "new_rep_id")
    assert deals.select(columns).rows() == expected


def test_challenges_are_judged_against_a_proposal_and_kept(settings: Settings) -> None:
    with_plan(settings)
    landed(settings, DRIFTED)
    CONTEXT.save(WorkPaths(settings.data_dir))
    kept = rebalance(settings, CONTEXT)
    store = PlanStore(settings.data_dir)
    assert plan_to_judge(store, CONTEXT) == kept.proposal_id
    file = settings.data_dir / "challenges.csv"
    head = "account_id,rep_id,wish,reason\n"
    file.write_text(head + "A4,R1,own,mine\nA2,R1,release,far\n")
    judged = judge_file(settings, CONTEXT, file, kept.proposal_id)
    # 300 against 100 hours breaks the band of R1, 100 against 300 that of R2.
    assert judged["outcome"].to_list() == ["rejected", "rejected"]
    assert "limit" in judged["outcome_reason"][0]
    keep_challenges(store, kept.proposal_id, judged, by="Ana")
    file.write_text(head + "A4,R2,own,mine\nA2,R1,release,very far\n")
    again = judge_file(settings, CONTEXT, file, kept.proposal_id)
    keep_challenges(store, kept.proposal_id, again, by="Ana")
    rows = kept_challenges(store).select("plan_id", "account_id", "rep_id", "reason", "outcome")
    assert rows.rows() == [
        (kept.proposal_id, "A2", "R1", "very far", "rejected"),
        (kept.proposal_id, "A4", "R1", "mine", "rejected"),
        (kept.proposal_id, "A4", "R2", "mine", "accepted"),
    ]
    told = store.acts(kept.proposal_id)[-1]
    assert (told.verb, told.by, told.why) == ("judge", "Ana", "challenges: 1 accepted, 1 rejected")
    assert store.state(kept.proposal_id) == "proposed"
    with pytest.raises(GateError, match=r"plan_1 was made of other data .*: 1 account"):
        judge_file(settings, CONTEXT, file, "plan_1")


def test_a_proposal_is_refused_once_another_plan_holds(settings: Settings) -> None:
    with_plan(settings)
    landed(settings, DRIFTED)
    kept = rebalance(settings, CONTEXT)
    store = PlanStore(settings.data_dir)
    keep(store, "plan_2", dict(OWNERS))
    make_effective(store, "plan_2", date(2026, 8, 1))
    with pytest.raises(GateError, match="rebalances plan_1, but plan_2 is effective then"):
        make_effective(store, kept.proposal_id, date(2026, 9, 1))


def test_a_plan_is_held_against_the_policy_it_follows(settings: Settings) -> None:
    with_plan(settings)
    other = settings.policy_path.with_name("other.yaml")
    other.write_text(POLICY)
    project = load_settings(settings.config_path, as_of=CONTEXT.as_of, scenarios=["other"])
    assert settings_of_chosen(project, CONTEXT.as_of).scenario == "default"


def test_a_run_keeps_the_check_of_the_effective_plan_and_publishes_all(settings: Settings) -> None:
    landed(settings, DRIFTED)
    check_effective(settings, CONTEXT)
    assert kept_tables(settings.data_dir)["kpi_drift"].is_empty(), "no plan is effective"
    with_plan(settings)
    check_effective(settings, CONTEXT)
    found = kept_tables(settings.data_dir)
    assert set(found["kpi_drift"]["signal"]) == {"band", "without_owner", "leavers"}
    assert found["kpi_rebalance"].is_empty()
    run = CONTEXT.planning(scenario_digests(settings))
    kept = rebalance(settings, run)
    check_effective(settings, run)
    found = kept_tables(settings.data_dir)
    assert found["kpi_rebalance"]["proposal_id"].to_list() == [kept.proposal_id]
    assert found["fct_rebalance_move"]["account_id"].to_list() == ["A4"]


def test_without_any_plan_there_is_nothing_to_keep(settings: Settings) -> None:
    landed(settings, DRIFTED)
    with pytest.raises(GateError, match="run `territory run` first"):
        rebalance(settings, CONTEXT)


def test_the_plan_in_force_is_shown_on_new_data(settings: Settings) -> None:
    with_plan(settings)
    # A3's owner by the source is not the plan's; A4 is new, and R9 has left with A5.
    moved = owned("A3", "R1"), owned("A5", "R9"), account("A4")
    landed(settings, book(owned("A1", "R1"), owned("A2", "R1"), *moved))
    kept = kept_settings(settings, CONTEXT.as_of)
    assert kept is not None
    run = CONTEXT.planning(scenario_digests(kept)).keeping(str(kept.kept_plan_id))
    (summary,) = plan(kept, run).to_dicts()
    assert (summary["plan_id"], summary["solver_status"]) == ("plan_1", "kept")
    assert summary["bound_usd"] <= summary["objective_usd"]
    with duckdb.connect(str(WorkPaths(settings.data_dir).warehouse)) as connection:
        rows = connection.execute(
            "SELECT account_id, rep_id, is_moved, is_forced_move, is_new_assignment "
            "FROM plan_assignment ORDER BY account_id"
        ).fetchall()
    assert rows == [
        ("A1", "R1", False, False, False), ("A2", "R1", False, False, False),
        ("A3", "R2", False, False, False), ("A4", "R1", False, False, True),
        ("A5", "R2", False, True, False),
    ]  # fmt: skip
    checks = verify(kept, run)
    assert [row.message for row in checks if not row.passed] == []
    told_only = {row.check_name for row in checks if row.severity == "warning"}
    assert "verify_eligibility" in told_only
    assert "verify_objective" not in told_only


def test_a_run_that_keeps_goes_by_the_plan_in_force(settings: Settings) -> None:
    workspace = Workspace(config=str(settings.config_path), keeps_effective=True)
    assert workspace.settings.kept_plan_id is None
    WorkPaths(settings.data_dir).work.mkdir(parents=True)
    CONTEXT.save(WorkPaths(settings.data_dir))
    assert workspace.settings.kept_plan_id is None, "no plan is in force: it plans"
    with_plan(settings)
    again = Workspace(config=str(settings.config_path), keeps_effective=True)
    assert again.settings.kept_plan_id == "plan_1"
    assert (again.run.plan_id, again.run.plans) == ("plan_1", {"default": "plan_1"})


def test_the_first_plan_to_come_is_in_force_before_its_day(settings: Settings) -> None:
    assert kept_settings(settings, CONTEXT.as_of) is None
    with_plan(settings)
    early = kept_settings(settings, date(2026, 6, 30))
    assert early is not None
    assert early.kept_plan_id == "plan_1"


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
    before = chosen_plan(settings.data_dir, date(2026, 6, 30))
    assert (before.plan_id, before.how) == ("plan_1", "effective from 2026-07-01")


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


@pytest.mark.parametrize(
    "connector",
    [
        {"type": "duckdb", "database": "files/crm.duckdb"},
        {"type": "files", "path": "files", "tables": {"account": {"files": "*.duckdb"}}},
    ],
    ids=lambda connector: str(connector["type"]),
)
def test_what_connectors_read_on_this_machine_is_watched(
    settings: Settings, connector: dict[str, object]
) -> None:
    project = yaml.safe_load(settings.config_path.read_text())
    project["sources"]["crm"] = {"mapping": "crm.yaml", "connector": connector}
    settings.config_path.write_text(yaml.safe_dump(project))
    watched = load_settings(settings.config_path)
    before = fingerprint(watched)
    assert fingerprint(watched) == before
    (settings.config_path.parent / "files" / "crm.duckdb").write_text("new")
    assert fingerprint(watched) != before


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
        if event.asset_key and event.asset_key.to_user_string() == "plan_rebalance"
    ]
    assert seen["voluntary moves"].value == 0
    assert "$NO_SUCH_HOOK" in str(seen["notification failures"].value)
