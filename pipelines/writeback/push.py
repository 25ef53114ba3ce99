"""Send a plan to the CRM so that, whenever it is interrupted, doing it again finishes it.

Jobs of an earlier push that may still be going on are waited for or ended first. Then each round
reads what stands there and sends only what differs; so a row that arrived is never sent twice,
whether or not its answer did. Rows are in the journal before they go. Later rounds read only what
the first found different; the last one reads once more: what it still finds different has failed,
with the reason the CRM gave.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from pipelines.progress import report
from pipelines.writeback.changes import Change, CrmState, Desired, changes_between
from pipelines.writeback.crm import Crm
from pipelines.writeback.journal import Journal, RowResult

ROUNDS = 4
FIRST_WAIT_SECONDS = 1.0

# What may succeed a little later, as the two CRMs call it; everything else needs a person.
PASSING = frozenset(
    {
        *("UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG"),
        *("ROW_LOCK_TIMEOUT", "CONCURRENT_UPDATE", "UNKNOWN_EXCEPTION"),
        *("RATE_LIMITS", "INTERNAL_ERROR", "CONFLICT", "UNKNOWN"),
        # Another request of ours was faster: the next look at the CRM tells.
        *("DUPLICATE_VALUE", "ENTITY_IS_DELETED"),
        # Of a job that ended before it came to the row.
        "UNPROCESSED",
    }
)


@dataclass
class PushOutcome:
    """What a push did.

    Attributes:
        results: the last answer to each change, in the order of the changes.
        left: changes that are still to be made, because their rows failed.
    """

    results: dict[tuple[str, ...], RowResult] = field(default_factory=dict)
    left: list[Change] = field(default_factory=list)

    @property
    def done(self) -> list[RowResult]:
        """The rows that arrived."""
        open_keys = {change.key for change in self.left}
        return [result for key, result in self.results.items() if key not in open_keys]

    @property
    def failed(self) -> list[RowResult]:
        """The rows that did not, each with the CRM's reason."""
        silent = "the CRM said yes, but shows another value: something there changes it back"
        return [
            result
            if not (result := self.results.get(change.key, RowResult(change, False))).is_done
            else RowResult(change, False, "CHANGED_BACK", silent)
            for change in self.left
        ]


def push(
    crm: Crm,
    journal: Journal,
    accounts: Sequence[str],
    desired_of: Callable[[CrmState], Desired],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> PushOutcome:
    """Make the CRM hold what `desired_of` its state says.

    Raises:
        InputError: the CRM does not answer; what had arrived stays, and another push goes on.
    """
    outcome = PushOutcome()
    jobs = journal.open_jobs()
    if jobs:
        report("Waiting for jobs of an earlier push")
        crm.settle(jobs)
        journal.settled()
        jobs.clear()

    def started(job: str) -> None:
        journal.started(job)
        jobs.append(job)

    for number in range(ROUNDS + 1):
        live = crm.state(accounts)
        outcome.left = changes_between(live, desired_of(live))
        hopeful = [change for change in outcome.left if _may_pass(outcome.results, change)]
        if not hopeful or number == ROUNDS:
            return outcome
        accounts = sorted({c.subject_id for c in outcome.left if c.kind != "user_territory"})
        if number:
            sleep(FIRST_WAIT_SECONDS * 2 ** (number - 1))
        sent = 0
        for batch in _batches(hopeful, crm.most_rows):
            report("Sending to the CRM", sent, len(hopeful))
            journal.intend(batch)
            results = crm.send(batch, started)
            journal.answered(results)
            if jobs:
                journal.settled()
                jobs.clear()
            outcome.results |= {result.change.key: result for result in results}
            sent += len(batch)
    raise AssertionError("unreachable")


def _may_pass(results: Mapping[tuple[str, ...], RowResult], change: Change) -> bool:
    result = results.get(change.key)
    return result is None or result.code in PASSING


def _batches(changes: Sequence[Change], most_rows: Callable[[int], int]) -> Iterator[list[Change]]:
    """Changes of one kind and verb, in their order, at most `most_rows` of their number each."""
    for _, same in groupby(changes, key=lambda change: (change.verb, change.kind)):
        group = list(same)
        rows = most_rows(len(group))
        for start in range(0, len(group), rows):
            yield group[start : start + rows]
