"""Findings about many records: the first ones by name, the rest as a number."""

from collections.abc import Callable, Sequence

from optimization.result import Finding

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
