"""Read the published release the way any reader does: through the link, read-only."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import InputError


def published_folder(data_dir: Path) -> Path:
    """The folder of the published release; raises InputError when there is none yet."""
    link = data_dir / "published"
    if not link.exists():
        raise InputError(f"{link}: nothing is published yet; start a run with `territory run`")
    return link.resolve()


@contextmanager
def open_release(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the release in `folder`."""
    connection = duckdb.connect(str(folder / "territory.duckdb"), read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def records(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    parameters: Sequence[object] | Mapping[str, object] = (),
) -> list[dict[str, Any]]:
    """The rows of `query` as dictionaries by column name."""
    cursor = connection.execute(query, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
