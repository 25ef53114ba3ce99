"""What is dealt as one, and what must have different owners."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_book import account, override, owned, rep, rules_of, tables

from optimization import PlanInputError

REPS = [rep("R1"), rep("R2"), rep("R3")]


def test_families_are_one_unit_only_where_the_policy_says_so() -> None:
    book = tables([account("A1"), account("A2", family_id="A1"), account("A3")], REPS)
    assert book.planned().units.ids == ["A1", "A3"]
    assert book.planned({"keep_families_together": False}).units.ids == ["A1", "A2", "A3"]


def test_an_account_without_family_is_its_own_unit() -> None:
    book = tables([account("A1", family_id=None), account("A2", family_id=None)], REPS)
    assert book.planned().units.ids == ["A1", "A2"]


def test_members_and_totals() -> None:
    planning = tables(
        [
            account("A1"),
            account("A2", family_id="A9"),
            account("A3"),
            account("A4", family_id="A9"),
        ],
        REPS,
    ).planned()
    units = planning.units
    assert units.ids == ["A1", "A3", "A9"]
    assert [units.members(u).tolist() for u in range(3)] == [[0], [2], [1, 3]]
    assert units.total(np.array([1.0, 2.0, 4.0, 8.0])).tolist() == [1.0, 4.0, 10.0]
    two = units.total(np.array([[1.0, 1.0], [2.0, 0.0], [4.0, 0.0], [8.0, 0.5]]))
    assert two.tolist() == [[1.0, 1.0], [4.0, 0.0], [10.0, 0.5]]


def test_keep_together_sets_bring_their_families_along() -> None:
    planning = tables(
        [
            account("A1", family_id="F1"),
            account("A2", family_id="F1"),
            account("A3", family_id="F2"),
            account("A4", family_id="F2"),
            account("A5"),
        ],
        REPS,
    ).planned({"keep_together": [{"name": "joint buyers", "account_ids": ["A2", "A3"]}]})
    assert planning.units.ids == ["A5", "F1"]
    assert planning.units.of_account.tolist() == [1, 1, 1, 1, 0]


def test_sets_that_share_an_account_become_one_unit() -> None:
    planning = tables([account(f"A{i}") for i in range(6)], REPS).planned(
        {
            "keep_together": [
                {"name": "x", "account_ids": ["A4", "A5"]},
                {"name": "y", "account_ids": ["A1", "A2"]},
                {"name": "z", "account_ids": ["A5", "A2"]},
            ]
        }
    )
    assert planning.units.ids == ["A0", "A1", "A3"]


@given(st.lists(st.lists(st.integers(0, 11), min_size=2, max_size=4, unique=True), max_size=8))
def test_units_are_the_connected_sets(sets: list[list[int]]) -> None:
    ids = [f"A{i:02d}" for i in range(12)]
    rules = [
        {"name": f"s{k}", "account_ids": [ids[i] for i in members]}
        for k, members in enumerate(sets)
    ]
    planning = tables([account(one) for one in ids], REPS).planned({"keep_together": rules})
    label = list(range(12))
    for _ in range(12):
        for members in sets:
            smallest = min(label[i] for i in members)
            for i in members:
                label[i] = smallest
    names = [planning.units.ids[u] for u in planning.units.of_account]
    assert names == [ids[one] for one in label]


def test_an_unknown_account_of_a_set_is_a_finding() -> None:
    planning = tables([account("A1"), account("A2")], REPS).planned(
        {"keep_together": [{"name": "x", "account_ids": ["A1", "GONE"]}]}
    )
    assert rules_of(planning) == ["policy_unknown_account"]
    assert planning.units.ids == ["A1", "A2"]


def test_rivals_are_separate_units() -> None:
    planning = tables([account(f"A{i}") for i in (1, 2, 3)], REPS).planned(
        {"must_separate": [{"name": "rivals", "account_ids": ["A3", "A1"]}]}
    )
    assert [members.tolist() for members in planning.problem.separate] == [[0, 2]]
    assert planning.clashes == ()


@pytest.mark.parametrize(
    ("policy", "family"),
    [({}, "A1"), ({"keep_together": [{"name": "x", "account_ids": ["A1", "A2"]}]}, "A2")],
)
def test_rivals_of_one_unit_are_refused(policy: dict[str, object], family: str) -> None:
    book = tables([account("A1"), account("A2", family_id=family)], REPS)
    rivals = {"must_separate": [{"name": "rivals", "account_ids": ["A1", "A2"]}]}
    with pytest.raises(
        PlanInputError,
        match="must_separate 'rivals': accounts A1 and A2 belong to one family or keep-together",
    ):
        book.planned(policy | rivals)


def test_override_groups_that_contradict_are_refused() -> None:
    rows = [
        override(account_id, action, group_id="g")
        for account_id in ("A1", "A2")
        for action in ("together", "separate")
    ]
    with pytest.raises(PlanInputError, match="override group g: accounts A1 and A2"):
        tables([account("A1"), account("A2")], REPS, rows).planned()


def test_rivals_locked_to_one_rep_are_a_clash_and_waived() -> None:
    planning = tables([owned("A1", "R1"), owned("A2", "R1"), account("A3")], REPS).planned(
        {
            "locks": [{"name": "all"}],
            "must_separate": [{"name": "rivals", "account_ids": ["A1", "A2", "A3"]}],
        }
    )
    assert [members.tolist() for members in planning.problem.separate] == [[0, 2]]
    assert "separation_waived" in rules_of(planning)
    assert planning.clashes[0] == (
        "must_separate 'rivals': A2 cannot be kept apart, for it and A1 are both held with rep R1"
    )


def test_more_rivals_than_reps_are_a_clash() -> None:
    planning = tables([account(f"A{i}") for i in range(5)], REPS).planned(
        {"must_separate": [{"name": "rivals", "account_ids": [f"A{i}" for i in range(5)]}]}
    )
    assert len(planning.clashes) == 2
    assert "more members than reps who may own them" in planning.clashes[0]
    assert [members.size for members in planning.problem.separate] == [3]


def test_rivals_who_may_have_nobody_need_no_rep() -> None:
    planning = tables([account(f"A{i}") for i in range(5)], REPS).planned(
        {
            "must_separate": [{"name": "rivals", "account_ids": [f"A{i}" for i in range(5)]}],
            "unassigned": [{"name": "all", "price_usd": 10}],
        }
    )
    assert planning.clashes == ()
    assert [members.size for members in planning.problem.separate] == [5]
