"""Account families: parents and children inside one chunk of accounts."""

import numpy as np

# Share of accounts that have a parent or children.
FAMILY_SHARE = 0.18
# A family has 2 members and then one more with this probability, again and again.
ANOTHER_MEMBER, LARGEST_FAMILY = 0.55, 14
# Families of this size may have a middle level.
DEEP_FROM, DEEP_SHARE = 4, 0.35
# Children in the industry of their parent.
SAME_INDUSTRY_SHARE = 0.75


def draw_parents(rng: np.random.Generator, revenue: np.ndarray) -> np.ndarray:
    """Index of each account's parent within the chunk, −1 for none; shape like `revenue`.

    The largest member heads a family. No account is its own ancestor.
    """
    count = len(revenue)
    parent = np.full(count, -1, dtype=np.int64)
    members_left = round(FAMILY_SHARE * count)
    shuffled = rng.permutation(count)
    taken = 0
    while members_left >= 2:
        size = int(min(1 + rng.geometric(1 - ANOTHER_MEMBER), LARGEST_FAMILY, members_left))
        # One account alone is no family: it joins the last one.
        size += members_left - size == 1
        members = shuffled[taken : taken + size]
        members = members[np.argsort(-revenue[members], kind="stable")]
        parent[members[1:]] = members[0]
        if size >= DEEP_FROM and rng.random() < DEEP_SHARE:
            parent[members[-1]] = members[1]
        taken += size
        members_left -= size
    return parent
