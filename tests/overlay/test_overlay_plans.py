"""Teams, ratios, pods and eligibility of a second role, on books small enough to read."""

from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
import pytest

from optimization import PlanInputError, Policy, verify_plan
from optimization.audit.overlay import OVERLAY_RULES, verify_overlays
from optimization.overlay.seats import distances_km
from optimization.overlay.tables import OVERLAY_SCHEMAS, overlay_findings, overlay_tables
from tests.book.tiny_book import Tables, owned, rep, tables
from tests.overlay.tiny_overlays import Company, company, engineer, engineers, on_team

SEATS = {"seats": {"source": "ratio"}}


def line_of_reps(count: int, **columns: list[Any]) -> Tables:
    """Reps along a line with two accounts each, at their base."""
    places = [-100.0 + 2 * n for n in range(count)]
    own = [{name: values[n] for name, values in columns.items()} for n in range(count)]
    return tables(
        [
            owned(f"A{n}{side}", f"R{n}", longitude=place)
            for n, place in enumerate(places)
            for side in "ab"
        ],
        [rep(f"R{n}", longitude=place, **own[n]) for n, place in enumerate(places)],
    )


def solved(one: Company) -> dict[str, pl.DataFrame]:
    """The tables of all roles, each verified both ways."""
    planned = [one.planned(at) for at in range(len(one.policy.overlays))]
    for each in planned:
        problem = each.problem
        args = (problem.accounts, problem.reps, problem.overrides, problem.policy)
        assert verify_plan(*args, each.plan.tables()) == []
    frames = overlay_tables(planned)
    assert verify_overlays(one.audited, one.policy, frames) == []
    assert all(dict(frames[name].schema) == schema for name, schema in OVERLAY_SCHEMAS.items())
    return frames


def amounts(frames: dict[str, pl.DataFrame], metric: str) -> list[float]:
    return frames["plan_overlay_balance"].filter(metric=metric)["load_amount"].to_list()


@pytest.mark.parametrize(("ratio", "seats"), [(3, 3), (3.5, 2), (1, 7), (7, 1)])
def test_pods_of_the_ratio_cover_every_primary_rep_whole(ratio: float, seats: int) -> None:
    coverage = {"role": "SE", "coverage": {"primary_reps_per_seat": ratio}, **SEATS}
    frames = solved(company(line_of_reps(7), coverage))
    held = amounts(frames, "primary_reps")
    assert len(held) == seats
    assert sum(held) == 7
    assert max(held) <= np.ceil(ratio)
    (row,) = frames["plan_overlay_summary"].to_dicts()
    assert (row["seat_count"], row["seats_needed"], row["account_count"]) == (seats, seats, 14)
    assert row["is_proved_optimal"]
    assert row["statement"].startswith(f"SE: {seats} seat")
    assert f"the ratio of 1 to {ratio} asks for {seats}." in row["statement"]


def test_seats_are_based_as_no_other_choice_of_bases_is_nearer() -> None:
    book = line_of_reps(7)
    visits = [4.0, 30.0, 2.0, 9.0, 1.0, 25.0, 3.0]
    of_rep = pl.DataFrame({"incumbent_rep_id": [f"R{n}" for n in range(7)], "new": visits})
    accounts = book.accounts.join(of_rep, on="incumbent_rep_id", maintain_order="left")
    accounts = accounts.with_columns(visits_per_year="new").drop("new")
    book = Tables(accounts, book.reps, book.overrides)
    coverage = {"role": "SE", "coverage": {"primary_reps_per_seat": 3}, **SEATS}
    team = company(book, coverage).problem().reps
    away = distances_km(book.reps)
    weight = np.array(visits)

    def cost(bases: tuple[int, ...]) -> float:
        return float(weight @ away[:, list(bases)].min(axis=1))

    chosen = tuple(int(host[1:]) for host in team["base_rep_id"])
    assert cost(chosen) == pytest.approx(min(map(cost, combinations(range(7), 3))))
    assert team["rep_name"][0] == f"SE 1 near Rep {team['base_rep_id'][0]}"
    assert team["longitude"].to_list() == [-100.0 + 2 * at for at in chosen]


def test_a_role_that_follows_the_region_has_seats_in_each_and_stays_there() -> None:
    book = line_of_reps(5, region=["north", "south", "north", "south", "north"])
    follow = {"role": "SE", "coverage": {"primary_reps_per_seat": 4}, "follow": ["region"], **SEATS}
    frames = solved(company(book, follow))
    region = dict(book.reps.select("rep_id", "region").iter_rows())
    seats = frames["plan_overlay_balance"].select("overlay_rep_id", "region").unique()
    home = dict(seats.iter_rows())
    assert sorted(home.values()) == ["north", "south"]
    pairs = frames["plan_overlay_assignment"].select("primary_rep_id", "overlay_rep_id")
    assert all(region[primary] == home[seat] for primary, seat in pairs.iter_rows())


