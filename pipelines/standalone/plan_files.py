"""Writing the tables of a plan as Parquet and CSV."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipelines.publish.moves import neutralised


def write_plan_files(out: Path, frames: Mapping[str, pl.DataFrame]) -> list[Path]:
    """Write `<table>.parquet` and `<table>.csv` of every frame into `out`; gives their paths.

    Files of these names are replaced, each at once: all are written beside before the first is. A
    text that a spreadsheet would compute starts with an apostrophe in the CSV.
    """
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    with TemporaryDirectory(prefix=".writing-", dir=out) as folder:
        for table, frame in sorted(frames.items()):
            frame.write_parquet(Path(folder) / f"{table}.parquet")
            neutral(frame).write_csv(Path(folder) / f"{table}.csv")
        for written in sorted(Path(folder).iterdir()):
            paths.append(written.replace(out / written.name))
    return paths


def neutral(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with every text as a CSV cell that no spreadsheet computes."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    return frame.with_columns(
        pl.Series(name, [neutralised(value) for value in frame[name].to_list()], dtype=pl.String)
        for name in texts
    )
