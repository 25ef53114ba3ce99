"""Run the job inside this process and turn whatever stops it into one of our errors."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.errors import TerritoryError
from pipelines.settings.loader import PROJECT_ROOT, Settings

DAGSTER_HOME = PROJECT_ROOT / ".dagster"
DAGSTER_SETTINGS = PROJECT_ROOT / "config" / "dagster.yaml"


def execute_run(settings: Settings, *, keeps_effective: bool = False) -> Path:
    """Run the whole graph for `settings`; return the folder of the published release.

    Args:
        keeps_effective: show the plan in force on the new data instead of planning anew.

    Raises:
        KeyboardInterrupt: somebody ended the run; nothing was published.
        TerritoryError: the run was stopped; the error says by what, the exit code goes with it.
    """
    from pipelines.definitions import RUN_JOB

    execute_job(RUN_JOB, settings, {}, keeps_effective=keeps_effective)
    return (settings.data_dir / "published").resolve()


def execute_job(
    name: str, settings: Settings, ops: Mapping[str, Any], *, keeps_effective: bool = False
) -> None:
    """Run the job `name` for `settings` in this process; ops: run configuration of its steps.

    Raises:
        KeyboardInterrupt, TerritoryError: as `execute_run`.
    """
    from dagster import DagsterExecutionInterruptedError, DagsterInstance

    from pipelines.definitions import defs

    prepare_dagster_home()
    job = defs.resolve_job_def(name)
    with DagsterInstance.get() as instance:
        try:
            job.execute_in_process(
                instance=instance,
                run_config={
                    "ops": dict(ops),
                    "resources": {
                        "workspace": {
                            "config": {
                                "config": str(settings.config_path),
                                "data_dir": str(settings.data_dir),
                                "as_of": settings.as_of.isoformat() if settings.as_of else "",
                                "scenarios": [one.name for one in settings.scenarios],
                                "is_draft": settings.is_draft,
                                "keeps_effective": keeps_effective,
                            }
                        }
                    },
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
            )
        except DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None
        except Exception as error:
            cause = explained(error)
            if cause is None:
                raise
            raise cause from None


def explained(error: BaseException) -> TerritoryError | None:
    """The error of ours that `error` wraps, if any: Dagster wraps what an asset raises."""
    passed: set[int] = set()
    seen: BaseException | None = error
    # An error raised again while it is handled can stand in its own chain.
    while seen is not None and id(seen) not in passed:
        if isinstance(seen, TerritoryError):
            return seen
        passed.add(id(seen))
        seen = seen.__cause__ or seen.__context__
    return None


def prepare_dagster_home() -> None:
    """Point Dagster at its folder unless DAGSTER_HOME says otherwise; no telemetry of anything."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(DAGSTER_HOME)))
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(DAGSTER_SETTINGS, home / "dagster.yaml")