def test_reps_of_the_crm_fill_the_role_by_title_and_part_timers_cover_their_share() -> None:
    team = engineers(
        engineer("E1", role="Senior SALES ENGINEER II"),
        engineer("E2", fte_share=0.3, capacity_hours=300.0),
        engineer("C1", role="Customer Success Manager"),
    )
    overlay = {
        "role": "Sales Engineer",
        "coverage": {"primary_reps_per_seat": 3},
        "metrics": [{"metric": "hours", "tolerance_pct": 90}],
    }
    frames = solved(company(line_of_reps(4), overlay, reps=team))
    balance = frames["plan_overlay_balance"].filter(metric="primary_reps")
    assert dict(balance.select("overlay_rep_id", "load_amount").iter_rows()) == {"E1": 3, "E2": 1}
    (row,) = frames["plan_overlay_summary"].to_dicts()
    assert (row["seat_source"], row["seat_count"], row["seats_needed"]) == ("crm", 2, 2)


def test_too_few_people_for_the_ratio_are_told_and_share_the_excess() -> None:
    overlay = {
        "role": "Sales Engineer",
        "coverage": {"primary_reps_per_seat": 2},
        "metrics": [{"metric": "hours", "tolerance_pct": 50}],
    }
    one = company(
        line_of_reps(6),
        overlay,
        reps=engineers(
            engineer("E1", capacity_hours=90.0),
            engineer("E2", capacity_hours=90.0, longitude=-92.0),
        ),
    )
    planned = one.planned()
    frames = overlay_tables([planned])
    assert verify_overlays(one.audited, one.policy, frames) == []
    (row,) = frames["plan_overlay_summary"].to_dicts()
    assert row["relaxed_limits"] > 0
    assert (row["seat_count"], row["seats_needed"]) == (2, 3)
    assert "had to give way" in row["statement"]
    found = overlay_findings([planned])
    assert found["rule"].str.starts_with("overlay_").all()
    assert found["message"].str.starts_with("overlay Sales Engineer: ").all()
    said = " ".join(frames["plan_overlay_balance"]["statement"].drop_nulls())
    assert "primary reps per seat" in said
    assert "exceeds the capacity of Rep E1" in said


def test_who_is_on_the_team_today_stays_where_moving_gains_nothing() -> None:
    """The far engineer keeps an account that costs less to travel to than to hand over."""
    book = tables(
        [owned("A1", "R1"), owned("A2", "R1"), owned("A3", "R2"), owned("A4", "R2")],
        [rep("R1"), rep("R2")],
    )
    overlay = {
        "role": "Sales Engineer",
        "unit": "account",
        "coverage": {"accounts_per_seat": 3},
        "metrics": [{"metric": "account_count", "tolerance_pct": 50}],
    }
    team = engineers(engineer("E1"), engineer("E2"))
    members = on_team(A1="E2", A2="E1", A4="E2")
    frames = solved(company(book, overlay, reps=team, members=members))
    rows = frames["plan_overlay_assignment"]
    own = dict(rows.select("account_id", "overlay_rep_id").iter_rows())
    assert {name: own[name] for name in ("A1", "A2", "A4")} == {"A1": "E2", "A2": "E1", "A4": "E2"}
    assert rows["is_new_assignment"].to_list() == [False, False, True, False]
    (row,) = frames["plan_overlay_summary"].to_dicts()
    assert (row["moved_accounts"], row["kept_accounts"], row["new_accounts"]) == (0, 3, 1)


def test_specialists_cover_what_they_know_and_hours_follow_the_factors() -> None:
    book = tables(
        [
            owned("A1", "R1", industry="health", segment="big"),
            owned("A2", "R1", industry="energy"),
            owned("A3", "R1", industry="health"),
            owned("A4", "R1", segment="tiny"),
        ],
        [rep("R1")],
    )
    overlay = {
        "role": "Specialist",
        "unit": "account",
        "accounts": {"segment": ["big", "mid"]},
        "coverage": {"hours_per_seat": 200},
        "work": {
            "share_of_service_hours": 0.2,
            "hours_per_account": 5,
            "factors": [{"accounts": {"segment": ["big"]}, "factor": 2}],
        },
        "metrics": [{"metric": "hours", "tolerance_pct": 90}],
        "eligibility": [{"name": "knows the industry", "same": ["industry_skill"]}],
    }
    team = engineers(
        engineer("H", role="Health Specialist", skill_industries="health"),
        engineer("E", role="Energy Specialist", skill_industries="energy"),
    )
    rows = solved(company(book, overlay, reps=team))["plan_overlay_assignment"]
    assert dict(rows.select("account_id", "overlay_rep_id").iter_rows()) == {
        "A1": "H",
        "A2": "E",
        "A3": "H",
    }
    assert rows["service_hours"].to_list() == [45.0, 25.0, 25.0]


