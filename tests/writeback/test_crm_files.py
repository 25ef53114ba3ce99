"""The files for a CRM: ids as they are, formulas defused, the way back complete."""

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipelines.publish.tables_out import write_rows
from pipelines.writeback.account_team import write_team_files
from pipelines.writeback.changes import Change, CrmState, Desired, changes_between
from pipelines.writeback.files import system_of, write_crm_files
from pipelines.writeback.ids import normal_id
from pipelines.writeback.snapshot import Territories, landed_territories

A = [f"0015e000000000{n}AAA" for n in range(3)]
U = [f"0055e000000000{n}AAA" for n in range(2)]
T = [f"0MI5e000000000{n}AAA" for n in range(3)]
NO_HOLDOUTS = pl.DataFrame(schema={"opportunity_id": pl.String})


def book(accounts: list[str], before: list[Any], after: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "account_id": accounts,
            "account_name": ["=1+1"] * len(accounts),
            "rep_id": after,
            "rep_name": [f"Rep {rep}" for rep in after],
            "previous_rep_id": before,
            "territory_name": [None] * len(accounts),
        },
        schema_overrides=dict.fromkeys(("rep_id", "previous_rep_id", "territory_name"), pl.String),
    )


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def landed(folder: Path) -> Territories:
    """Two territories as Fivetran lands them, and the associations of two accounts and one user."""
    (folder / "territory_2.csv").write_text(f"id,name\n{T[0]},T-{U[0]}\n{T[1]},East\n")
    (folder / "object_territory_2_association.csv").write_text(
        "id,object_id,territory_2_id,association_cause,is_deleted\n"
        f"0MT1,{A[0]},{T[0]},Territory2Manual,false\n"
        f"0MT2,{A[1]},{T[0]},Territory2Manual,false\n"
        f"0MT3,{A[1]},{T[1]},Territory2AssignmentRule,false\n"
        f"0MT4,{A[2]},{T[0]},Territory2Manual,true\n"
    )
    (folder / "user_territory_2_association.csv").write_text(
        f"id,user_id,territory_2_id\n0MU1,{U[1]},{T[1]}\n"
    )
    return landed_territories(folder)


def test_salesforce_gets_the_difference_and_the_way_back(tmp_path: Path) -> None:
    assignment = book(A, [U[0], U[0], "VACANT-1"], [U[0], U[1], None])
    summary = write_crm_files(tmp_path, assignment, NO_HOLDOUTS, "salesforce", landed(tmp_path))
    crm = tmp_path / "crm"
    assert rows(crm / "account_owner.csv") == [["Id", "OwnerId"], [A[1], U[1]]]
    assert rows(crm / "object_territory_insert.csv") == [
        ["ObjectId", "Territory2Id", "AssociationCause"],
        [A[1], T[1], "Territory2Manual"],
    ]
    assert rows(crm / "object_territory_delete.csv")[1:] == [["0MT2", A[1], T[0]]]
    assert rows(crm / "user_territory_insert.csv")[1:] == [[U[0], T[0]]]
    assert rows(crm / "rollback" / "account_owner.csv")[1:] == [[A[1], U[0]]]
    assert rows(crm / "rollback" / "object_territory_insert.csv")[1:] == [
        [A[1], T[0], "Territory2Manual"]
    ]
    assert rows(crm / "not_written.csv")[1:] == [
        ["account_owner", A[2], "has no owner in the plan, and needs one"]
    ]
    assert json.loads((crm / "summary.json").read_text()) == summary
    assert summary["owners_changed"] == 1
    assert [
        (r["rep_id"], r["accounts_gained"], r["accounts_lost"]) for r in summary["affected"]
    ] == [
        (U[0], 0, 1),
        (U[1], 1, 0),
    ]


def test_hubspot_gets_owners_of_companies_and_may_clear_them(tmp_path: Path) -> None:
    assignment = book(["900", "901"], ["51", "51"], ["52", None])
    write_crm_files(tmp_path, assignment, NO_HOLDOUTS, "hubspot", Territories())
    assert rows(tmp_path / "crm" / "company_owner.csv") == [
        ["Record ID", "hubspot_owner_id"],
        ["900", "52"],
        ["901", ""],
    ]


def test_names_for_ids_are_defused_and_left_to_a_person(tmp_path: Path) -> None:
    accounts = ["=cmd|'/C calc'!A0", "Plain"]
    assert system_of(accounts, None) is None
    write_crm_files(tmp_path, book(accounts, ["-1", "B"], ["B", "B"]), NO_HOLDOUTS, None,
                    Territories())  # fmt: skip
    assert rows(tmp_path / "crm" / "account_owner_by_name.csv")[1:] == [
        ["'=cmd|'/C calc'!A0", "'=1+1", "'-1", "B", "Rep B"]
    ]


