"""The list of moves says the same in both files, and no name in it comes alive."""

import csv
from pathlib import Path

import duckdb
import openpyxl
import pytest

from pipelines.publish import publish_release
from pipelines.publish.moves import COLUMNS, FORMULA_STARTS, neutralised, write_moves
from tests.publish.small_warehouse import AS_OF, HOSTILE_NAMES, request_for


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_release(request_for(tmp_path_factory.mktemp("moves"))).path


def read_csv(folder: Path) -> list[dict[str, str]]:
    with (folder / "moves.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_moves_come_first_then_forced_moves_then_new_assignments(folder: Path) -> None:
    rows = read_csv(folder)
    assert [(row["change"], row["account_id"]) for row in rows] == [
        *(("move", f"A{n}") for n in (5, 4, 3, 2, 1, 0)),
        ("forced move", "A7"),
        ("new assignment", "A8"),
    ]
    assert rows[0] == {
        "change": "move",
        "account_id": "A5",
        "account_name": "'  =HYPERLINK(1)",
        "from_rep_id": "R2",
        "from_rep_name": "Rep 2",
        "to_rep_id": "R2",
        "to_rep_name": "Rep 2",
        "manager_id": "R0",
        "manager_name": "Rep 0",
        "sales_at_stake_usd": "1005.00",
        "service_hours": "7.5",
        "reason": "closer to home",
        "runner_up_rep_id": "R1",
        "runner_up_rep_name": "Rep 1",
        "runner_up_delta_usd": "12.50",
    }
    assert (rows[6]["from_rep_id"], rows[6]["from_rep_name"]) == ("R_left", "Gone Rep")


def test_accounts_that_lose_their_owner_come_last(folder: Path, tmp_path: Path) -> None:
    """A1 is taken from R2, A7 was a leaver's, A8 never had an owner: nothing changes for it."""
    copy = tmp_path / "territory.duckdb"
    copy.write_bytes((folder / "territory.duckdb").read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "UPDATE fct_assignment SET rep_id = NULL WHERE account_id IN ('A1', 'A7', 'A8')"
        )
    assert write_moves(tmp_path, "plan_a", AS_OF) == 7
    left, taken = read_csv(tmp_path)[-2:]
    assert [(row["change"], row["account_id"]) for row in (left, taken)] == [
        ("unassigned", "A7"),
        ("unassigned", "A1"),
    ]
    assert (taken["from_rep_id"], taken["to_rep_id"], taken["to_rep_name"]) == ("R2", "", "")
    assert (taken["manager_id"], taken["manager_name"]) == ("R0", "Rep 0")


def test_no_cell_of_the_csv_starts_a_formula(folder: Path) -> None:
    rows = read_csv(folder)
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.lstrip(" ").startswith(FORMULA_STARTS)]
    restored = {row["account_id"]: row["account_name"].removeprefix("'") for row in rows}
    moved = {f"A{n}": HOSTILE_NAMES[n] for n in (0, 1, 2, 3, 4, 5, 7, 8)}
    assert restored == moved


def test_the_workbook_holds_text_as_text_and_money_as_numbers(folder: Path) -> None:
    sheet = openpyxl.load_workbook(folder / "moves.xlsx")["Moves"]
    heading, *rows = list(sheet.iter_rows())
    assert [cell.value for cell in heading] == [name for name, _ in COLUMNS]
    assert not [c.coordinate for row in rows for c in row if c.data_type == "f"]
    assert not [c.coordinate for row in rows for c in row if c.hyperlink is not None]
    names = {row[1].value: row[2].value for row in rows}
    for number in (0, 1, 2, 3, 5, 7):
        assert names[f"A{number}"] == HOSTILE_NAMES[number]
    # XML cannot hold a control character: the format escapes it, and Excel shows the original.
    assert names["A8"] in (HOSTILE_NAMES[8], "_x0001_ control")
    assert rows[0][9].value == 1005.0
    assert rows[0][9].data_type == "n"


def test_the_workbook_repeats_byte_for_byte(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "territory.duckdb").symlink_to(folder / "territory.duckdb")
    assert write_moves(tmp_path, "plan_a", AS_OF) == 8
    for name in ("moves.csv", "moves.xlsx"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {
        "moves.csv",
        "moves.xlsx",
        "territory.duckdb",
    }


def test_long_lists_go_on_in_further_sheets(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.publish.moves.SHEET_ROWS", 4)
    (tmp_path / "territory.duckdb").symlink_to(folder / "territory.duckdb")
    write_moves(tmp_path, "plan_a", AS_OF)
    book = openpyxl.load_workbook(tmp_path / "moves.xlsx")
    assert book.sheetnames == ["Moves", "Moves 2", "Moves 3"]
    listed = [row[1].value for sheet in book for row in sheet.iter_rows(min_row=2)]
    assert listed == [row["account_id"] for row in read_csv(folder)]


def test_a_plan_without_moves_gives_headings_only(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "territory.duckdb").symlink_to(folder / "territory.duckdb")
    assert write_moves(tmp_path, "plan_other", AS_OF) == 0
    assert read_csv(tmp_path) == []
    assert openpyxl.load_workbook(tmp_path / "moves.xlsx")["Moves"].max_row == 1


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        (" \n=1+1", "' \n=1+1"),
        ("＝1+1", "'＝1+1"),
        ("Smith-Jones", "Smith-Jones"),
        ("'quoted'", "'quoted'"),
        (-5, -5),
        (None, None),
    ],
)
def test_only_texts_that_compute_are_neutralised(value: object, cell: object) -> None:
    assert neutralised(value) == cell
