"""Win probabilities on deals whose chances are known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from feature_tables import SETTINGS

from pipelines.scoring.evidence import calibration_error
from pipelines.scoring.win import NEAREST, WinFit, fit_win


def deals(count: int, seed: int, *, is_noise: bool = False) -> tuple[pl.DataFrame, np.ndarray]:
    """Deals and their true chances: a stranger loses half the odds, reps differ."""
    rng = np.random.default_rng(seed)
    rep, account = rng.integers(0, 20, count), rng.integers(0, count // 4, count)
    stranger = (rng.random(count) < 0.4).astype(float)
    size = rng.normal(4, 1.2, count)
    effect = np.linspace(-0.8, 0.8, 20)[rep] - np.log(2) * stranger - 0.3 * (size - 4)
    chance = 1 / (1 + np.exp(1.0 - (0 if is_noise else effect)))
    return pl.DataFrame(
        {
            "opportunity_id": [f"O{i:05}" for i in range(count)],
            "status": np.where(rng.random(count) < chance, "won", "lost").tolist(),
            "account_id": [f"A{i}" for i in account],
            "rep_id": [f"R{i}" for i in rep],
            "product_id": [f"P{i}" for i in rng.integers(0, 5, count)],
            "fold": account % 5,
            "industry": pl.Series([None] * count, dtype=pl.String),
            "employee_count": np.exp(size),
            "annual_revenue_usd": pl.Series([None] * count, dtype=pl.Float64),
            "amount_usd": np.exp(rng.normal(8, 1, count)),
            "is_stranger": stranger,
            "experience_shortfall": pl.Series([0.0] * count),
        }
    ), chance


CLOSED, CLOSED_CHANCE = deals(6000, seed=1)
LATER, LATER_CHANCE = deals(6000, seed=2)


@pytest.fixture(scope="module")
def fit() -> WinFit:
    """Fitted on closed deals, with the probabilities of later ones."""
    return fit_win(CLOSED, LATER, 400, 2.5, SETTINGS)


def test_probabilities_are_calibrated_and_tell_deals_apart(fit: WinFit) -> None:
    assert calibration_error((LATER["status"] == "won").to_numpy(), fit.probability) < 0.03
    assert np.corrcoef(fit.probability, LATER_CHANCE)[0, 1] > 0.9


def test_the_penalty_of_a_stranger_is_the_share_of_wins_lost(fit: WinFit) -> None:
    """Half the odds are lost; nothing is claimed of experience, which never varies."""
    found = {m.metric: m for m in fit.metrics}
    penalty = found["skill_penalty"]
    odds = CLOSED_CHANCE / (1 - CLOSED_CHANCE) * 2 ** CLOSED["is_stranger"].to_numpy()
    truth = 1 - (odds / (2 + odds)).sum() / (odds / (1 + odds)).sum()
    assert penalty.lower_value is not None
    assert penalty.upper_value is not None
    assert penalty.lower_value < truth < penalty.upper_value
    assert penalty.metric_value == pytest.approx(truth, abs=0.05)
    assert "experience_penalty" not in found


def test_a_large_book_is_fitted_on_a_draw_and_scored_by_all_its_deals(fit: WinFit) -> None:
    drawn = fit_win(CLOSED, LATER, 400, 2.5, replace(SETTINGS, maximum_rows=2000))
    assert drawn.reason == "fitted on 2000 closed deals"
    assert np.corrcoef(drawn.probability, fit.probability)[0, 1] > 0.98
    assert np.corrcoef(drawn.probability, LATER_CHANCE)[0, 1] > 0.88


def test_chance_is_not_fitted_and_says_so() -> None:
    for seed in range(5):
        closed, _ = deals(2000, seed, is_noise=True)
        found = fit_win(closed, closed, 400, 2.5, SETTINGS)
        assert np.ptp(found.probability) == 0
        assert "look like chance" in found.reason


@pytest.mark.parametrize("status", ["won", "lost"])
def test_too_few_outcomes_give_the_rate_of_the_book(status: str) -> None:
    closed, _ = deals(300, seed=3)
    one_sided = closed.with_columns(status=pl.lit(status))
    found = fit_win(one_sided, closed, 400, 2.5, SETTINGS)
    assert "too few for a model" in found.reason
    assert found.probability == pytest.approx(np.full(300, (301 if status == "won" else 1) / 302))


def test_no_deals_at_all_are_an_even_chance() -> None:
    closed, _ = deals(40, seed=3)
    found = fit_win(closed.clear(), closed.head(2), 400, 2.5, SETTINGS)
    assert found.probability == pytest.approx([0.5, 0.5])


def test_unknown_reps_and_missing_values_are_the_book() -> None:
    closed, _ = deals(3000, seed=4)
    odd = closed.head(3).with_columns(
        rep_id=pl.lit(None, dtype=pl.String),
        product_id=pl.lit("never seen"),
        amount_usd=pl.lit(None, dtype=pl.Float64),
        employee_count=pl.lit(0.0),
        is_stranger=pl.lit(None, dtype=pl.Float64),
    )
    found = fit_win(closed, odd, 400, 2.5, SETTINGS).probability
    assert ((found > NEAREST) & (found < 0.6)).all()


def test_the_order_of_rows_does_not_matter() -> None:
    closed, _ = deals(1500, seed=5)
    shuffled = closed.sample(fraction=1, shuffle=True, seed=1)
    found = fit_win(closed, closed, 400, 2.5, SETTINGS).probability
    again = fit_win(shuffled, closed, 400, 2.5, SETTINGS).probability
    assert np.array_equal(again, found)


def test_nothing_depends_on_the_currency() -> None:
    """Amounts enter as logarithms, whose centre is taken out."""
    closed, _ = deals(1500, seed=5)
    dear = closed.with_columns(pl.col("amount_usd") * 1000)
    found = fit_win(closed, closed, 400, 2.5, SETTINGS).probability
    again = fit_win(dear, dear, 400, 2.5, SETTINGS).probability
    assert again == pytest.approx(found, abs=1e-5)
