"""Run dbt in this process on a warehouse of its own."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.dbt.company import AS_OF, PROJECT


@dataclass(frozen=True)
class Built:
    """A warehouse after dbt ran on it, with the status of everything that ran."""

    warehouse: Path
    statuses: dict[str, str]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(query).fetchall()

    def by_key(self, table: str, key: str, *columns: str) -> dict[str, Any]:
        """`columns` of each row of `table` by `key`; the bare value when there is one column."""
        rows = self.rows(f"SELECT {key}, {', '.join(columns)} FROM {table}")
        return {row[0]: row[1] if len(columns) == 1 else row[1:] for row in rows}


class Dbt:
    """The dbt project, parsed once; every command runs in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        parsed = PROJECT / "target" / "partial_parse.msgpack"
        if parsed.is_file():
            # What set-up parsed is taken over, and parsed again only where a file differs: 1.4 s
            # instead of 5. The profile must be the one it was parsed with.
            (folder / "target").mkdir()
            shutil.copy(parsed, folder / "target")
        os.environ.pop("TERRITORY_WAREHOUSE", None)
        self.manifest: Any = self._invoke(None, "parse", None).result

    def build(self, warehouse: Path, *selection: str, **variables: Any) -> dict[str, str]:
        """Status by name of what `dbt build` ran; fails when a node cannot be built."""
        return self._run("build", warehouse, selection, variables)

    def test(self, warehouse: Path, *selection: str) -> dict[str, str]:
        """Status by name of what `dbt test` ran."""
        return self._run("test", warehouse, selection, {})

    def docs(self, warehouse: Path) -> None:
        """Generate the documentation site into the target folder, as one file, too."""
        self._invoke(self.manifest, ("docs", "generate"), warehouse, "--static")

    def _run(
        self, command: str, warehouse: Path, selection: tuple[str, ...], variables: dict[str, Any]
    ) -> dict[str, str]:
        variables = {"as_of": AS_OF, "scenario": "default", **variables}
        result = self._invoke(
            self.manifest, command, warehouse, *selection, "--vars", json.dumps(variables)
        )
        errors = [f"{n.node.name}: {n.message}" for n in result.result if n.status == "error"]
        assert not errors, "\n".join(errors)
        return {node.node.name: str(node.status) for node in result.result}

    def _invoke(
        self, manifest: Any, command: str | tuple[str, ...], warehouse: Path | None, *arguments: str
    ) -> Any:
        from dbt.cli.main import dbtRunner

        if warehouse is not None:
            os.environ["TERRITORY_WAREHOUSE"] = str(warehouse)
        result = dbtRunner(manifest=manifest).invoke(
            [
                *("--quiet", "--log-level", "none", "--log-path", str(self.folder / "logs")),
                *((command,) if isinstance(command, str) else command),
                *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
                *("--target-path", str(self.folder / "target"), *arguments),
            ]
        )
        if result.exception is not None:
            raise result.exception
        return result
