"""The report says what the tables say, no more, at any size and with any text."""

import json
import re
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.synthetic_release import AS_OF, write_release
from pipelines.report import accounts as account_rules
from pipelines.report.brief import escaped
from pipelines.report.content import HEADLINE_TABLES, bindings, content, headline
from pipelines.report.page import safe_json
from pipelines.report.tables import read_other_scenarios, read_tables
from pipelines.report.territories import COLOURS, territory_colours
from pipelines.report.wording import REASON_NAMES, certificate
from pipelines.report.write import write_report
from tests.browser.local_page import HOSTILE_NAMES


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("release"), 400, 9)


@given(st.text())
def test_no_text_leaves_the_script_it_stands_in(text: str) -> None:
    written = safe_json({"name": text})
    assert not set(written) & {"<", ">", "&", "\u2028", "\u2029"}
    assert json.loads(written) == {"name": text}


def test_every_account_and_territory_has_the_figures_of_its_table(release: Path) -> None:
    shown = content(read_tables(release), pl.DataFrame())
    reps, accounts = shown["reps"], shown["accounts"]
    with duckdb.connect(str(release / "territory.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "SELECT account_id, account_name, rep_id, previous_rep_id, actual_sales_usd, "
            "potential_usd, service_hours, reason, runner_up_delta_usd "
            "FROM fct_assignment JOIN dim_account USING (account_id)"
        ).fetchall()
        territories = connection.execute(
            "SELECT plan_version, territory_id, account_count, potential_usd, "
            "market_penetration_pct FROM kpi_territory"
        ).fetchall()

    def rep_of(index: int) -> str | None:
        if index == -1:
            return None
        if index < 0:
            assert accounts["others"][-2 - index] == ["Lee Left", "left"]
            return "left 7"
        return reps[index]["id"]

    found = {
        identity: (
            accounts["name"][i],
            rep_of(accounts["rep"][i]),
            rep_of(accounts["previous"][i]),
            accounts["actual_sales_usd"][i],
            accounts["potential_usd"][i],
            accounts["service_hours"][i],
            accounts["reason"]["texts"][accounts["reason"]["codes"][i]],
            accounts["runner_up_delta_usd"][i],
        )
        for i, identity in enumerate(accounts["id"])
    }
    assert found == {
        row[0]: (*row[1:4], float(row[4]), float(row[5]), float(row[6]), row[7], float(row[8]))
        for row in rows
    }
    order = [rep["territory"] for rep in reps]
    for version, territory, count, potential, penetration in territories:
        figures, index = shown["territories"][version], order.index(territory)
        assert figures["account_count"][index] == count
        assert figures["potential_usd"][index] == float(potential)
        assert figures["market_penetration_pct"][index] == float(penetration)


def test_a_large_book_is_counted_and_its_largest_moves_are_listed(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = read_tables(release)
    everything = content(tables, pl.DataFrame())
    assert everything["cells"] == []
    monkeypatch.setattr(account_rules, "DETAILED_ACCOUNTS", 100)
    monkeypatch.setattr("pipelines.report.content.DETAILED_ACCOUNTS", 100)
    monkeypatch.setattr(account_rules, "LARGEST_MOVES", 30)
    monkeypatch.setattr(account_rules, "LARGEST_KEPT_OF_A_REP", 2)
    shown = content(tables, pl.DataFrame())
    changes = [change for change in shown["accounts"]["change"] if change]
    assert len(changes) == 30
    assert shown["counts"]["changes"] == everything["counts"]["changes"] > 30
    placed = sum(x is not None for x in everything["accounts"]["x"])
    assert sum(count for *_, count in shown["cells"]) == placed
    moved_sales = [
        sales
        for sales, change in zip(
            everything["accounts"]["actual_sales_usd"],
            everything["accounts"]["change"],
            strict=True,
        )
        if change
    ]
    listed_sales = [
        sales
        for sales, change in zip(
            shown["accounts"]["actual_sales_usd"], shown["accounts"]["change"], strict=True
        )
        if change
    ]
    assert listed_sales == sorted(moved_sales, reverse=True)[:30]


def test_neighbours_have_different_colours() -> None:
    generator = np.random.default_rng(5)
    middles = generator.uniform(0, 1000, size=(60, 2))
    middles[7] = np.nan
    colours = territory_colours(middles)
    assert set(colours) <= set(range(len(COLOURS)))
    for index, middle in enumerate(middles):
        if np.isnan(middle).any():
            continue
        distance = np.hypot(*(middles - middle).T)
        distance[index] = np.inf
        nearest = int(np.nanargmin(distance))
        if nearest < index:
            assert colours[nearest] != colours[index]


def test_the_same_release_gives_the_same_page(release: Path, tmp_path: Path) -> None:
    pages = []
    for _ in range(2):
        path = write_report(release, tmp_path, company="A", scenario="default", as_of=AS_OF)
        pages.append(path.read_bytes())
    assert pages[0] == pages[1]


def test_the_certificate_says_what_is_proved() -> None:
    plan = {
        "objective_usd": 5000,
        "bound_usd": 4990,
        "regret_usd": 10,
        "optimality_gap_pct": 0.2,
        "is_proved_optimal": False,
        "is_repeatable": True,
    }
    assert "at most USD 10 a year (0.20 %)" in certificate(plan)
    assert "no plan under the same policy costs less." in certificate(
        plan | {"is_proved_optimal": True}
    )
    assert "stopped by the clock" in certificate(plan | {"is_repeatable": False})
    assert certificate(plan | {"bound_usd": None}) == "Nothing is proved about this plan."


def test_the_headline_says_what_changes_and_who_is_inside_the_band(release: Path) -> None:
    told = headline(read_tables(release), "A", AS_OF).sentences
    assert told[0] == "40 of 400 accounts change their rep."
    assert told[1].startswith("Service hours: ")
    assert "of 9 reps are within 5.0 % of their target today, all in the plan." in told[1]
    assert told[3] == (
        "The book takes 16,875 hours a year with travel, the team has 13,500: 125 % of its "
        "capacity, today 125 %. No assignment makes up for that; balance only shares it out."
    )
    assert "It is proved that" in told[4]


def test_reps_out_of_their_band_are_not_counted_as_inside(release: Path) -> None:
    tables = dict(read_tables(release, names=HEADLINE_TABLES))
    tables["load"] = tables["load"].with_columns(
        pl.when(pl.col("territory_id").is_in(["T-r1", "T-r2"]))
        .then(pl.col("upper_limit_amount") + 1)
        .otherwise(pl.col("target_amount"))
        .alias("load_amount")
    )
    sentences = headline(tables, "A", AS_OF).sentences[1:3]
    assert all(
        "7 of 9 reps are within 5.0 % of their target today, 7 in the plan." in sentence
        for sentence in sentences
    )


@given(st.sampled_from(HOSTILE_NAMES) | st.text())
def test_markdown_shows_every_text_letter_by_letter(text: str) -> None:
    """As CommonMark reads it: a backslash before punctuation stands for that character."""
    written = escaped(text)
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", written) == " ".join(text.split())
    assert re.search(r"(?<!\\)(?:\\\\)*[<>\[\]`*_|]", written) is None


def test_without_other_releases_nothing_is_compared(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{")
    assert read_other_scenarios(tmp_path, ["default"], AS_OF).is_empty()
    assert read_other_scenarios(tmp_path / "none", ["default"], AS_OF).is_empty()


def test_a_view_is_its_table(release: Path) -> None:
    shown = content(read_tables(release), pl.DataFrame())["views"]
    titles = [view["title"] for view in shown]
    assert [title.split(":")[0] for title in titles[:4]] == [
        *("Sales operations", "Marketing", "Customer success", "Finance")
    ]
    with duckdb.connect(str(release / "territory.duckdb"), read_only=True) as connection:
        marketing = connection.execute(
            "SELECT country, state, industry, account_count, whitespace_usd FROM kpi_marketing "
            "ORDER BY whitespace_usd DESC, country, state, industry"
        ).fetchall()
    assert shown[1]["rows"] == [[*row[:4], float(row[4])] for row in marketing]
    assert [column["label"] for column in shown[1]["columns"]] == [
        *("Country", "State", "Industry", "Account count", "Whitespace, USD")
    ]
    levels = {view["title"] for view in shown[4:]}
    assert levels == {"By company", "By region", "By manager", "By segment"} | {
        *("By industry", "By state")
    }


def test_reasons_count_every_change_once(release: Path) -> None:
    tables = read_tables(release)
    shown = content(tables, pl.DataFrame())
    counted = {row["reason"]: row["accounts"] for row in shown["reasons"]}
    assert sum(counted.values()) == shown["counts"]["changes"]
    (sales,) = (
        tables["account"]
        .filter(pl.col("is_moved") | pl.col("is_forced_move") | pl.col("is_new_assignment"))
        .select(pl.col("actual_sales_usd").sum().cast(pl.Float64))
        .row(0)
    )
    assert sum(row["actual_sales_usd"] for row in shown["reasons"]) == pytest.approx(sales)


def test_every_reason_the_planner_gives_has_plain_words() -> None:
    from optimization.report.sentences import _REASONS

    kept = {"kept_least_cost", "kept_for_balance"}
    assert set(REASON_NAMES) == set(_REASONS) - kept


def test_today_and_plan_stand_side_by_side_in_the_view_of_sales_operations(release: Path) -> None:
    (view, *_) = content(read_tables(release), pl.DataFrame())["views"]
    place = [column["label"] for column in view["columns"]].index("Workload, today → plan")
    assert view["columns"][place]["is_pair"]
    assert {tuple(row[place]) for row in view["rows"]} == {(0.9, 1.1)}


def test_limits_of_groups_bear_the_name_of_the_group() -> None:
    limits = pl.DataFrame(
        {
            "constraint_kind": ["level_upper", "level_lower", "capacity"],
            "constraint_name": ["manager_id/a/b/hours", "region/East/hours", "clock_hours"],
            "metric": ["hours", "hours", None],
        }
    )
    levels = pl.DataFrame({"level": ["manager"], "member_id": ["a/b"], "member_name": ["Ana Ruiz"]})
    assert [row["group_name"] for row in bindings(limits, levels)] == ["Ana Ruiz", "East", ""]
