"""Numbers in sentences."""

import polars as pl
import pytest

from optimization.report.wording import grouped, one_decimal, signed_usd, usd


def shown(expression: pl.Expr, value: float) -> str:
    text = pl.DataFrame({"x": [value]}, schema={"x": pl.Float64}).select(expression).item()
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize(
    "value",
    [0.0, 0.4, 7.0, 12.6, 999.0, 1_000.0, 1_004.0, 12_345.0, 1e6, 1_000_001.0, 123_456_789_012.0],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_whole_numbers_are_grouped_like_python_does(value: float, sign: int) -> None:
    expected = f"{sign * value:,.0f}".replace("-0", "0") if value < 0.5 else f"{sign * value:,.0f}"
    assert shown(grouped(pl.col("x")), sign * value) == expected


def test_dollars_come_with_their_currency() -> None:
    assert shown(usd(pl.col("x")), 1_204.4) == "USD 1,204"
    assert shown(usd(pl.col("x")), -15.0) == "USD -15"
    assert shown(signed_usd(pl.col("x")), 1_204.4) == "USD +1,204"
    assert shown(signed_usd(pl.col("x")), -0.2) == "USD +0"
    assert shown(signed_usd(pl.col("x")), -15.0) == "USD -15"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.0"), (0.04, "0.0"), (12.26, "12.3"), (1_234.96, "1,235.0")]
)
def test_hours_have_one_decimal(value: float, text: str) -> None:
    assert shown(one_decimal(pl.col("x")), value) == text
