"""`<data_dir>/proposals`: how far the chosen plan had drifted each time somebody looked.

A folder for each check, named by its id: `kpi_drift`, and where a proposal came of it the plan it
would make, its moves and its price. Runs publish all that are kept (`kept_tables`).
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.publish.retention import plan_of
from pipelines.publish.swap import building_folder, place, remove_folder, sync_tree
from pipelines.settings.loader import Settings
from pipelines.standalone.plan_files import write_plan_files

FOLDER = "proposals"
MESSAGE_NAME = "proposal.json"
IDENTITY = {
    "proposal_id": pl.String(),
    "plan_id": pl.String(),
    "scenario": pl.String(),
    "as_of": pl.Date(),
}
CHECK_TABLES = ("kpi_drift", "kpi_rebalance", "fct_rebalance_move")


def schemas() -> dict[str, dict[str, pl.DataType]]:
    """The columns of `CHECK_TABLES`."""
    # Here, because they stand beside the planner, whose libraries take half a second.
    from optimization.rebalance.drift import DRIFT_SCHEMA
    from optimization.rebalance.proposal import KPI_SCHEMA, MOVE_SCHEMA

    own = (DRIFT_SCHEMA, KPI_SCHEMA, MOVE_SCHEMA)
    return {name: {**IDENTITY, **columns} for name, columns in zip(CHECK_TABLES, own, strict=True)}


def is_kept(settings: Settings, check_id: str) -> bool:
    """Whether the check was made already and is kept."""
    return (settings.data_dir / FOLDER / check_id).is_dir()


def has_proposal(settings: Settings, check_id: str) -> bool:
    """Whether the check was made already, led to a proposal, and is kept."""
    return (settings.data_dir / FOLDER / check_id / MESSAGE_NAME).is_file()


def keep_check(
    settings: Settings,
    check_id: str,
    frames: Mapping[str, pl.DataFrame],
    message: Mapping[str, Any] | None = None,
    write_more: Callable[[Path], None] = lambda _folder: None,
) -> None:
    """Write the folder of a check in one step, and remove the oldest beyond the retention.

    Args:
        message: what people are told of the proposal; None where there is none.
        write_more: puts further files into the folder.
    """
    folder = settings.data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with building_folder(folder, check_id) as building:
        write_plan_files(building, frames)
        if message is not None:
            text = json.dumps(message, indent=2, ensure_ascii=False) + "\n"
            (building / MESSAGE_NAME).write_text(text, encoding="utf-8")
        write_more(building)
        sync_tree(building)
        place(building, folder / check_id)
    known = _folders(folder)
    known.sort(key=lambda path: (path.stat().st_mtime_ns, path.name))
    for old in known[: -settings.project.retention.proposals]:
        remove_folder(old)


def kept_tables(data_dir: Path) -> dict[str, pl.DataFrame]:
    """The rows of all checks that are kept, by table and in order of the check's id."""
    return {
        name: pl.concat(
            [
                pl.DataFrame(schema=schema),
                *(
                    # As bytes: brackets in the name of a folder are a pattern to some readers.
                    _shaped(pl.read_parquet(file.read_bytes()), schema)
                    for folder in _latest(data_dir / FOLDER)
                    if (file := folder / f"{name}.parquet").is_file()
                ),
            ]
        )
        for name, schema in schemas().items()
    }


def _shaped(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """The columns of `schema`; those that the check did not know yet are empty."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in schema.items()
    )


def _latest(folder: Path) -> list[Path]:
    """One folder for each check, in order of their ids."""
    found = sorted(_folders(folder), key=lambda path: path.stat().st_mtime_ns)
    # Where folders cannot be exchanged, the newer one of a check stands beside the older.
    by_check = {plan_of(path): path for path in found}
    return [by_check[check] for check in sorted(by_check)]


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
