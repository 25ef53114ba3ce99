"""Do the scores predict? Fitted on what was known at a cut-off, held against what came after.

    python -m benchmarks.backtest --config config/project.yaml --cutoff 2025-06-30 --json FILE

The pipeline runs up to the scores with the cut-off as planning date, in a folder that is thrown
away. The horizon is the year after the cut-off, or as much of it as the data hold; the outcome that
models learn is as long. Held against the year after:

- coverage of the quantile of next year's sales over all accounts, of which many buy nothing:
  calibrated, before floor and cap, ties at zero randomised.
- coverage of the quantile behind potential, before floor and cap, over accounts that buy: potential
  is what comparable *customers* spend.
- ranking of all accounts by predicted sales, beside last year's sales, revenue × what the
  industry sold per dollar of revenue, and employees; with the 95 % interval of each difference,
  because a small book cannot tell rankings apart.
- expected calibration error of the win probability, over deals closed after the cut-off.
- quarterly forecasts per territory, region and segment, beside the seasonal naive.

Lift that is claimed must come true: predicted sales are held against a constant too. Where no
estimate beats the mean of the book none is claimed, and the page says so.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from benchmarks.forecast_backtest import forecast_backtest
from benchmarks.forecast_measures import (
    Bools,
    Floats,
    binomial_bounds,
    covered_with_coin,
    covered_with_zeros,
    paired_difference,
    rank_correlation,
    top_decile_lift,
)
from pipelines.errors import TerritoryError

SEED = 7
SEGMENT_ACCOUNTS = 100
MEASURES = {"spearman": rank_correlation, "top_decile_lift": top_decile_lift}

_FUTURE = """
    SELECT a.account_id, coalesce(sum(o.amount_usd), 0)::DOUBLE AS outcome_usd
    FROM stg_crm__account AS a
    LEFT JOIN int_crm__opportunity AS o
      ON a.account_id = o.account_id AND o.status = 'won'
      AND o.closed_date > $cutoff AND o.closed_date <= $until
    GROUP BY a.account_id ORDER BY a.account_id
"""
_SCORES = """
    SELECT account_id, lower(p.industry) AS industry, p.segment, p.employee_count::DOUBLE AS
      employee_count, p.annual_revenue_usd::DOUBLE AS annual_revenue_usd,
      h.actual_sales_usd::DOUBLE AS last_year_usd, f.predicted_sales_usd,
      coalesce(f.comparable_spend_usd, q.comparable_spend_usd)::DOUBLE AS quantile_usd,
      f.predicted_sales_high_usd AS high_usd, 1 - f.buying_probability_pct / 100 AS zero_share
    FROM int_account__profile AS p
    JOIN int_account__history AS h USING (account_id)
    JOIN int_account__fitted AS f USING (account_id)
    JOIN int_account__potential AS q USING (account_id)
    ORDER BY account_id
"""
_LATER_DEALS = """
    SELECT f.* FROM int_opportunity__feature AS f
    JOIN int_crm__opportunity AS o USING (opportunity_id)
    WHERE f.moment = 'closed' AND o.closed_date > $cutoff ORDER BY f.opportunity_id