def test_reasons_speak_of_coverage_and_of_no_margin() -> None:
    one = company(
        line_of_reps(3), {"role": "SE", "coverage": {"primary_reps_per_seat": 2}, **SEATS}
    )
    reasons = solved(one)["plan_overlay_assignment"]["reason"].to_list()
    for reason in reasons:
        assert reason.startswith("Nobody of the role covers it today; SE ")
        assert "margin" not in reason
        assert "Travel costs USD" in reason


def test_a_role_that_nobody_fills_is_refused_with_what_to_do() -> None:
    overlay = {"role": "Sales Engineer", "coverage": {"primary_reps_per_seat": 3}}
    team = engineers(engineer("C1", role="Success Manager"))
    with pytest.raises(PlanInputError, match=r"overlay Sales Engineer: no overlay rep has a title"):
        company(line_of_reps(2), overlay, reps=team).problem()
    with pytest.raises(PlanInputError, match="titles of overlay reps: Success Manager"):
        company(line_of_reps(2), overlay, reps=team).problem()


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"coverage": {}}, "give one of primary_reps_per_seat"),
        ({"coverage": {"primary_reps_per_seat": 3, "accounts_per_seat": 9}}, "give one of"),
        ({"unit": "account", "metrics": [{"metric": "primary_reps"}]}, "counts pods"),
        ({"metrics": [{"metric": "hours"}, {"metric": "hours"}]}, "hours more than once"),
        ({"eligibility": [{"name": "x", "same": ["industry_skill"]}]}, "set unit: account"),
        ({"metrics": [{"metric": "hours", "soft_tolerance_pct": 20}]}, "must not exceed"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    block: dict[str, Any], message: str
) -> None:
    overlay = {"role": "SE", "coverage": {"primary_reps_per_seat": 3}} | block
    with pytest.raises(ValueError, match=message):
        Policy.model_validate({"overlays": [overlay]})


def test_a_role_stands_once() -> None:
    overlay = {"role": "SE", "coverage": {"primary_reps_per_seat": 3}}
    with pytest.raises(ValueError, match="overlays lists SE more than once"):
        Policy.model_validate({"overlays": [overlay, overlay]})


# How to spoil a sound table, and the rule that must notice.
SPOILED = {
    "overlay_coverage": ("plan_overlay_assignment", lambda f: f.head(f.height - 1)),
    "overlay_team": (
        "plan_overlay_balance",
        lambda f: f.filter(pl.col("overlay_rep_id") != "E2"),
    ),
    "overlay_pod": (
        "plan_overlay_assignment",
        lambda f: f.with_columns(_first("overlay_rep_id", other="E2")),
    ),
    "overlay_ratio": (
        "plan_overlay_assignment",
        lambda f: f.with_columns(overlay_rep_id=pl.lit("E1")),
    ),
    "overlay_eligibility": (
        "plan_overlay_assignment",
        lambda f: f.with_columns(
            overlay_rep_id=pl.col("overlay_rep_id").replace({"E1": "E2", "E2": "E1"})
        ),
    ),
    "overlay_hours": (
        "plan_overlay_assignment",
        lambda f: f.with_columns(_first("service_hours", other=1.0)),
    ),
    "overlay_moves": (
        "plan_overlay_assignment",
        lambda f: f.with_columns(_first("is_moved", other=True)),
    ),
    "overlay_balance": (
        "plan_overlay_balance",
        lambda f: f.with_columns(pl.col("load_amount") + 1),
    ),
    "overlay_certificate": (
        "plan_overlay_summary",
        lambda f: f.with_columns(pl.col("objective_usd") - 5),
    ),
}


def _first(column: str, other: object) -> pl.Expr:
    first = pl.int_range(pl.len()) == 0
    return pl.when(first).then(pl.lit(other)).otherwise(pl.col(column)).alias(column)


@pytest.fixture(scope="module")
def sound() -> tuple[Company, dict[str, pl.DataFrame]]:
    book = line_of_reps(4, region=["north", "north", "south", "south"])
    team = engineers(engineer("E1", region="north"), engineer("E2", region="south"))
    overlay = {
        "role": "Sales Engineer",
        "coverage": {"primary_reps_per_seat": 2},
        "follow": ["region"],
    }
    one = company(book, overlay, reps=team, members=on_team(A0a="E1"))
    return one, solved(one)


@pytest.mark.parametrize("rule", OVERLAY_RULES)
def test_the_verifier_notices_what_is_wrong(
    rule: str, sound: tuple[Company, dict[str, pl.DataFrame]]
) -> None:
    one, frames = sound
    table, spoil = SPOILED[rule]
    found = verify_overlays(one.audited, one.policy, frames | {table: spoil(frames[table])})
    assert rule in {violation.rule for violation in found}
    assert all(violation.message for violation in found)
