"""The tables the suites are tested on are those of the input and the publication contract.

So a rule on a table or column that ingest or dbt does not promise fails here, not in a run.
"""

import duckdb
from checked_company import RAW_TABLES, TYPED_TABLES, create_tables

from expectations import load_suites
from expectations.result import PAY_COLUMNS
from pipelines.ingest.entities import ENTITIES
from pipelines.publish import contract


def test_raw_tables_are_the_canonical_entities():
    assert {table: set(names.split()) for table, names in RAW_TABLES.items()} == {
        f"raw_{entity.source}__{entity.name}": {field.name for field in entity.fields}
        for entity in ENTITIES.values()
    }


def test_published_tables_are_those_of_the_contract():
    with duckdb.connect() as connection:
        create_tables(connection)
        columns = {
            table: tuple(row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall())
            for table in TYPED_TABLES
        }
    promised = {table.name: table.columns for table in contract.CONTRACT}
    marts = {suite.table for suite in load_suites("publish")}
    assert marts == set(contract.MART_TABLES)
    assert {name: columns[name] for name in marts} == {name: promised[name] for name in marts}
    assert set(columns["meta_load"]) <= set(promised["meta_load"])


def test_every_input_table_has_a_suite():
    assert {suite.table for suite in load_suites("raw")} == {
        *RAW_TABLES,
        "meta_load",
        "meta_drift",
    }


def test_pay_is_what_the_publication_withholds():
    assert PAY_COLUMNS == contract.PAY_COLUMNS