"""


def backtest(config: Path, cutoff: date) -> dict[str, Any]:
    """The whole backtest as plain values.

    Raises:
        ValueError: nothing closes after the cut-off, or nothing before it.
    """
    from pipelines.scoring.evidence import calibration_error
    from pipelines.scoring.win import fit_win
    from pipelines.settings.loader import load_settings
    from pipelines.stages.score import tree_settings
    from pipelines.warehouse import session

    with tempfile.TemporaryDirectory() as folder:
        before = _scored(config, Path(folder) / "before", cutoff)
        with session(before) as connection:
            first, last = _span(connection, cutoff)
            until = min(last, _months_later(cutoff, 12))
            span = {"cutoff": cutoff, "until": until}
            months = {"learned": _months(first, cutoff), "ahead": _months(cutoff, until)}
            table = connection.execute(_SCORES).pl()
            future = connection.execute(_FUTURE, span).pl()["outcome_usd"].to_numpy()
            quality = connection.execute(
                "SELECT score_name, metric, metric_value, statement FROM int_score__model_quality "
                "WHERE metric = 'is_fitted' ORDER BY score_name"
            ).fetchall()
            closed = connection.execute(
                "SELECT * FROM int_opportunity__feature WHERE moment = 'closed' "
                "ORDER BY opportunity_id"
            ).pl()
        settings = load_settings(config)
        # What the deals that close later look like, from a planning date after them.
        after = _featured(config, Path(folder) / "after", until)
        with session(after) as connection:
            later = connection.execute(_LATER_DEALS, {"cutoff": cutoff}).pl()
            forecasts = forecast_backtest(connection, until)
    fitting = settings.scoring.fitting
    win = fit_win(
        closed, later, fitting.minimum_deals, fitting.minimum_evidence, tree_settings(fitting)
    )
    is_won = (later["status"] == "won").to_numpy()
    return {
        "config": str(config),
        "cutoff": cutoff.isoformat(),
        "until": until.isoformat(),
        "months_learned": months["learned"],
        "months_ahead": months["ahead"],
        "accounts": table.height,
        "models": {name: {"is_fitted": bool(v), "why": why} for name, _, v, why in quality},
        "coverage": _coverage(table, future, settings.scoring.potential.quantile, months),
        "ranking": _ranking(table, future),
        "forecast": forecasts,
        "winning": {
            "deals": int(is_won.size),
            "won_pct": 100 * float(is_won.mean()) if is_won.size else None,
            "calibration_error": calibration_error(is_won, win.probability),
            "is_calibrated": calibration_error(is_won, win.probability) <= 0.03,
        },
    }


def _coverage(
    table: pl.DataFrame, future: Floats, quantile: float, months: dict[str, int]
) -> dict[str, Any]:
    """Coverage over all accounts and over buyers, overall and by segment."""
    forecast = table["quantile_usd"].fill_null(np.nan).to_numpy()
    high, zero_share = table["high_usd"].to_numpy(), table["zero_share"].to_numpy()
    segments = table["segment"].to_numpy()
    found: dict[str, Any] = {"quantile": quantile}
    if min(months["learned"], 12) != months["ahead"]:
        found["remark"] = (
            f"{min(months['learned'], 12)} months learned, {months['ahead']} ahead: not the same "
            "length, so coverage says little"
        )
    covered = covered_with_zeros(future, high, zero_share, quantile, SEED)
    found["accounts"] = _groups(covered, segments, quantile)
    buys = (future > 0) & ~np.isnan(forecast)
    covered = covered_with_coin(future[buys], forecast[buys], SEED)
    found["buyers"] = _groups(covered, segments[buys], quantile)
    return found


def _groups(covered: Bools, segments: np.ndarray, quantile: float) -> list[dict[str, Any]]:
    """Coverage of all rows and of each segment that is large enough, and what it had to be."""
    groups = []
    for name in ["all", *sorted(set(segments.tolist()))]:
        here = covered if name == "all" else covered[segments == name]
        if not here.size or (name != "all" and here.size < SEGMENT_ACCOUNTS):
            continue
        share = float(here.mean())
        wide = 0.03 if name == "all" else 0.10
        low, high = quantile - wide, quantile + wide
        exact = binomial_bounds(quantile, here.size)
        groups.append(
            {
                "group": name,
                "rows": int(here.size),
                "coverage_pct": 100 * share,
                "wanted_pct": [100 * low, 100 * high],
                "binomial_99_pct": [100 * bound for bound in exact],
                "holds": low <= share <= high or exact[0] <= share <= exact[1],
            }
        )
    return groups


def _ranking(table: pl.DataFrame, future: Floats) -> dict[str, Any]:
    """Rank correlation and lift of every score with the sales that came."""
    revenue = table["annual_revenue_usd"]
    rates = table.group_by("industry").agg(
        (pl.col("last_year_usd").sum() / pl.col("annual_revenue_usd").sum()).alias("rate")
    )
    by_industry = table.join(rates, on="industry", how="left", maintain_order="left")["rate"]
    # An unknown size counts as the median; where all are unknown, the score is the same for all.
    typical_revenue, typical_size = revenue.median(), table["employee_count"].median()
    scores = {
        "predicted_sales": table["predicted_sales_usd"],
        "last_year": table["last_year_usd"],
        "revenue_x_industry": revenue.fill_null(float(typical_revenue or 0)) * by_industry,
        "employees": table["employee_count"].fill_null(float(typical_size or 0)),
    }
    numbers = {name: _numbers(values) for name, values in scores.items()}
    found: dict[str, Any] = {
        name: {measure: of(values, future) for measure, of in MEASURES.items()}
        for name, values in numbers.items()
    }
    own = found["predicted_sales"]
    found["beats_all"] = all(
        own[measure] > found[name][measure] for name in list(scores)[1:] for measure in own
    )
    ours = numbers.pop("predicted_sales")
    found["against"] = {
        name: {
            measure: _difference(*paired_difference(of, ours, values, future, SEED))
            for measure, of in MEASURES.items()
        }
        for name, values in {"no_ranking": np.ones(future.size), **numbers}.items()
    }
    return found


def _difference(difference: float, low: float, high: float) -> dict[str, Any]:
    """A difference with its interval, and what a reader may conclude from them."""
    verdict = "better" if low > 0 else "worse" if high < 0 else "not told apart"
    return {"difference": difference, "interval_95": [low, high], "verdict": verdict}


def _numbers(values: pl.Series) -> Floats:
    return values.cast(pl.Float64).fill_null(0.0).to_numpy()


def _scored(config: Path, data_dir: Path, as_of: date) -> Path:
    """The pipeline up to the scores; returns the working database."""
    from pipelines.stages.score import score
    from pipelines.stages.transform import transform

    return _built(
        config,
        data_dir,
        as_of,
        [
            lambda settings, context: transform(settings, context, "pre_score"),
            score,
            lambda settings, context: transform(settings, context, "pre_plan"),
        ],
    )


def _featured(config: Path, data_dir: Path, as_of: date) -> Path:
    """The pipeline up to the features."""
    from pipelines.stages.transform import transform

    return _built(
        config,
        data_dir,
        as_of,
        [lambda settings, context: transform(settings, context, "pre_score")],
    )


def _built(
    config: Path, data_dir: Path, as_of: date, stages: list[Callable[[Any, Any], Any]]
) -> Path:
    from pipelines.settings.loader import load_settings
    from pipelines.stages.ingest import ingest
    from pipelines.stages.run_context import WorkPaths

    settings = load_settings(config, data_dir=data_dir, as_of=as_of)
    context, _ = ingest(settings, today=date.today())
    for stage in stages:
        stage(settings, context)
    return WorkPaths(settings.data_dir).warehouse


def _span(connection: duckdb.DuckDBPyConnection, cutoff: date) -> tuple[date, date]:
    first, last = connection.execute(
        "SELECT min(closed_date), max(closed_date) FROM int_crm__opportunity "
        "WHERE status IN ('won', 'lost')"
    ).fetchone() or (None, None)
    if first is None:
        raise ValueError("no deal of this book is closed, so nothing can be backtested")
    if not first <= cutoff < last:
        raise ValueError(
            f"the cut-off {cutoff} must lie between the first and last closed deal, {first} and "
            f"{last}"
        )
    return first, last


def _months_later(day: date, months: int) -> date:
    (later,) = duckdb.execute(
        "SELECT (?::DATE + to_months(?))::DATE", [day, months]
    ).fetchone() or (day,)
    return later  # type: ignore[no-any-return]


def _months(start: date, end: date) -> int:
    return round((end - start).days / 30.4375)


def page(found: dict[str, Any]) -> str:
    """The result for people."""
    lines = [
        f"# Backtest at {found['cutoff']}",
        "",
        f"{found['accounts']:,} accounts, {found['months_learned']} months known, "
        f"{found['months_ahead']} months ahead (to {found['until']}).",
        "",
        *(f"- {name}: {model['why']}" for name, model in found["models"].items()),
        "",
        *_coverage_lines("accounts of", found["coverage"]["accounts"]),
        "",
        *_coverage_lines("buyers of", found["coverage"]["buyers"]),
        "",
        "| ranked by | Spearman | top-decile lift |",
        "|---|---|---|",
        *(
            f"| {name} | {row['spearman']:.3f} | {row['top_decile_lift']:.2f} |"
            for name, row in found["ranking"].items()
            if isinstance(row, dict) and name != "against"
        ),
        "",
        *_against_lines(found["ranking"]["against"]),
        "",
        f"Beats all three: {'yes' if found['ranking']['beats_all'] else 'no'}. "
        + (
            ""
            if found["models"]["predicted_sales"]["is_fitted"]
            else "Nothing ranks this book with enough evidence, so no lift is claimed. "
        )
        + f"Winning: {found['models']['win_probability']['why']}. "
        f"Calibration error of winning {found['winning']['deals']:,} later deals: "
        f"{found['winning']['calibration_error']:.3f} (at most 0.030).",
    ]
    lines += _forecast_lines(found["forecast"])
    if "remark" in found["coverage"]:
        lines.insert(4, found["coverage"]["remark"] + ".\n")
    return "\n".join(lines) + "\n"


def _against_lines(against: dict[str, dict[str, Any]]) -> list[str]:
    """What of the ranking is more than luck of the draw."""

    def cell(found: dict[str, Any]) -> str:
        low, high = found["interval_95"]
        return f"{found['difference']:+.2f} ({low:+.2f} to {high:+.2f}): {found['verdict']}"

    return [
        "| predicted_sales less | Spearman (95 %) | top-decile lift (95 %) |",
        "|---|---|---|",
        *(
            f"| {name} | {cell(row['spearman'])} | {cell(row['top_decile_lift'])} |"
            for name, row in against.items()
        ),
    ]


def _forecast_lines(kinds: list[dict[str, Any]]) -> list[str]:
    if not kinds:
        return ["", "Forecasts: no quarter has a year of history before it."]
    return [
        "",
        "| next quarter of | series | quarters | error | seasonal naive | in the 80 % interval |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['group_kind']} | {row['series']} | {row['quarters']} | "
            f"{row['error_pct']:.1f} % | {row['naive_error_pct']:.1f} % | "
            + (
                "-"
                if row["interval_coverage_pct"] is None
                else f"{row['interval_coverage_pct']:.0f} %"
            )
            + " |"
            for row in kinds
        ),
    ]


def _coverage_lines(title: str, groups: list[dict[str, Any]]) -> list[str]:
    return [
        f"| {title} | count | at or below their quantile | wanted | 99 % binomial | holds |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['group']} | {row['rows']:,} | {row['coverage_pct']:.1f} % | "
            f"{row['wanted_pct'][0]:.0f}–{row['wanted_pct'][1]:.0f} % | "
            f"{row['binomial_99_pct'][0]:.1f}–{row['binomial_99_pct'][1]:.1f} % | "
            f"{'yes' if row['holds'] else 'no'} |"
            for row in groups
        ),
    ]


def main() -> None:
    """Run the backtest, print its page, write its JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", type=Path, required=True, help="project.yaml of the book")
    parser.add_argument("--cutoff", type=date.fromisoformat, required=True, help="YYYY-MM-DD")
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    try:
        found = backtest(arguments.config, arguments.cutoff)
    except (ValueError, TerritoryError) as error:
        parser.error(str(error))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(page(found))


if __name__ == "__main__":
    main()
