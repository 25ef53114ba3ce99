"""What is old goes, what readers use stays."""

import os
from pathlib import Path

import pytest

from pipelines.errors import ConfigurationError
from pipelines.publish import (
    current_release,
    prune_quarantine,
    prune_releases,
    prune_run_storage,
    publish_release,
    recover,
)
from pipelines.publish.swap import building_folder
from tests.publish.small_warehouse import request_for


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def publish(folder: Path, plan_id: str, keep: int = 99) -> None:
    publish_release(request_for(folder, plan_id, keep=keep))


def test_the_newest_releases_stay_with_their_pay_data(tmp_path: Path) -> None:
    for number in range(5):
        publish(tmp_path, f"plan_{number}", keep=3)
    assert names(tmp_path / "releases") == ["plan_2", "plan_3", "plan_4"]
    assert names(tmp_path / "restricted") == ["plan_2", "plan_3", "plan_4"]


def test_the_release_just_replaced_outlives_its_readers(tmp_path: Path) -> None:
    for number in range(3):
        publish(tmp_path, f"plan_{number}", keep=1)
    assert names(tmp_path / "releases") == ["plan_1", "plan_2"]


def test_the_published_release_stays_however_old(tmp_path: Path) -> None:
    for plan_id in ("plan_old", "plan_new", "plan_newest"):
        publish(tmp_path, plan_id)
    (tmp_path / "published").unlink()
    (tmp_path / "published").symlink_to("releases/plan_old")
    assert prune_releases(tmp_path, 2) == ["plan_new"]
    assert names(tmp_path / "releases") == ["plan_newest", "plan_old"]


def test_a_lost_release_is_replaced_by_the_newest_intact_one(tmp_path: Path) -> None:
    import shutil

    for plan_id in ("plan_1", "plan_2", "plan_3"):
        publish(tmp_path, plan_id)
    shutil.rmtree(tmp_path / "releases" / "plan_3")
    (tmp_path / "releases" / "plan_2" / "territory.duckdb").unlink()
    recovery = recover(tmp_path)
    assert recovery.repointed_to == "plan_1"
    assert "plan_3" in recovery.damages[0]
    release = current_release(tmp_path)
    assert release is not None
    assert release.plan_id == "plan_1"


def test_with_no_intact_release_left_the_link_goes(tmp_path: Path) -> None:
    import shutil

    publish(tmp_path, "plan_1")
    shutil.rmtree(tmp_path / "releases" / "plan_1")
    assert recover(tmp_path).damages
    assert current_release(tmp_path) is None
    publish(tmp_path, "plan_2")
    assert recover(tmp_path).damages == ()


def test_a_damaged_release_is_named_and_left_to_the_next_publication(tmp_path: Path) -> None:
    publish(tmp_path, "plan_1")
    (tmp_path / "releases" / "plan_1" / "moves.csv").unlink()
    recovery = recover(tmp_path)
    assert recovery.repointed_to is None
    assert recovery.damages == (f"{tmp_path.resolve()}/releases/plan_1/moves.csv: missing",)


def test_only_the_folders_of_dead_runs_are_cleared(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    (releases / ".building-dead" / "parquet").mkdir(parents=True)
    (releases / ".deleting-dead").mkdir()
    (tmp_path / ".link-published-123").symlink_to("releases/nothing")
    with building_folder(releases, "alive") as alive:
        assert recover(tmp_path).removed == (
            ".building-dead",
            ".deleting-dead",
            ".link-published-123",
        )
        assert alive.is_dir()
    assert names(tmp_path) == ["releases"]
    assert names(releases) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigurationError, match="may write"):
        recover(tmp_path / "data")


def test_a_file_in_place_of_the_data_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(ConfigurationError, match="not a folder"):
        recover(tmp_path / "data" / "deeper")


def test_quarantine_of_the_newest_runs_stays(tmp_path: Path) -> None:
    for number in range(4):
        run = tmp_path / f"run_{number}"
        run.mkdir()
        os.utime(run, (1000 - number, 1000 - number))
    assert prune_quarantine(tmp_path, 2) == ["run_2", "run_3"]
    assert names(tmp_path) == ["run_0", "run_1"]
    assert prune_quarantine(tmp_path / "missing", 2) == []


def test_finished_runs_leave_dagsters_storage_with_their_files(tmp_path: Path) -> None:
    from dagster import DagsterInstance, DagsterRunStatus, MetadataValue, asset, materialize

    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")

    @asset
    def number(context):  # type: ignore[no-untyped-def]
        context.add_output_metadata({"n": MetadataValue.int(1)})
        return 1

    with DagsterInstance.from_config(str(tmp_path)) as instance:
        runs = [materialize([number], instance=instance).run_id for _ in range(3)]
        going_on = instance.create_run_for_job(_job(number), status=DagsterRunStatus.STARTED)
    assert prune_run_storage(tmp_path, 1) == 2
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        assert {run.run_id for run in instance.get_runs()} == {runs[2], going_on.run_id}
        assert instance.get_latest_materialization_event(number.key) is not None
    left = [p for p in tmp_path.rglob("*") if runs[0] in p.name or runs[1] in p.name]
    assert left == []
    assert prune_run_storage(tmp_path / "missing", 1) == 0


def _job(asset):  # type: ignore[no-untyped-def]
    from dagster import Definitions, define_asset_job

    return Definitions(assets=[asset], jobs=[define_asset_job("all_assets")]).resolve_job_def(
        "all_assets"
    )
