"""Events of runs through connections that stay open, in the files Dagster keeps by default."""

import shutil
from pathlib import Path

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    DagsterEventType,
    DagsterInstance,
    Definitions,
    MaterializeResult,
    asset,
    define_asset_job,
)

from pipelines.event_storage import KeptSqliteEventLogStorage
from pipelines.execution import DAGSTER_SETTINGS


@asset(check_specs=[AssetCheckSpec("is_whole", asset="accounts")])
def accounts() -> MaterializeResult:  # type: ignore[type-arg]
    return MaterializeResult(check_results=[AssetCheckResult(passed=True)])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(DAGSTER_SETTINGS, tmp_path / "dagster.yaml")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


def run_once(instance: DagsterInstance) -> str:
    definitions = Definitions(assets=[accounts], jobs=[define_asset_job("job")])
    return definitions.resolve_job_def("job").execute_in_process(instance=instance).run_id


def told(instance: DagsterInstance, run_id: str) -> list[DagsterEventType | None]:
    return [entry.dagster_event_type for entry in instance.all_logs(run_id)]


def test_what_is_stored_is_seen_at_once_by_others_and_by_the_stock_storage(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, KeptSqliteEventLogStorage)
        run_ids = [run_once(instance), run_once(instance)]
        with DagsterInstance.get() as other:
            seen = [told(other, run_id) for run_id in run_ids]
        stock = tmp_path_factory.mktemp("stock")
        shutil.copytree(home, stock, dirs_exist_ok=True)
    (stock / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with DagsterInstance.from_config(str(stock)) as reader:
        assert not isinstance(reader.event_log_storage, KeptSqliteEventLogStorage)
        assert [told(reader, run_id) for run_id in run_ids] == seen
        assert seen[0][-1] == DagsterEventType.RUN_SUCCESS
        assert DagsterEventType.ASSET_CHECK_EVALUATION in seen[1]
        (record,) = reader.fetch_materializations(accounts.key, limit=1).records
        assert record.run_id == run_ids[1]


def test_a_deleted_run_is_gone_and_many_runs_hold_few_files_open(home: Path) -> None:
    with DagsterInstance.get() as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, KeptSqliteEventLogStorage)
        run_id = run_once(instance)
        for number in range(30):
            assert storage.get_logs_for_run(f"00000000-0000-0000-0000-{number:012}") == []
        held = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        assert len({path for path in held if path.parent.parent == home / "history"}) <= 3 * 8
        assert told(instance, run_id)
        instance.delete_run(run_id)
        assert told(instance, run_id) == []
