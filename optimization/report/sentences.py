"""The sentences of `explain`, written for all accounts of a code at once with polars."""

from collections.abc import Callable

import polars as pl

from optimization.report.wording import one_decimal, signed_usd, usd

Part = str | pl.Expr


def write_reasons(facts: pl.DataFrame) -> pl.Series:
    """One reason per row of `facts` (see `explain`): what decided, what it is worth, who is next.

    facts: the columns that `explain` gathers, with the reason's `code`.
    """
    indexed = facts.with_row_index("row")
    written = [
        part.select("row", reason=_joined(_REASONS[code](), *_tail(code)))
        for (code,), part in indexed.partition_by("code", as_dict=True).items()
    ]
    if not written:
        return pl.Series("reason", [], dtype=pl.String)
    return pl.concat(written).sort("row")["reason"]


def _text(*parts: Part) -> pl.Expr:
    """Parts one after the other; plain text stands for itself."""
    return pl.concat_str([pl.lit(one) if isinstance(one, str) else one for one in parts])


def _joined(*sentences: pl.Expr) -> pl.Expr:
    return pl.concat_str(sentences, separator=" ", ignore_nulls=True)


def _tail(code: str) -> list[pl.Expr]:
    """What the pair is worth, and the runner-up."""
    if code == "unassigned":
        return [_next()]
    value = _text(
        "Worth ", usd(pl.col("value_usd")), " a year: margin ", usd(pl.col("margin_usd")),
        ", travel ", usd(pl.col("travel_usd")),
    )  # fmt: skip
    risk = pl.when(pl.col("risk_usd") >= 0.5).then(
        _text(", change of owner ", usd(pl.col("risk_usd")))
    )
    whole = pl.concat_str(value, risk, pl.lit("."), ignore_nulls=True)
    return [whole, _next()]


def _next() -> pl.Expr:
    """Who would be next and at what price; NULL where nobody else may own it."""
    delta = pl.col("delta_usd")
    dearer = _text("Next: ", pl.col("runner_up"), ", ", usd(delta), " a year more.")
    same = _text("Next: ", pl.col("runner_up"), ", at the same price.")
    return pl.when(delta >= 0.5).then(dearer).when(delta.is_not_null()).then(same)


def _filled(phrase: pl.Expr, rep: str, other: str) -> pl.Expr:
    """A limit's phrase with the names of the two reps."""
    named = phrase.str.replace("{rep}", pl.col(rep), literal=True)
    return named.str.replace("{other}", pl.col(other), literal=True)


def _limit() -> pl.Expr:
    """What keeps the favourite from it."""
    named = _filled(pl.col("limit"), "rep", "favourite")
    priced = _text(named, " (", usd(pl.col("limit_usd")), " a year)")
    return priced.fill_null("the limits of the territories leave no room for that")


def _unassigned() -> pl.Expr:
    alone = _text("Stays without owner: tier '", pl.col("tier"), "' allows it at ")
    family = _text("Stays without owner with its family ", pl.col("unit"), ", allowed at ")
    start = pl.when("is_alone").then(alone).otherwise(family)
    better = _text("; ", pl.col("favourite"), " would save ", usd(pl.col("saving_usd")), ", but ",
                   _limit())  # fmt: skip
    rest = pl.when("is_favourite").then(pl.lit(", less than any rep would cost")).otherwise(better)
    return _text(start, usd(pl.col("tier_usd")), " a year", rest, ".")


def _assigned() -> pl.Expr:
    return _text("Assigned to ", pl.col("rep"), " by a manual override.")


def _locked() -> pl.Expr:
    rule = _text("lock rule '", pl.col("rule"), "'").fill_null("a manual override")
    kept = _text("Stays with ", pl.col("rep"), ": locked by ", rule, ".")
    family = _text(
        "Goes to ", pl.col("rep"), ", with whom its family ", pl.col("unit"), " is locked by ",
        rule, ".",
    )  # fmt: skip
    return pl.when("is_kept").then(kept).otherwise(family)


def _only_eligible() -> pl.Expr:
    return _text(pl.col("rep"), " is the only rep who may own this account.")


def _kept_least_cost() -> pl.Expr:
    return _text("Stays with ", pl.col("rep"), ": no other rep would serve it at lower cost.")


def _kept_for_balance() -> pl.Expr:
    return _text(
        "Stays with ", pl.col("rep"), ": ", pl.col("favourite"), " would save ",
        usd(pl.col("saving_usd")), " a year, but ", _limit(), ".",
    )  # fmt: skip


def _moved(why: Part) -> pl.Expr:
    """The reason of a move, and what the move gains and risks."""
    gains = _text(
        "Travel gains ", signed_usd(pl.col("move_travel_usd")), ", fit ",
        signed_usd(pl.col("move_fit_usd")), ", balance ", signed_usd(pl.col("move_relief_usd")),
        "; change of owner costs ", usd(pl.col("move_risk_usd")), " a year.",
    )  # fmt: skip
    start = _text("Moves from ", pl.col("incumbent"), " to ", pl.col("rep"), why, ".")
    return _joined(start, gains)


def _moved_for_eligibility() -> pl.Expr:
    return _moved(_text(": ", pl.col("barred_by"), " bars ", pl.col("incumbent")))


def _moved_with_family() -> pl.Expr:
    return _moved(_text(", who already serves its family ", pl.col("unit")))


def _moved_to_separate() -> pl.Expr:
    return _moved(_text(": ", pl.col("incumbent"), " owns another account it must be apart from"))


def _moved_for_travel() -> pl.Expr:
    return _moved(": travel costs less")


def _moved_for_fit() -> pl.Expr:
    return _moved(": the rep fits it better")


def _moved_for_balance() -> pl.Expr:
    limit = _filled(pl.col("move_limit"), "rep", "incumbent")
    return _moved(_text(": ", limit.fill_null("the balance of the territories asks for it")))


def _without_incumbent(start: Part) -> pl.Expr:
    least = _text("the least costly rep")
    other = _text(
        usd(pl.col("saving_usd")), " a year dearer than ", pl.col("favourite"), ", but ", _limit()
    )
    place = pl.when("is_favourite").then(least).otherwise(other)
    hours = one_decimal(pl.col("travel_hours"))
    return _text(start, pl.col("rep"), " is ", place, " (", hours, " travel hours a year).")


def _forced_move() -> pl.Expr:
    return _without_incumbent("Its owner is no active rep of the plan; ")


def _new_assignment() -> pl.Expr:
    return _without_incumbent("Had no owner; ")


_REASONS: dict[str, Callable[[], pl.Expr]] = {
    "unassigned": _unassigned,
    "assigned": _assigned,
    "locked": _locked,
    "only_eligible": _only_eligible,
    "kept_least_cost": _kept_least_cost,
    "kept_for_balance": _kept_for_balance,
    "moved_for_eligibility": _moved_for_eligibility,
    "moved_with_family": _moved_with_family,
    "moved_to_separate": _moved_to_separate,
    "moved_for_travel": _moved_for_travel,
    "moved_for_fit": _moved_for_fit,
    "moved_for_balance": _moved_for_balance,
    "forced_move": _forced_move,
    "new_assignment": _new_assignment,
}
