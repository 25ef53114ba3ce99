"""Numbers and names in sentences, as polars expressions: a million reasons are written at once."""

import polars as pl


def usd(amount: pl.Expr) -> pl.Expr:
    """Whole USD with thousands separators: "USD 1,204", "USD -15"."""
    return pl.concat_str(pl.lit("USD "), grouped(amount))


def signed_usd(amount: pl.Expr) -> pl.Expr:
    """The same with a sign always: "USD +1,204"."""
    plus = pl.when(amount.round(0) >= 0).then(pl.lit("+")).otherwise(pl.lit(""))
    return pl.concat_str(pl.lit("USD "), plus, grouped(amount))


def grouped(amount: pl.Expr) -> pl.Expr:
    """A whole number with thousands separators, to below 1e15."""
    whole = amount.round(0).cast(pl.Int64)
    size = whole.abs()
    text = pl.lit("")
    for power in (12, 9, 6, 3, 0):
        digits = (size // 10**power) % 1000
        starts = size < 10 ** (power + 3)
        part = (
            pl.when(starts)
            .then(digits.cast(pl.String))
            .otherwise(digits.cast(pl.String).str.zfill(3))
        )
        separator = pl.lit(",") if power else pl.lit("")
        shown = (size >= 10**power) | (power == 0)
        text = pl.concat_str(
            text, pl.when(shown).then(pl.concat_str(part, separator)).otherwise(pl.lit(""))
        )
    return pl.concat_str(pl.when(whole < 0).then(pl.lit("-")).otherwise(pl.lit("")), text)


def one_decimal(amount: pl.Expr) -> pl.Expr:
    """A number with one decimal: "12.0"."""
    tenths = (amount * 10).round(0).cast(pl.Int64)
    return pl.concat_str(
        grouped((tenths // 10).cast(pl.Float64)), pl.lit("."), (tenths % 10).cast(pl.String)
    )
