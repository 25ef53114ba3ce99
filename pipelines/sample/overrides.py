"""Manual overrides a sales operations team would keep beside the CRM."""

import itertools
from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.sample.accounts import AccountChunk
from pipelines.sample.ownership import UNOWNED, Ownership
from pipelines.sample.record_ids import ACCOUNT, record_ids

ACCOUNTS_PER_OVERRIDE = 150
FEWEST_REPS = 5
# Action, reason, days until it expires (None: never; negative: it has expired).
PATTERNS = (
    ("lock", "Renewal in negotiation", 120),
    ("lock", "Executive sponsor agreed to keep the rep", 365),
    ("assign", "Customer asked for this rep", 180),
    ("lock", "Owner changed this quarter", 90),
    ("forbid", "Conflict of interest", None),
    ("assign", "Pilot project starts with this rep", 270),
    ("lock", "Renewal in negotiation", -45),
)

# Action and reason of a group, and how many accounts it names.
GROUPS = (
    ("together", "Bought jointly by two sister firms", 2),
    ("separate", "Competitors who asked for different reps", 3),
)


def override_rows(
    rng: np.random.Generator, chunk: AccountChunk, ownership: Ownership, as_of: date
) -> pl.DataFrame:
    """overrides.csv: about one override in 150 accounts of `chunk`, at most 40, and two groups.

    Only accounts outside families and of active reps are named, one override each, and never one
    of the largest tenth: any plan can honour all of them. The groups need a team of five.
    """
    team = ownership.team
    in_family = chunk.parent >= 0
    in_family[chunk.parent[chunk.parent >= 0]] = True
    active = (chunk.owner != UNOWNED) & ~team.is_former[np.maximum(chunk.owner, 0)]
    is_small = chunk.employees <= np.quantile(chunk.employees, 0.9)
    candidates = np.flatnonzero(~in_family & active & is_small)
    wanted = min(max(3, len(chunk) // ACCOUNTS_PER_OVERRIDE), 40, len(candidates))
    chosen = np.sort(rng.choice(candidates, wanted, replace=False))
    ids = record_ids(ACCOUNT, chunk.start, len(chunk))
    rows = []
    for number, account in enumerate(chosen):
        action, reason, days = PATTERNS[number % len(PATTERNS)]
        owner = chunk.owner[account]
        rep = None
        if action != "lock":
            nearby = ownership.draw_veterans(rng, np.repeat(chunk.county[account], 8))
            others = nearby[nearby != owner]
            # Without another rep, the rule names the owner and only says what is so already.
            rep = others[0] if others.size else owner
            action = "assign" if rep == owner else action
        rows.append(
            {
                "Account ID": ids[int(account)],
                "Action": action,
                "Rep ID": None if rep is None else str(team.rep_ids[rep]),
                "Reason": reason,
                "Expires": None if days is None else as_of + timedelta(days=days),
                "Group ID": None,
            }
        )
    rest = np.setdiff1d(candidates, chosen)
    members = sum(count for _, _, count in GROUPS)
    if len(team.rep_ids) >= FEWEST_REPS and rest.size >= 10 * members:
        named = iter(rng.choice(rest, members, replace=False))
        rows += [
            {"Account ID": ids[int(account)], "Action": action, "Reason": reason, "Group ID": group}
            for action, reason, count in GROUPS
            for group in [f"{action} 1"]
            for account in itertools.islice(named, count)
        ]
    text = dict.fromkeys(("Account ID", "Action", "Rep ID", "Reason"), pl.String)
    return pl.DataFrame(rows, schema={**text, "Expires": pl.Date, "Group ID": pl.String})
