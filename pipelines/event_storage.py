"""Dagster's SQLite event storage with connections that stay open.

A run stores about 1,100 events, most of them twice. The stock storage opens a connection for each
write, closes it, which folds the write-ahead log back into the file, and waits for the disk: nearly
half of the time of the default run. Files and tables are the stock ones, so either storage reads
what the other wrote. `config/dagster.yaml` names this one.

https://docs.dagster.io/deployment/oss/dagster-yaml
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from dagster import StringSource
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy.pool import QueuePool

_INDEX = "index"

# The web server looks into many runs; a run writes to two files, its own and the index.
_FILES_KEPT_OPEN = 8

_BUSY_SECONDS = 30


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """SqliteEventLogStorage that keeps one connection to each of the files in use."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: OrderedDict[str, sqlalchemy.Engine] = OrderedDict()
        self._engines_lock = threading.Lock()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """`home`: the folder of Dagster, as the stock storage has it."""
        return {"home": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "KeptSqliteEventLogStorage":
        """The storage below `home`, where the stock storage keeps its files."""
        return cls(str(Path(config_value["home"]) / "history" / "runs"), inst_data)

    @contextmanager
    def run_connection(self, run_id: str | None = None) -> Iterator[sqlalchemy.Connection]:
        """A transaction on the events of one run."""
        if run_id is None:
            with super().run_connection(run_id) as connection:
                yield connection
            return
        with self._engine(run_id).begin() as connection:
            yield connection

    @contextmanager
    def index_connection(self) -> Iterator[sqlalchemy.Connection]:
        """A transaction on what is asked across runs."""
        with self._engine(_INDEX).begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the kept connections too."""
        with self._engines_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()

    def _engine(self, shard: str) -> sqlalchemy.Engine:
        with self._engines_lock:
            engine = self._engines.pop(shard, None)
            if engine is None:
                # The stock connection makes the file and its tables where they are missing.
                with super().run_connection(shard):
                    pass
                engine = self._open(shard)
            self._engines[shard] = engine
            while len(self._engines) > _FILES_KEPT_OPEN:
                self._engines.popitem(last=False)[1].dispose()
            return engine

    def _open(self, shard: str) -> sqlalchemy.Engine:
        # One connection: threads take turns, as they do on the stock storage's lock.
        engine = sqlalchemy.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        )

        @sqlalchemy.event.listens_for(engine, "connect")
        def _is_durable_at_checkpoints(connection: Any, _: Any) -> None:
            # With the write-ahead log a power cut may cost the last events, never the file.
            connection.execute("PRAGMA synchronous = NORMAL")

        return engine
