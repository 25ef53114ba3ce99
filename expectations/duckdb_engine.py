"""Great Expectations on one kept DuckDB connection.

Import this module inside functions only: importing Great Expectations costs seconds of CPU.

The stock engine closes its connection before it fetches, which DuckDB answers with an empty
result, and asks for a connection of its own, which DuckDB refuses beside one of other settings.
Here the one connection of the run is kept, as Great Expectations does itself for SQLite.
"""

import os

# Read by the library when it is imported: nothing we depend on may call home.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Literal

import duckdb
import great_expectations as gx
import sqlalchemy
from duckdb_sqlalchemy import ConnectionWrapper
from great_expectations.compatibility import pydantic
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from sqlalchemy.pool import StaticPool


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """SqlAlchemyExecutionEngine that keeps its connection open between queries."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The library picks the spelling of a regular expression by dialect and knows no DuckDB.
        # Dremio's regexp_matches(text, pattern) is DuckDB's too; PostgreSQL's `~`, the dialect
        # DuckDB's derives from, would silently match the whole text instead of a part of it.
        self.dialect_module = ModuleType("duckdb_regular_expressions")
        self.dialect_module.__dict__["DremioDialect"] = None

    @contextmanager
    def get_connection(self) -> Iterator[sqlalchemy.Connection]:
        """The kept connection."""
        if self._connection is None:
            self._connection = self.engine.connect()
        yield self._connection

    def close(self) -> None:
        """Close the kept connection too, which the stock engine leaves to the collector."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        super().close()


EngineClass = type[SqlAlchemyExecutionEngine]


class DuckDBDatasource(SQLDatasource):
    """SQLDatasource over an open DuckDB connection."""

    type: Literal["duckdb_kept"] = "duckdb_kept"  # type: ignore[assignment]
    _kept: duckdb.DuckDBPyConnection = pydantic.PrivateAttr()

    @property
    def execution_engine_type(self) -> EngineClass:
        """The engine that keeps its connection."""
        return DuckDBExecutionEngine

    def get_execution_engine(self) -> SqlAlchemyExecutionEngine:
        """The engine, built once: by default it would be built anew from a connection string."""
        if self._execution_engine is None:
            self._execution_engine = DuckDBExecutionEngine(
                engine=self.get_engine(), create_temp_table=False
            )
        return self._execution_engine

    def _create_engine(self) -> sqlalchemy.Engine:
        return sqlalchemy.create_engine(
            str(self.connection_string),
            creator=lambda: ConnectionWrapper(self._kept),
            poolclass=StaticPool,
            # Each statement commits by itself, so that one broken query is reported alone and
            # does not abort every later one with its transaction.
            isolation_level="AUTOCOMMIT",
        )


@contextmanager
def open_batches(
    connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str]
) -> Iterator[dict[str, Batch]]:
    """A batch over each relation, by the name in `relations` (name → table or view).

    Validating a batch runs its queries on `connection`, which is closed at the end of the block.
    """
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            # Its pages load from the network, and their folder would outlive a killed run.
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )
    datasource = DuckDBDatasource(name="warehouse", connection_string="duckdb:///:memory:")
    datasource._kept = connection
    context._add_fluent_datasource(datasource, save_changes=False)
    try:
        yield {
            name: datasource.add_table_asset(name, table_name=relation)
            .add_batch_definition_whole_table("whole")
            .get_batch()
            for name, relation in relations.items()
        }
    finally:
        # The library keeps the last context alive; its hold on the warehouse must end here.
        datasource.get_execution_engine().close()
