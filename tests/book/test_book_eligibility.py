"""Eligibility classes against a look at every single pair."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_book import account, allowed, owned, rep, rules_of, tables

from optimization.book.eligibility import components
from optimization.book.units import ONLY_ELIGIBLE

SEGMENTS, INDUSTRIES, COUNTRIES = ("big", "mid"), ("retail", "health", None), ("US", "DE", None)
SKILLS = ("", "retail", "health", "health|retail")
RULES = [
    {"name": "same country", "same": ["country"]},
    {"name": "skill", "accounts": {"segment": ["big"]}, "same": ["industry_skill"]},
    {"name": "seniors", "accounts": {"industry": ["health"]}, "reps": {"region": ["s"]}},
    {"name": "both", "accounts": {"segment": ["mid"]}, "same": ["country", "industry_skill"]},
]

accounts_of = st.lists(
    st.tuples(
        st.sampled_from(SEGMENTS),
        st.sampled_from(INDUSTRIES),
        st.sampled_from(COUNTRIES),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=12,
)
reps_of = st.lists(
    st.tuples(st.sampled_from(SKILLS), st.sampled_from(COUNTRIES), st.sampled_from("ns")),
    min_size=1,
    max_size=5,
)


def meets(rule: dict[str, Any], one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether account `one` may go to rep `other` by this rule, written out."""
    segment, industry, country, _ = one
    skills, rep_country, region = other
    conditions = rule.get("accounts", {})
    if segment not in conditions.get("segment", [segment]):
        return True
    if industry not in conditions.get("industry", [industry]):
        return True
    fits = region in rule.get("reps", {}).get("region", [region])
    if "country" in rule.get("same", []):
        fits &= country is None or rep_country is None or country == rep_country
    if "industry_skill" in rule.get("same", []):
        fits &= industry is None or not skills or industry in skills.split("|")
    return fits


@settings(max_examples=150, deadline=None)
@given(accounts_of, reps_of, st.lists(st.sampled_from(RULES), unique_by=lambda r: r["name"]))
def test_a_unit_is_allowed_what_every_rule_allows_all_its_accounts(
    rows: list[tuple[Any, ...]], others: list[tuple[Any, ...]], rules: list[dict[str, Any]]
) -> None:
    planning = tables(
        [
            account(f"A{i:02d}", segment=s, industry=d, country=c, family_id=f"F{f}" if f else None)
            for i, (s, d, c, f) in enumerate(rows)
        ],
        [
            rep(f"R{j}", skill_industries=k, country=c, region=r)
            for j, (k, c, r) in enumerate(others)
        ],
    ).planned({"eligibility": rules})
    units = planning.units
    for u in range(len(units)):
        wanted = [
            j
            for j, other in enumerate(others)
            if all(meets(rule, rows[i], other) for i in units.members(u) for rule in rules)
        ]
        waived = wanted or list(range(len(others)))
        assert units.allowed_reps(u).tolist() == waived
        assert (units.hold[u] == ONLY_ELIGIBLE) == (len(waived) == 1)


def test_units_of_the_same_reps_share_a_class() -> None:
    planning = tables(
        [account(f"A{i}", country=("US", "DE", "FR")[i % 3]) for i in range(30)],
        [rep("R1", country="US"), rep("R2", country="DE"), rep("R3", country="US")],
    ).planned({"eligibility": [{"name": "c", "same": ["country"]}]})
    # FR has no rep and is waived to all three.
    assert planning.units.class_reps.shape == (3, 3)
    assert len(planning.clashes) == 1
    assert planning.clashes[0].startswith("A11 and 9 more like it are allowed to no rep")


def test_an_account_nobody_may_own_may_stay_without_owner_where_a_tier_says_so() -> None:
    planning = tables([account("A1", country="FR"), account("A2")], [rep("R1"), rep("R2")]).planned(
        {
            "eligibility": [{"name": "c", "same": ["country"]}],
            "unassigned": [{"name": "abroad", "accounts": {"country": ["FR"]}, "price_usd": 5}],
        }
    )
    assert planning.clashes == ()
    assert allowed(planning, "A1") == []
    assert planning.problem.pairs.allowed_reps(0).tolist() == [2]
    values = planning.problem.pairs.at(np.array([0]), np.array([2]))
    assert values.cost.tolist() == [5.0]


def test_a_lock_outside_eligibility_is_followed_and_told() -> None:
    planning = tables(
        [owned("A1", "R2"), account("A2")], [rep("R1"), rep("R2", country="DE")]
    ).planned({"eligibility": [{"name": "c", "same": ["country"]}], "locks": [{"name": "all"}]})
    assert allowed(planning, "A1") == ["R2"]
    assert "lock_outside_eligibility" in rules_of(planning)


def test_many_records_of_one_rule_are_not_a_finding_each() -> None:
    planning = tables(
        [owned(f"A{i:03d}", "R2") for i in range(120)], [rep("R1"), rep("R2", country="DE")]
    ).planned({"eligibility": [{"name": "c", "same": ["country"]}], "locks": [{"name": "all"}]})
    told = [f for f in planning.findings if f.rule == "lock_outside_eligibility"]
    assert len(told) == 51
    assert sum(f.affected_rows for f in told) == 120
    assert told[-1].message.startswith("and 70 more:")


@given(
    st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=3),
)
def test_components_join_what_a_chain_of_units_joins(
    table: list[list[bool]], links: list[tuple[int, int]]
) -> None:
    rows = np.array(table)
    pairs = np.array([(c % len(rows), j) for c, j in links], dtype=np.int64).reshape(-1, 2)
    sets = [set(np.flatnonzero(row).tolist()) for row in rows]
    sets += [set(np.flatnonzero(rows[c]).tolist()) | {int(j)} for c, j in pairs]
    label = list(range(6))
    for _ in range(6):
        for members in sets:
            for j in members:
                label[j] = min(label[k] for k in members)
    found = components(rows, rows, pairs)
    assert found.tolist() == np.unique(label, return_inverse=True)[1].tolist()
