"""A file of challenges names its faulty row; the accepted ones become manual overrides."""

from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import InputError
from pipelines.stages.challenges import accepted_overrides, read_challenges

ACCOUNTS, REPS = pl.DataFrame({"account_id": ["A1"]}), pl.DataFrame({"rep_id": ["R1"]})
HEAD = "account_id,rep_id,wish,reason\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("account_id,rep_id,wish\n", "column reason is missing"),
        (HEAD + "A1,R1,own,x\nA9,R1,own,x\n", r"row 2: account_id 'A9' is not known"),
        (HEAD + "A1,R1,keep,x\n", r"row 1: wish 'keep' is not known"),
        (HEAD + "A1,R1,own, \n", "row 1: reason is empty"),
    ],
)
def test_a_faulty_row_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "challenges.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_challenges(path, ACCOUNTS, REPS)


def test_accepted_challenges_become_overrides() -> None:
    judged = pl.DataFrame(
        {
            "account_id": ["A1", "A2"],
            "rep_id": ["R1", "R1"],
            "reason": ["knows them", "far"],
            "outcome": ["accepted", "priced"],
            "to_rep_id": ["R1", "R2"],
        }
    )
    assert accepted_overrides(judged).rows() == [
        ("A1", "assign", "R1", "Challenge of R1: knows them", None, None)
    ]
