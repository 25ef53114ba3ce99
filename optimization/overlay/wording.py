"""The planner's reasons in the words of a second role: nobody owns, travel is what it costs."""

import polars as pl

# The planner's words, as patterns, and what they mean for an overlay rep.
_OTHER_WORDS = {
    r"^Had no owner; ": "Nobody of the role covers it today; ",
    r"Worth USD [-\d,]+ a year: margin USD [-\d,]+, travel USD ([-\d,]+)": "Travel costs USD $1",
    r", fit USD \+0, balance": ", balance",
    r", change of owner USD ([-\d,]+)\.": ", the change USD $1.",
    r"change of owner costs": "the change costs",
    r"who may own this account": "who may cover this account",
}


def overlay_reasons(reason: pl.Expr, *, is_pod: bool) -> pl.Expr:
    """Reasons of `plan_assignment` as those of an overlay rep.

    is_pod: all accounts of a primary rep go together, so the next rep's price is that of the pod.
    """
    for pattern, words in _OTHER_WORDS.items():
        reason = reason.str.replace(pattern, words)
    if not is_pod:
        return reason
    reason = reason.str.replace(r"already serves its family .*?\. ", "already serves its pod. ")
    return reason.str.replace(r"Next: (.*) a year more\.$", "Next for the pod: $1 a year more.")
