"""Findings: observations that do not stop a plan, about many records or about the data."""

from collections.abc import Callable, Sequence

import numpy as np

from optimization.book.tables import AccountArrays, RepArrays
from optimization.finding import Finding

# A rule that concerns half a book is one finding to read, not half a million.
LISTED = 50


def remark_each(
    rule: str, record_ids: Sequence[str], message: Callable[[int], str], summary: str
) -> list[Finding]:
    """A warning per record, and beyond `LISTED` one for the rest.

    message: from the position in record_ids. summary: what the rest has in common, to follow
    "and 12 more: ".
    """
    findings = [
        Finding("warning", rule, record_id, 1, message(at))
        for at, record_id in enumerate(record_ids[:LISTED])
    ]
    rest = len(record_ids) - LISTED
    if rest > 0:
        findings.append(Finding("warning", rule, None, rest, f"and {rest} more: {summary}"))
    return findings


def data_findings(accounts: AccountArrays, reps: RepArrays) -> list[Finding]:
    """What the data leaves open, and what the plan assumes instead."""
    findings = []
    nowhere = int(np.isnan(accounts.latitude).sum())
    if nowhere:
        text = (
            f"{nowhere} account(s) have no coordinates; their travel counts as 0 for every rep "
            "where no travel matrix lists it"
        )
        findings.append(Finding("info", "account_without_coordinates", None, nowhere, text))
    homeless = [reps.ids[j] for j in np.flatnonzero(np.isnan(reps.latitude))]
    if homeless:
        text = (
            f"{len(homeless)} rep(s) have no base ({', '.join(homeless[:5])}"
            f"{' …' if len(homeless) > 5 else ''}); each account's mean travel over the other "
            "reps was taken"
        )
        only = homeless[0] if len(homeless) == 1 else None
        findings.append(Finding("info", "rep_without_base", only, len(homeless), text))
    return findings
