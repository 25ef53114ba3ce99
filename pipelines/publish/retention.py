"""How much of the past is kept: releases, quarantined rows and Dagster's run storage."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from pipelines.publish.layout import Layout
from pipelines.publish.manifest import MANIFEST_NAME
from pipelines.publish.swap import remove_folder

_REVISION = re.compile(r"\.r\d+$")


def releases_newest_first(layout: Layout) -> list[Path]:
    """The folders of whole releases, the one built last first."""

    def built(release: Path) -> tuple[int, str]:
        manifest = release / MANIFEST_NAME
        return (manifest.stat().st_mtime_ns if manifest.is_file() else 0, release.name)

    if not layout.releases.is_dir():
        return []
    folders = [p for p in layout.releases.iterdir() if p.is_dir() and not p.name.startswith(".")]
    return sorted(folders, key=built, reverse=True)


def prune_releases(data_dir: Path, keep: int, *, also_keep: Iterable[Path] = ()) -> list[str]:
    """Remove all but the newest `keep` releases, and the restricted folders of those removed.

    The published release always stays and counts as one of `keep`. Releases in `also_keep` stay
    too: the one that was just replaced must outlive the readers that resolved the link before.

    Returns:
        The names of the releases removed.
    """
    layout = Layout(data_dir)
    published = layout.link.resolve() if layout.link.exists() else None
    protected = {path.resolve() for path in also_keep} | ({published} if published else set())
    newest_first = releases_newest_first(layout)
    newest_first.sort(key=lambda release: release.resolve() != published)
    removed = []
    for release in newest_first[keep:]:
        if release.resolve() not in protected:
            remove_folder(release)
            removed.append(release.name)
    kept_plans = {plan_of(release) for release in releases_newest_first(layout)}
    if layout.restricted.is_dir():
        for folder in sorted(layout.restricted.iterdir()):
            if not folder.name.startswith(".") and plan_of(folder) not in kept_plans:
                remove_folder(folder)
    return removed


def plan_of(folder: Path) -> str:
    """The plan that the folder of a release, or of its pay data, is of."""
    return _REVISION.sub("", folder.name)


def prune_quarantine(folder: Path, keep: int) -> list[str]:
    """Remove all but the `keep` newest run folders of `folder`; gives the names removed.

    Args:
        folder: `<data_dir>/quarantine`, one folder of quarantined rows for each run.
    """
    if not folder.is_dir():
        return []
    runs = [path for path in folder.iterdir() if path.is_dir()]
    runs.sort(key=lambda run: (run.stat().st_mtime_ns, run.name), reverse=True)
    for run in runs[keep:]:
        shutil.rmtree(run)
    return [run.name for run in runs[keep:]]


def prune_run_storage(dagster_home: Path, keep: int) -> int:
    """Remove all but the `keep` newest finished runs from Dagster's storage; gives their number.

    Runs still queued or going on are not counted and not touched. Their events, logs and files go
    with them, whatever run and event storage `dagster.yaml` names.

    Args:
        dagster_home: the folder that `DAGSTER_HOME` names.
    """
    if not dagster_home.is_dir():
        return 0
    from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

    finished = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        storage = Path(instance.storage_directory())
        # Dagster lists runs newest first.
        doomed = [run.run_id for run in instance.get_runs(RunsFilter(statuses=finished))][keep:]
        for run_id in doomed:
            instance.delete_run(run_id)
            if (files := storage / run_id).is_dir():
                shutil.rmtree(files)
            # SQLite storage keeps the events of each run in a file of its own, left empty.
            for shard in (dagster_home / "history" / "runs").glob(f"{run_id}.db*"):
                shard.unlink()
    return len(doomed)
