"""The published release through the clients of BI tools: each reads the same star."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import duckdb
import pytest

STAR = """
    SELECT t.region, count(*) AS accounts, CAST(sum(a.actual_sales_usd) AS DOUBLE) AS sales_usd
    FROM fct_assignment AS f
    JOIN dim_account AS a ON a.account_id = f.account_id
    JOIN dim_territory AS t ON t.scenario = f.scenario AND t.territory_id = f.territory_id
    GROUP BY t.region ORDER BY t.region
"""

# The oldest DuckDB that BI drivers still embed.
OLD_DUCKDB = "duckdb>=1.4,<1.5"

OLD_CLIENT = """
import json, sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    print(json.dumps({
        "version": duckdb.__version__,
        "star": connection.execute(sys.argv[2]).fetchall(),
        "tables": connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone()[0],
        "comment": connection.execute("SELECT comment FROM duckdb_columns() WHERE table_name = "
            "'kpi_territory' AND column_name = 'workload_ratio'").fetchone()[0],
    }))
"""


@pytest.fixture(scope="module")
def release(sample_data_dir: Path) -> Path:
    return (sample_data_dir / "published").resolve()


@pytest.fixture(scope="module")
def expected(release: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(release / "territory.duckdb"), read_only=True) as connection:
        return connection.execute(STAR).fetchall()


def test_sqlalchemy_reads_tables_comments_and_the_star(
    release: Path, expected: list[tuple[object, ...]]
) -> None:
    """What Superset and every other SQLAlchemy client does."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(
        f"duckdb:///{release / 'territory.duckdb'}", connect_args={"read_only": True}
    )
    inspector = sqlalchemy.inspect(engine)
    names = set(inspector.get_table_names())
    assert {"dim_date", "dim_product", "fct_opportunity", "fct_move", "kpi_rollup"} <= names
    columns = {column["name"] for column in inspector.get_columns("kpi_rollup")}
    assert {"level", "member_id", "market_penetration_pct"} <= columns
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(sqlalchemy.text(STAR))] == expected
    engine.dispose()


def test_a_client_of_duckdb_1_4_reads_the_file(
    release: Path, expected: list[tuple[object, ...]], tmp_path: Path
) -> None:
    venv.create(tmp_path / "old", with_pip=True)
    python = tmp_path / "old" / "bin" / "python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", OLD_DUCKDB],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"no package registry here: {installed.stderr.strip()[-200:]}")
    done = subprocess.run(
        [python, "-c", OLD_CLIENT, release / "territory.duckdb", STAR],
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(done.stdout)
    assert seen["version"].startswith("1.4.")
    assert [tuple(row) for row in seen["star"]] == expected
    assert seen["tables"] > 20
    assert "capacity" in seen["comment"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_data_frame_library_reads_the_parquet_files(
    release: Path, expected: list[tuple[object, ...]], library: str
) -> None:
    script = f"""
import json, sys
import {library} as frames
read = lambda name: frames.read_parquet(f"{{sys.argv[1]}}/parquet/{{name}}.parquet")
star = "{library}"
facts, accounts, territories = read("fct_assignment"), read("dim_account"), read("dim_territory")
if star == "pandas":
    joined = facts[["account_id", "territory_id"]].merge(
        accounts[["account_id", "actual_sales_usd"]], on="account_id"
    ).merge(territories[["territory_id", "region"]], on="territory_id")
    grouped = joined.groupby("region")["actual_sales_usd"]
    rows = [[r, int(len(v)), float(v.astype(float).sum())] for r, v in grouped]
else:
    joined = facts.select("account_id", "territory_id").join(
        accounts.select("account_id", "actual_sales_usd"), on="account_id"
    ).join(territories.select("territory_id", "region"), on="territory_id")
    rows = [list(r) for r in joined.group_by("region").agg(
        frames.len(), frames.col("actual_sales_usd").sum().cast(frames.Float64)
    ).sort("region").iter_rows()]
print(json.dumps(rows))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, release], capture_output=True, text=True, check=True
    )
    for row, wanted in zip(json.loads(done.stdout), expected, strict=True):
        assert row[:2] == list(wanted[:2])
        assert row[2] == pytest.approx(wanted[2], abs=0.005)


def test_every_published_table_and_column_carries_its_comment(release: Path) -> None:
    with duckdb.connect(str(release / "territory.duckdb"), read_only=True) as connection:
        bare = connection.execute(
            "SELECT table_name, NULL FROM duckdb_tables() WHERE comment IS NULL "
            "UNION ALL SELECT table_name, column_name FROM duckdb_columns() "
            "WHERE NOT internal AND comment IS NULL"
        ).fetchall()
    assert bare == []
