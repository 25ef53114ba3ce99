"""Score stage: fit what the scores rest on, from feature tables to the tables of models.

Between the dbt parts `pre_score` and `pre_plan`. What is written here is only what a model says;
caps, floors and fallbacks are applied by the dbt models that read it.
"""

from importlib.metadata import version

import duckdb
import numpy as np
import polars as pl

from pipelines.progress import report
from pipelines.scoring.artefact import describe_models
from pipelines.scoring.bases import propose_bases
from pipelines.scoring.outlook import fit_outlook
from pipelines.scoring.potential import fit_potential
from pipelines.scoring.quality import quality_table
from pipelines.scoring.sales import fit_sales
from pipelines.scoring.segments import find_segments
from pipelines.scoring.trees import TreeSettings
from pipelines.scoring.win import fit_win
from pipelines.settings.loader import Settings
from pipelines.settings.scoring import FittingSettings, Scoring
from pipelines.stages.run_context import RunContext, WorkPaths
from pipelines.warehouse import session

SCORE_TABLES = {
    "int_account__fitted": "Grain: account. What the fitted models say of it.",
    "int_opportunity__win": "Grain: open opportunity. Probability of winning it.",
    "int_rep__base": "Grain: vacant seat. A base where accounts are far from the bases there are.",
    "int_score__model_quality": "Grain: score × metric × group. How good the fitted models are.",
}

_FEATURES = "SELECT * FROM int_account__feature ORDER BY moment, account_id"
_TRAILING = "SELECT actual_sales_usd::DOUBLE FROM int_account__history ORDER BY account_id"
_PLACES = "SELECT account_id, latitude, longitude FROM int_account__location ORDER BY account_id"
_BASES = """
    SELECT rep_id, latitude, longitude FROM int_rep__capacity
    JOIN int_rep__location USING (rep_id) WHERE is_in_plan AND is_vacant = ? ORDER BY rep_id
"""
_DEALS = "SELECT * FROM int_opportunity__feature WHERE moment = ? ORDER BY opportunity_id"


def score(settings: Settings, context: RunContext) -> dict[str, str]:
    """Fit the models, write `SCORE_TABLES` and the artefact; returns why each model is as it is."""
    report("Fitting the models of the scores")
    paths = WorkPaths(settings.data_dir)
    with session(paths.warehouse) as connection:
        tables, text, reasons = fit_models(
            connection,
            settings.scoring,
            {
                "run_id": context.run_id,
                "as_of": context.as_of.isoformat(),
                "code_version": context.code_version,
                "scikit_learn": version("scikit-learn"),
            },
        )
        for name, table in tables.items():
            write_table(connection, name, table)
    paths.models.write_text(text)
    return reasons


def fit_models(
    connection: duckdb.DuckDBPyConnection, scoring: Scoring, identity: dict[str, str]
) -> tuple[dict[str, pl.DataFrame], str, dict[str, str]]:
    """The tables of `SCORE_TABLES`, the artefact as text, and the reasons, by score.

    Args:
        connection: a database with `int_account__feature`, `int_account__history` and
            `int_opportunity__feature`.
    """
    fitting = scoring.fitting
    trees = tree_settings(fitting)
    features = connection.execute(_FEATURES).pl()
    trailing = connection.execute(_TRAILING).pl().to_series().to_numpy()
    closed, opened = (connection.execute(_DEALS, [moment]).pl() for moment in ("closed", "open"))
    # Too small a book for any model is not worth the second the library takes to load.
    least = fitting.minimum_customers if fitting.is_fitted else features.height + 1
    potential = fit_potential(
        features, trailing, scoring.potential.quantile, least, fitting.minimum_evidence, trees
    )
    sales = fit_sales(
        features, trailing, least, fitting.minimum_evidence, trees, may_shrink=fitting.is_fitted
    )
    outlook = fit_outlook(
        features,
        trailing,
        potential,
        sales,
        scoring.potential.quantile,
        least,
        fitting.minimum_evidence,
        trees,
    )
    least_deals = fitting.minimum_deals if fitting.is_fitted else 2 * closed.height + 2
    win = fit_win(closed, opened, least_deals, fitting.minimum_evidence, trees)
    today = features.filter(pl.col("moment") == "today")
    segments = find_segments(features, trailing, potential.comparable_spend_usd, fitting.seed)
    # What an account may spend weighs it; where no model says, all weigh the same.
    spend = pl.DataFrame(
        {
            "account_id": today["account_id"],
            "weight": np.ones(today.height)
            if potential.comparable_spend_usd is None
            else potential.comparable_spend_usd,
        }
    )
    places = connection.execute(_PLACES).pl().join(spend, on="account_id")
    bases = propose_bases(
        places, *(connection.execute(_BASES, [vacant]).pl() for vacant in (False, True))
    )
    comparable = potential.comparable_spend_usd
    accounts = today.select(
        "account_id",
        pl.Series(
            "comparable_spend_usd",
            [None] * today.height if comparable is None else comparable.round(2),
            dtype=pl.Float64,
        ),
        pl.Series("predicted_sales_usd", sales.predicted_sales_usd.round(2), dtype=pl.Float64),
        pl.Series("buying_probability_pct", (100 * outlook.probability).round(4), dtype=pl.Float64),
        pl.Series("predicted_sales_high_usd", outlook.high_usd.round(2), dtype=pl.Float64),
        pl.Series("customer_cluster", segments.names, dtype=pl.String),
    )
    deals = opened.select(
        "opportunity_id",
        pl.Series("win_probability_pct", (100 * win.probability).round(4), dtype=pl.Float64),
    )
    fits = (potential, sales, outlook, win, segments)
    metrics = [metric for fit in fits for metric in fit.metrics]
    return (
        dict(zip(SCORE_TABLES, (accounts, deals, bases, quality_table(metrics)), strict=True)),
        describe_models(identity, potential, sales, outlook, win),
        {
            "potential": potential.reason,
            "sales": sales.reason,
            "buying": outlook.reason,
            "win": win.reason,
        },
    )


def tree_settings(fitting: FittingSettings) -> TreeSettings:
    """What of the settings says how large models are."""
    return TreeSettings(
        trees=fitting.trees,
        leaves=fitting.leaves,
        minimum_leaf_rows=fitting.minimum_leaf_rows,
        learning_rate=fitting.learning_rate,
        maximum_rows=fitting.maximum_rows,
        seed=fitting.seed,
    )


def write_table(connection: duckdb.DuckDBPyConnection, name: str, table: pl.DataFrame) -> None:
    """Replace the table `name` of the working database by `table`."""
    connection.register("score_rows", table.to_arrow())
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM score_rows")
    connection.unregister("score_rows")
