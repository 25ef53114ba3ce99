"""Manual overrides a sales operations team would keep beside the CRM."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.sample.accounts import AccountChunk
from pipelines.sample.ownership import UNOWNED, Ownership
from pipelines.sample.record_ids import ACCOUNT, record_ids

ACCOUNTS_PER_OVERRIDE = 150
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


def override_rows(
    rng: np.random.Generator, chunk: AccountChunk, ownership: Ownership, as_of: date
) -> pl.DataFrame:
    """overrides.csv: about one override in 150 accounts of `chunk`, at most 40.

    Only accounts outside families and of active reps are named, one override each, and never one
    of the largest tenth: any plan can honour all of them.
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
            }
        )
    text = dict.fromkeys(("Account ID", "Action", "Rep ID", "Reason"), pl.String)
    return pl.DataFrame(rows, schema={**text, "Expires": pl.Date})