def test_the_form_of_all_ids_tells_the_crm() -> None:
    assert system_of(A, None) == "salesforce"
    assert system_of(["900", "901"], None) == "hubspot"
    assert system_of([*A, "Acme"], None) is None
    assert system_of(["Acme"], "salesforce") == "salesforce"
    # Salesforce's own example of the three letters that follow 15.
    assert normal_id("salesforce", "001A0000006Vm9r") == "001A0000006Vm9rIAC"


def test_only_ids_are_written_untouched(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["-7"], "name": ["-7"]})
    write_rows(frame, tmp_path / "x.csv", untouched=["id"])
    assert rows(tmp_path / "x.csv") == [["id", "name"], ["-7", "'-7"]]


ids = st.sampled_from("abc")
owners = st.dictionaries(ids, st.one_of(st.none(), st.sampled_from("xyz")), max_size=3)
links = st.dictionaries(
    st.tuples(st.just("object_territory"), ids, st.sampled_from("123")), st.booleans(), max_size=5
)


def apply(state: CrmState, changes: list[Change]) -> CrmState:
    held, standing = dict(state.owners), dict(state.links)
    for change in changes:
        if change.kind == "account_owner":
            assert held[change.subject_id] == change.before
            held[change.subject_id] = change.after
        elif change.verb == "insert":
            assert change.link not in standing
            standing[change.link] = f"new {change.link}"
        else:
            del standing[change.link]
    return CrmState(held, standing)


@given(owners, links, owners, links)
def test_after_the_changes_nothing_differs_and_reversed_they_restore(
    held: Any, stood: Any, wanted: Any, places: Any
) -> None:
    live = CrmState(held, {link: f"id {link}" for link, is_there in stood.items() if is_there})
    desired = Desired(wanted, places)
    changes = changes_between(live, desired)
    after = apply(live, changes)
    assert changes_between(after, desired) == []
    assert all(after.owners[a] == wanted[a] for a in wanted if a in held)
    restored = apply(after, [change.reverse() for change in reversed(changes)])
    assert restored.owners == live.owners
    assert restored.links.keys() == live.links.keys()


def teams(*changes: tuple[str, str, str | None, str | None]) -> pl.DataFrame:
    """account_id, overlay_rep_id, incumbent_overlay_rep_id, incumbent_member_id."""
    ids = ("account_id", "overlay_rep_id", "incumbent_overlay_rep_id", "incumbent_member_id")
    frame = pl.DataFrame(list(changes), schema=dict.fromkeys(ids, pl.String), orient="row")
    return frame.with_columns(
        overlay_role=pl.lit("Sales Engineer"), account_name=pl.lit("=1+1"), overlay_rep_name=ids[1]
    )


def test_account_teams_get_who_joins_and_who_leaves_and_the_way_back(tmp_path: Path) -> None:
    folder = tmp_path / "crm"
    folder.mkdir()
    member = "01M5e000000000AAAA"
    found = teams(
        (A[0][:15], U[0], None, None), (A[1], U[1], U[0], member), (A[2], U[1], U[1], member)
    )
    assert write_team_files(tmp_path, found, "salesforce") == 2
    heading = ["AccountId", "UserId", "TeamMemberRole"]
    joins = [[A[0], U[0], "Sales Engineer"], [A[1], U[1], "Sales Engineer"]]
    assert rows(folder / "account_team_insert.csv") == [heading, *joins]
    leaves = [["Id", "AccountId", "UserId"], [member, A[1], U[0]]]
    assert rows(folder / "account_team_delete.csv") == leaves
    back = folder / "rollback"
    put_back = [heading, [A[1], U[0], "Sales Engineer"]]
    assert rows(back / "account_team_insert.csv") == put_back
    taken_off = [leaves[0], ["", A[0], U[0]], ["", A[1], U[1]]]
    assert rows(back / "account_team_delete.csv") == taken_off


def test_account_teams_of_other_sources_are_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()
    found = teams(("ACME", "e1", None, None), ("=cmd", "e2", "e1", None))
    assert write_team_files(tmp_path, found, None) == 2
    told = rows(tmp_path / "crm" / "account_team_by_name.csv")
    assert [row[1] for row in told] == ["account_id", "'=cmd", "ACME"]
    assert not list((tmp_path / "crm").glob("account_team_insert*"))
    assert write_team_files(tmp_path, found.filter(account_id="none"), None) == 0
