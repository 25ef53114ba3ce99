"""The default run on the sample company keeps what the README promises."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import duckdb
import polars as pl
import pytest
from whole_run import territory

from pipelines.publish import CONTRACT_TABLES

GAP_PROMISED_PCT = 1.0
ROUNDING_PCT = 0.01


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, object]]:
    return connection.execute(query).pl().to_dicts()


def test_every_account_has_exactly_one_owner(published: duckdb.DuckDBPyConnection) -> None:
    (found,) = rows(
        published,
        """
        SELECT count(*) AS accounts, count(DISTINCT a.account_id) AS distinct_accounts,
               count(f.rep_id) AS owned, count(r.rep_id) AS owned_by_known_rep
        FROM dim_account AS a
        LEFT JOIN fct_assignment AS f USING (account_id)
        LEFT JOIN dim_rep AS r ON r.rep_id = f.rep_id AND r.scenario = f.scenario
        """,
    )
    assert found == {
        "accounts": 1200,
        "distinct_accounts": 1200,
        "owned": 1200,
        "owned_by_known_rep": 1200,
    }


@pytest.mark.parametrize("metric", ["hours", "potential"])
def test_every_rep_is_within_five_percent_of_target_or_at_the_floor(
    published: duckdb.DuckDBPyConnection, metric: str
) -> None:
    (after,) = rows(
        published,
        f"FROM kpi_balance WHERE metric = '{metric}' AND plan_version = 'proposed'",
    )
    limit = max(float(after["tolerance_pct"]), float(after["floor_pct"]))
    assert float(after["tolerance_pct"]) == 5.0
    assert float(after["max_deviation_without_giants_pct"]) <= limit + ROUNDING_PCT


def test_markets_hold_every_account_once_and_rank_by_what_is_untapped(
    published: duckdb.DuckDBPyConnection,
) -> None:
    (whole,) = rows(
        published,
        "SELECT count(*)::BIGINT AS accounts, sum(potential_usd) AS potential,"
        " sum(actual_sales_usd) AS sales FROM dim_account",
    )
    (held,) = rows(
        published,
        "SELECT sum(account_count)::BIGINT AS accounts, sum(potential_usd) AS potential,"
        " sum(actual_sales_usd) AS sales FROM kpi_market",
    )
    assert held == whole
    markets = rows(published, "FROM kpi_market ORDER BY untapped_rank, market_id")
    assert len(markets) > 100
    for market, following in pairwise(markets):
        assert market["untapped_usd"] >= following["untapped_usd"]
    for market in markets:
        size = market["market_usd"] if market["market_usd"] is not None else market["potential_usd"]
        expected = max(float(size) - float(market["actual_sales_usd"]), 0.0)
        assert float(market["untapped_usd"]) == pytest.approx(expected, abs=0.011)
        is_uncovered = market["untapped_usd"] > 0 and market["covered_accounts"] == 0
        assert market["is_uncovered"] == is_uncovered


def test_balance_improves_on_every_measure(published: duckdb.DuckDBPyConnection) -> None:
    for metric in ("hours", "potential"):
        versions = {
            row["plan_version"]: row
            for row in rows(published, f"FROM kpi_balance WHERE metric = '{metric}'")
        }
        for measure in ("max_deviation_pct", "cv", "gini"):
            before, after = (float(versions[v][measure]) for v in ("current", "proposed"))
            assert after < before / 2, (metric, measure)


def test_the_certificate_is_tight_and_adds_up(published: duckdb.DuckDBPyConnection) -> None:
    (plan,) = rows(published, "FROM kpi_plan WHERE plan_version = 'proposed'")
    objective, bound = float(plan["objective_usd"]), float(plan["bound_usd"])
    assert 0 < bound <= objective
    assert float(plan["regret_usd"]) == pytest.approx(objective - bound, abs=0.02)
    gap = float(plan["optimality_gap_pct"])
    assert gap == pytest.approx(100 * (objective - bound) / objective, abs=1e-3)
    assert plan["is_proved_optimal"] or gap <= GAP_PROMISED_PCT
    assert plan["is_repeatable"]


def test_totals_reconcile_between_accounts_assignment_and_territories(
    published: duckdb.DuckDBPyConnection,
) -> None:
    (found,) = rows(
        published,
        "SELECT sum(actual_sales_usd) AS sales, sum(potential_usd) AS potential FROM dim_account",
    )
    for version in ("current", "proposed"):
        (territories,) = rows(
            published,
            "SELECT sum(actual_sales_usd) AS sales, sum(potential_usd) AS potential, "
            "sum(account_count) AS accounts FROM kpi_territory "
            f"WHERE plan_version = '{version}'",
        )
        assert territories["sales"] == found["sales"]
        assert territories["potential"] == found["potential"]
        assert territories["accounts"] == 1200


def test_every_move_says_why_and_what_the_runner_up_costs(
    published: duckdb.DuckDBPyConnection,
) -> None:
    assert (
        rows(
            published,
            "FROM fct_assignment WHERE reason IS NULL OR reason = '' OR reason_code IS NULL",
        )
        == []
    )
    assert rows(published, "FROM fct_assignment WHERE runner_up_delta_usd < 0") == []
    (moves,) = rows(
        published,
        "SELECT count(*) AS moved, count(runner_up_rep_id) AS with_runner_up "
        # Nobody competes for an account that a person assigned.
        "FROM fct_assignment WHERE is_moved AND reason_code <> 'assigned'",
    )
    assert 0 < int(moves["moved"]) < 600
    assert moves["with_runner_up"] == moves["moved"]


def test_the_release_is_complete(sample_data_dir: Path) -> None:
    release = sample_data_dir / "published"
    manifest = json.loads((release / "manifest.json").read_text())
    assert manifest["contract_version"] == "1.10"
    assert [table["name"] for table in manifest["tables"]] == list(CONTRACT_TABLES)
    for table in manifest["tables"]:
        frame = pl.read_parquet(release / table["path"])
        assert frame.height == table["rows"], table["name"]
        assert "hourly_cost_usd" not in frame.columns
    assert (release / "moves.csv").is_file()
    for page in ("report.html", "lineage.html", "quality.html"):
        assert (release / page).is_file()
    assert (release / "moves.xlsx").is_file()
    assert list(release.glob("*.wal")) == []


def test_every_check_of_every_gate_is_recorded_and_passed(
    published: duckdb.DuckDBPyConnection,
) -> None:
    gates = {
        row["gate"]: row
        for row in rows(
            published,
            "SELECT gate, count(*) AS checks, "
            "count(*) FILTER (NOT passed AND severity = 'error') AS failed "
            "FROM meta_check_result GROUP BY gate",
        )
    }
    assert gates.keys() == {"dbt", "great_expectations", "verifier"}
    assert all(int(gate["checks"]) > 5 and gate["failed"] == 0 for gate in gates.values())


def test_the_summary_tells_balance_moves_certificate_and_place(sample_data_dir: Path) -> None:
    summary = (sample_data_dir / "summary.txt").read_text()
    for word in ("before", "after", "Moves", "Certificate", "gap", str(sample_data_dir)):
        assert word in summary


def test_status_and_explain_read_the_publication(
    sample_data_dir: Path, dagster_home: Path, published: duckdb.DuckDBPyConnection
) -> None:
    status = territory("status", "--data-dir", sample_data_dir, dagster_home=dagster_home)
    assert status.exit_code == 0, status.errors
    assert "Certificate" in status.output
    (account,) = rows(
        published,
        "SELECT account_id, account_name, reason FROM dim_account "
        "JOIN fct_assignment USING (account_id) WHERE is_moved ORDER BY account_id LIMIT 1",
    )
    told = territory(
        "explain", account["account_id"], "--data-dir", sample_data_dir, dagster_home=dagster_home
    )
    assert told.exit_code == 0, told.errors
    assert str(account["account_name"]) in told.output
    assert str(account["reason"]) in told.output
    for label in ("Runner-up", "Complexity", "Hours", "Potential", "Comparable", "Would change"):
        assert label in told.output
    unknown = territory(
        "explain",
        str(account["account_name"])[:-1],
        "--data-dir",
        sample_data_dir,
        dagster_home=dagster_home,
    )
    assert unknown.exit_code == 2
    assert "did you mean" in unknown.errors


def test_another_process_reads_it_with_another_client(sample_data_dir: Path) -> None:
    query = (
        "import polars as pl, sys; "
        "print(pl.read_parquet(sys.argv[1] + '/parquet/kpi_territory.parquet').height)"
    )
    done = subprocess.run(
        [sys.executable, "-c", query, str(sample_data_dir / "published")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) > 25


def test_the_report_shows_the_published_figures(
    sample_data_dir: Path, published: duckdb.DuckDBPyConnection
) -> None:
    page = (sample_data_dir / "published" / "report.html").read_text()
    start = page.index('id="data">') + len('id="data">')
    shown = json.loads(page[start : page.index("</script>", start)])
    assert len(shown["accounts"]["id"]) == 1200
    assert shown["map"]["area"] == "us"
    (plan,) = rows(published, "FROM kpi_plan WHERE plan_version = 'proposed'")
    assert f"{float(plan['moved_sales_usd']):,.0f}" in page
    assert f"{float(plan['bound_usd']):,.0f}" in page
    for rep, deviation in zip(shown["reps"], _deviations(shown), strict=True):
        (load,) = rows(
            published,
            "FROM kpi_territory_balance WHERE metric = 'hours' AND plan_version = 'proposed' "
            f"AND rep_id = '{rep['id']}'",
        )
        assert deviation == load["deviation_pct"]
        assert load["lower_limit_amount"] < load["load_amount"] + ROUNDING_PCT


def _deviations(shown: dict[str, dict[str, list[list[float]]]]) -> list[float]:
    """Of hours in the plan, in the order of the reps."""
    return [entry[7] for entry in sorted(shown["loads"]["hours"])]
