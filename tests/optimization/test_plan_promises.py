"""What every plan promises, whatever the book: repeatable, inside its bands, explained."""

import re
from typing import Any

import polars as pl
import pytest
from synthetic import make_book

from optimization import (
    Infeasible,
    Plan,
    PlanInputError,
    Policy,
    plan_territories,
    verify_plan,
)
from optimization.errors import SolverError
from optimization.report.result import (
    ASSIGNMENT_SCHEMA,
    FINDING_SCHEMA,
    METRIC_SCHEMA,
    SUMMARY_SCHEMA,
    TARGET_SCHEMA,
)
from tests.book.tiny_book import Tables, account, override, owned, rep
from tests.book.tiny_book import tables as book

WIDE: dict[str, Any] = {
    "metrics": [
        {"metric": "hours", "tolerance_pct": 50},
        {"metric": "potential", "tolerance_pct": 60},
    ]
}


def planned(tables: Tables, **settings: Any) -> Plan:
    """The plan, after the verifier found nothing wrong with it."""
    policy = Policy.model_validate(settings)
    plan = plan_territories(tables.accounts, tables.reps, tables.overrides, policy)
    assert verify_plan(tables.accounts, tables.reps, tables.overrides, policy, plan.tables()) == []
    assert gap_adds_up(plan)
    return plan


def gap_adds_up(plan: Plan) -> bool:
    row = plan.summary.row(0, named=True)
    objective, bound = row["objective_usd"], row["bound_usd"]
    gap = 100 * (objective - bound) / objective if objective > 0 else 0.0
    return (
        0 <= bound <= objective
        and row["regret_usd"] == pytest.approx(objective - bound, abs=0.005)
        and row["optimality_gap_pct"] == pytest.approx(gap, abs=1e-5)
    )


def same(one: Plan, other: Plan) -> bool:
    return all(
        getattr(one, table).equals(getattr(other, table))
        for table in ("assignment", "summary", "targets", "metrics", "findings")
    )


def owners(plan: Plan) -> dict[str, str]:
    return dict(plan.assignment.select("account_id", "rep_id").iter_rows())


def findings(plan: Plan) -> set[str]:
    return set(plan.findings["rule"])


@pytest.fixture(scope="module")
def company() -> Tables:
    """180 accounts, 6 reps, heavy tails."""
    return make_book(180, 6, seed=4)


@pytest.fixture(scope="module")
def company_plan(company: Tables) -> Plan:
    return planned(company)


class TestRepeatable:
    def test_the_order_of_rows_and_columns_means_nothing(
        self, company: Tables, company_plan: Plan
    ) -> None:
        def turned(table: pl.DataFrame) -> pl.DataFrame:
            rows = table.sample(fraction=1.0, shuffle=True, seed=9)
            return rows.select(reversed(table.columns))

        assert company_plan.summary["is_repeatable"][0]
        again = Tables(turned(company.accounts), turned(company.reps), company.overrides)
        assert same(planned(again), company_plan)

    def test_the_order_of_overrides_means_nothing(self) -> None:
        accounts = [owned(f"A{i}", f"R{i % 2}", actual_sales_usd=900.0) for i in range(8)]
        rows = [override("A0", "lock"), override("A1", "forbid", "R1"), override("A2", "lock")]
        reps = [rep("R0"), rep("R1", latitude=41.9)]
        plan = planned(book(accounts, reps, rows), **WIDE)
        assert same(planned(book(accounts, reps, rows[::-1]), **WIDE), plan)


class TestCompany:
    def test_frames_have_the_promised_columns(self, company: Tables, company_plan: Plan) -> None:
        assert company_plan.assignment.schema == pl.Schema(ASSIGNMENT_SCHEMA)
        assert company_plan.summary.schema == pl.Schema(SUMMARY_SCHEMA)
        assert company_plan.targets.schema == pl.Schema(TARGET_SCHEMA)
        assert company_plan.metrics.schema == pl.Schema(METRIC_SCHEMA)
        assert company_plan.findings.schema == pl.Schema(FINDING_SCHEMA)
        assert company_plan.summary.height == 1
        assert company_plan.assignment["account_id"].is_sorted()
        assert company_plan.assignment.height == company.accounts.height
        assert company_plan.targets.height == 4 * company.reps.height
        assert company_plan.metrics["metric"].to_list() == [
            "hours",
            "potential",
            "sales",
            "account_count",
        ]

    @pytest.mark.parametrize("metric", ["hours", "potential"])
    def test_loads_are_in_their_bands(
        self, company: Tables, company_plan: Plan, metric: str
    ) -> None:
        """Summed from the tables; a territory with a giant may hold more, and says how much."""
        column = {"hours": "service_hours", "potential": "potential_usd"}[metric]
        load = dict(
            company_plan.assignment.select("account_id", "rep_id")
            .join(company.accounts, on="account_id")
            .group_by("rep_id")
            .agg(pl.col(column).sum())
            .iter_rows()
        )
        rows = company_plan.targets.filter(metric=metric).to_dicts()
        assert len(rows) == 6
        for row in rows:
            slack = (row["relaxation_pct"] / 100 + 2e-6) * row["target"]
            ceiling = row["upper_limit"] + row["giant_excess"] + slack
            assert row["lower_limit"] - slack <= load[row["rep_id"]] <= ceiling, row
            assert row["lower_limit"] == pytest.approx(0.95 * row["target"])
            assert row["upper_limit"] == pytest.approx(1.05 * row["target"])

    def test_it_fits_without_widening_a_band(self, company_plan: Plan) -> None:
        assert company_plan.targets["relaxation_pct"].sum() == 0
        assert "band_relaxed" not in findings(company_plan)

    def test_the_gap_is_small(self, company_plan: Plan) -> None:
        assert company_plan.summary["optimality_gap_pct"][0] <= 0.5

    def test_the_summary_is_the_sum_of_its_accounts(self, company_plan: Plan) -> None:
        row = company_plan.summary.row(0, named=True)
        margin = Policy().response.contribution_margin
        total = company_plan.assignment.select(pl.col(pl.Float64).sum()).row(0, named=True)
        assert row["objective_usd"] > 0
        assert row["expected_value_usd"] == pytest.approx(total["value_usd"], abs=0.05)
        assert row["travel_cost_usd"] == pytest.approx(total["travel_cost_usd"], abs=0.05)
        lost = margin * total["disruption_loss_usd"]
        assert row["disruption_cost_usd"] == pytest.approx(lost, abs=0.05)
        assert row["fit_cost_usd"] == pytest.approx(margin * total["fit_loss_usd"], abs=0.05)

    def test_every_owner_is_explained(self, company: Tables, company_plan: Plan) -> None:
        rows = company_plan.assignment
        name = dict(company.reps.select("rep_id", "rep_name").iter_rows())
        assert rows["reason_code"].null_count() == 0
        assert rows["reason"].str.ends_with(".").all()
        unnamed = [row for row in rows.to_dicts() if name[row["rep_id"]] not in row["reason"]]
        assert unnamed == []
        moves = rows.filter("is_moved")
        assert moves.height > 0
        assert set(moves["reason_code"]) <= {
            "moved_with_family",
            "moved_for_travel",
            "moved_for_fit",
            "moved_for_balance",
        }
        kept = rows.filter(pl.col("incumbent_rep_id") == pl.col("rep_id"))
        assert set(kept["reason_code"]) <= {"kept_least_cost", "kept_for_balance"}
        assert set(rows.filter("is_forced_move")["reason_code"]) <= {"forced_move"}
        assert set(rows.filter("is_new_assignment")["reason_code"]) <= {"new_assignment"}

    def test_every_account_has_a_runner_up(self, company_plan: Plan) -> None:
        rows = company_plan.assignment
        assert rows["runner_up_rep_id"].null_count() == 0
        assert (rows["runner_up_rep_id"] != rows["rep_id"]).all()
        assert rows["runner_up_delta_usd"].min() >= 0
        assert rows["runner_up_delta_usd"].max() > 0

    def test_flags_tell_who_changes(self, company_plan: Plan) -> None:
        rows = company_plan.assignment
        flags = rows.select("is_moved", "is_forced_move", "is_new_assignment")
        assert flags.sum_horizontal().max() == 1
        assert flags.sum().row(0) > (0, 0, 0)

    def test_floors_do_not_exceed_what_was_reached(self, company: Tables) -> None:
        """Without giants every floor is a true lower bound on the plan's largest deviation."""
        small = Tables(
            company.accounts.with_columns(pl.col("potential_usd").clip(0, 60_000)),
            company.reps,
            company.overrides,
        )
        plan = planned(small)
        columns = {"hours": "service_hours", "potential": "potential_usd"}
        loads = plan.assignment.select("account_id", "rep_id").join(small.accounts, on="account_id")
        for metric, column in columns.items():
            load = dict(loads.group_by("rep_id").agg(pl.col(column).sum()).iter_rows())
            rows = plan.targets.filter(metric=metric).to_dicts()
            assert all(row["giant_excess"] == 0 for row in rows)
            worst = max(abs(load[row["rep_id"]] / row["target"] - 1) for row in rows)
            floor = plan.metrics.filter(metric=metric)["floor_pct"][0]
            assert 0 <= floor <= 100 * worst + 1e-4

    def test_progress_is_told_from_start_to_end(self, company: Tables) -> None:
        told: list[tuple[str, int, int]] = []
        tables = book([account("A0"), account("A1")], [rep("R0"), rep("R1")])
        plan_territories(
            tables.accounts,
            tables.reps,
            tables.overrides,
            Policy(),
            progress=lambda *step: told.append(step),
        )
        assert told[0][1] == 0
        assert told[-1][1] == told[-1][2]
        assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


class TestUnusualBooks:
    def test_no_accounts(self) -> None:
        plan = planned(book([], [rep("R0"), rep("R1")]))
        assert plan.assignment.height == 0
        assert plan.summary["objective_usd"][0] == 0
        assert plan.summary["optimality_gap_pct"][0] == 0
        assert plan.targets["target"].sum() == 0

    def test_no_accounts_and_no_reps(self) -> None:
        plan = planned(book([], []))
        assert plan.assignment.height == plan.targets.height == 0

    def test_accounts_without_any_rep_are_refused(self) -> None:
        with pytest.raises(PlanInputError, match="no active rep or vacant seat"):
            planned(book([account("A0")], []))

    def test_one_rep_gets_everything(self) -> None:
        plan = planned(book([account(f"A{i}") for i in range(5)], [rep("R0")]))
        assert set(owners(plan).values()) == {"R0"}
        assert plan.summary["is_proved_optimal"][0]
        assert plan.assignment["runner_up_rep_id"].null_count() == 5
        assert plan.assignment["runner_up_delta_usd"].null_count() == 5
        assert set(plan.assignment["reason_code"]) == {"only_eligible"}

    def test_no_coordinates_anywhere(self) -> None:
        nowhere = {"latitude": None, "longitude": None}
        accounts = [
            owned(f"A{i}", f"R{i % 2}", actual_sales_usd=500.0, **nowhere) for i in range(6)
        ]
        plan = planned(book(accounts, [rep("R0", **nowhere), rep("R1", **nowhere)]), **WIDE)
        assert plan.summary["travel_cost_usd"][0] == 0
        assert plan.assignment["travel_hours"].to_list() == [0.0] * 6
        assert {"account_without_coordinates", "rep_without_base"} <= findings(plan)
        assert plan.assignment["is_moved"].sum() == 0

    def test_a_rep_without_base_travels_as_the_others_do_on_average(self) -> None:
        accounts = [account(f"A{i}", latitude=40.0 + i / 4) for i in range(4)]
        homeless = rep("R2", latitude=None, longitude=None)
        reps = [rep("R0"), rep("R1", latitude=41.9, longitude=-87.6), homeless]
        hours = {}
        for rep_id in ("R0", "R1", "R2"):
            held = [override("A0", "assign", rep_id)]
            plan = planned(book(accounts, reps, held), metrics=[])
            hours[rep_id] = plan.assignment.filter(account_id="A0")["travel_hours"][0]
        assert hours["R0"] != hours["R1"]
        assert hours["R2"] == pytest.approx((hours["R0"] + hours["R1"]) / 2, abs=2e-6)

    def test_identical_accounts_are_shared_out_evenly(self) -> None:
        accounts = [account(f"A{i:02d}") for i in range(12)]
        plan = planned(book(accounts, [rep("R0"), rep("R1"), rep("R2")]))
        counts = plan.assignment["rep_id"].value_counts().sort("rep_id")["count"]
        assert counts.to_list() == [4, 4, 4]
        assert plan.summary["is_proved_optimal"][0]

    def test_everything_owned_by_one_rep_is_dealt_out(self) -> None:
        accounts = [owned(f"A{i}", "R0", actual_sales_usd=800.0) for i in range(8)]
        plan = planned(book(accounts, [rep("R0"), rep("R1")]))
        assert sorted(owners(plan).values()) == ["R0"] * 4 + ["R1"] * 4
        assert plan.assignment["is_moved"].sum() == 4
        assert plan.summary["disruption_cost_usd"][0] > 0

    def test_missing_incumbents_cost_no_disruption(self) -> None:
        accounts = [
            account("A0", actual_sales_usd=900.0),
            account("A1", owner_rep_id="R9", actual_sales_usd=900.0),
            account("A2", owner_rep_id="R9", incumbent_rep_id="R9", actual_sales_usd=900.0),
            account("A3", actual_sales_usd=900.0),
        ]
        plan = planned(book(accounts, [rep("R0"), rep("R1")]))
        rows = plan.assignment
        assert rows["is_forced_move"].to_list() == [False, True, True, False]
        assert rows["is_new_assignment"].to_list() == [True, False, False, True]
        assert rows["incumbent_rep_id"].null_count() == 4
        assert plan.summary["disruption_cost_usd"][0] == 0
        assert rows["current_travel_hours"].null_count() == 4

    def test_amounts_of_zero_everywhere(self) -> None:
        zero = {"service_hours": 0.0, "potential_usd": 0.0, "visits_per_year": 0.0}
        plan = planned(book([account(f"A{i}", **zero) for i in range(3)], [rep("R0"), rep("R1")]))
        assert plan.summary["objective_usd"][0] == 0
        assert plan.summary["is_proved_optimal"][0]

    def test_a_giant_leaves_its_owner_a_whole_band(self) -> None:
        """One account of 20 times the rest: reported, not allowed to starve the other rep."""
        accounts = [account(f"A{i}", potential_usd=1_000.0) for i in range(8)]
        accounts.append(account("A8", potential_usd=40_000.0))
        band = [{"metric": "potential", "tolerance_pct": 20}]
        plan = planned(book(accounts, [rep("R0"), rep("R1")]), metrics=band)
        excess = dict(
            plan.targets.filter(metric="potential").select("rep_id", "giant_excess").iter_rows()
        )
        home = owners(plan)["A8"]
        assert excess[home] > 0
        assert plan.targets["relaxation_pct"].sum() == 0
        assert [value for rep_id, value in excess.items() if rep_id != home] == [0.0]

    def test_a_hopeless_band_is_widened_and_said(self) -> None:
        """Three equal accounts, two reps: one of them gets two thirds."""
        tables = book([account(f"A{i}") for i in range(3)], [rep("R0"), rep("R1")])
        plan = planned(tables, metrics=[{"metric": "hours", "tolerance_pct": 5}])
        widened = plan.targets.filter(metric="hours")["relaxation_pct"]
        assert widened.to_list() == pytest.approx([100 / 3 - 5] * 2, abs=1e-3)
        assert "band_relaxed" in findings(plan)
        assert plan.metrics.filter(metric="hours")["floor_pct"][0] <= 100 / 3
        with pytest.raises(
            Infeasible, match=r"hours of Rep R0: upper limit raised by 28\.3 points"
        ):
            planned(tables, metrics=[{"metric": "hours", "tolerance_pct": 5}], on_infeasible="stop")


class TestOverrides:
    ACCOUNTS = (
        owned("A0", "R0", actual_sales_usd=500.0),
        owned("A1", "R0", family_id="A0", actual_sales_usd=900.0),
        owned("A2", "R1"),
        account("A3"),
    )

    def tables(self, *rows: dict[str, Any], **columns: Any) -> Tables:
        return book(list(self.ACCOUNTS), [rep("R0"), rep("R1")], list(rows))

    def test_nobody_may_own_an_account(self) -> None:
        tables = self.tables(override("A3", "forbid", "R0"), override("A3", "forbid", "R1"))
        with pytest.raises(Infeasible, match="A3 is allowed to no rep") as error:
            planned(tables, on_infeasible="stop", **WIDE)
        assert any("A3" in limit for limit in error.value.limits)
        plan = planned(tables, **WIDE)
        assert "eligibility_waived" in findings(plan)
        assert plan.findings.filter(rule="eligibility_waived")["record_id"].to_list() == ["A3"]

    def test_rules_that_leave_nobody_are_waived_and_named(self) -> None:
        rule = {"name": "moon", "accounts": {"account_id": ["A3"]}, "reps": {"region": ["moon"]}}
        plan = planned(self.tables(), eligibility=[rule], **WIDE)
        assert plan.findings.filter(rule="eligibility_waived")["record_id"].to_list() == ["A3"]
        with pytest.raises(Infeasible, match="A3"):
            planned(self.tables(), eligibility=[rule], on_infeasible="stop", **WIDE)

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ([("A2", "assign", "R0"), ("A2", "assign", "R1")], "account A2.*keep one"),
            ([("A2", "lock", None), ("A2", "assign", "R0")], "account A2 is locked to R1"),
            ([("A2", "lock", None), ("A2", "forbid", "R1")], "A2 is held with rep R1"),
            ([("A2", "assign", "R0"), ("A2", "forbid", "R0")], "A2 is held with rep R0"),
            ([("A0", "assign", "R0"), ("A1", "assign", "R1")], "family A0 is assigned to"),
            ([("A2", "assign", "R7")], r"row 1 \(account A2, assign\): rep R7"),
            ([("A2", "assign", None)], r"row 1 \(account A2\): action assign needs a rep_id"),
            ([("A2", "give", "R1")], r"row 1 \(account A2\): unknown action 'give'"),
        ],
    )
    def test_contradictions_are_refused_by_name(
        self, rows: list[tuple[str, str, str | None]], message: str
    ) -> None:
        with pytest.raises(PlanInputError, match=message):
            planned(self.tables(*(override(*row) for row in rows)))

    @pytest.mark.parametrize(
        ("row", "rule"),
        [
            (("A3", "lock", None), "lock_without_incumbent"),
            (("A9", "lock", None), "override_unknown_account"),
            (("A3", "forbid", "R7"), "override_unknown_rep"),
        ],
    )
    def test_rows_without_effect_are_reported(
        self, row: tuple[str, str, str | None], rule: str
    ) -> None:
        plan = planned(self.tables(override(*row)), **WIDE)
        found = plan.findings.filter(rule=rule)
        assert found["record_id"].to_list() == [row[0]]
        assert found["severity"].to_list() == ["warning"]

    def test_a_lock_holds_the_whole_family(self) -> None:
        plan = planned(self.tables(override("A1", "lock")), **WIDE)
        assert owners(plan)["A0"] == owners(plan)["A1"] == "R0"
        assert plan.assignment["is_locked"].to_list() == [True, True, False, False]

    def test_an_assignment_moves_the_whole_family(self) -> None:
        plan = planned(self.tables(override("A1", "assign", "R1")), **WIDE)
        assert owners(plan)["A0"] == owners(plan)["A1"] == "R1"
        assert plan.assignment["is_moved"].to_list()[:2] == [True, True]
        assert plan.assignment["reason_code"].to_list()[:2] == ["assigned"] * 2

    def test_families_may_be_split_where_the_policy_says_so(self) -> None:
        plan = planned(
            self.tables(override("A1", "assign", "R1"), override("A0", "assign", "R0")),
            keep_families_together=False,
            **WIDE,
        )
        assert (owners(plan)["A0"], owners(plan)["A1"]) == ("R0", "R1")

    def test_a_lock_beats_an_eligibility_rule_and_says_so(self) -> None:
        rule = {"name": "only R0", "accounts": {"account_id": ["A2"]}, "reps": {"rep_id": ["R0"]}}
        plan = planned(self.tables(override("A2", "lock")), eligibility=[rule], **WIDE)
        assert owners(plan)["A2"] == "R1"
        assert "lock_outside_eligibility" in findings(plan)

    def test_locks_of_one_family_to_several_reps_follow_the_larger_sales(self) -> None:
        accounts = [
            owned("A0", "R0", actual_sales_usd=500.0),
            owned("A1", "R1", family_id="A0", actual_sales_usd=900.0),
            account("A2"),
        ]
        rows = [override("A0", "lock"), override("A1", "lock")]
        plan = planned(book(accounts, [rep("R0"), rep("R1")], rows), **WIDE)
        assert owners(plan)["A0"] == owners(plan)["A1"] == "R1"
        assert "family_locked_to_several" in findings(plan)

    def test_a_lock_rule_keeps_young_relationships(self) -> None:
        accounts = [owned(f"A{i}", "R0", tenure_months=float(3 * i)) for i in range(6)]
        rule = {"name": "young", "tenure_months_below": 6}
        plan = planned(book(accounts, [rep("R0"), rep("R1")]), locks=[rule], **WIDE)
        assert plan.assignment["is_locked"].to_list() == [True, True] + [False] * 4
        assert owners(plan)["A0"] == owners(plan)["A1"] == "R0"


class TestBadTables:
    @pytest.mark.parametrize(
        ("columns", "message"),
        [
            ({"service_hours": -1.0}, "account A1: service_hours"),
            ({"service_hours": None}, "account A1: service_hours"),
            ({"potential_usd": float("inf")}, "account A1: potential_usd"),
            ({"latitude": 95.0}, "account A1: coordinates"),
        ],
    )
    def test_impossible_amounts_name_the_account(
        self, columns: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(PlanInputError, match=re.escape(message)):
            planned(book([account("A0"), account("A1", **columns)], [rep("R0")]))

    def test_a_pace_of_zero_names_the_rep(self) -> None:
        with pytest.raises(PlanInputError, match="rep R0: experience_multiplier"):
            planned(book([account("A0")], [rep("R0", experience_multiplier=0.0)]))

    def test_a_key_that_stands_twice_is_refused(self) -> None:
        with pytest.raises(PlanInputError, match="account_id A0 stands 2 times"):
            planned(book([account("A0"), account("A0")], [rep("R0")]))

    def test_a_missing_column_is_named(self) -> None:
        tables = book([account("A0")], [rep("R0")])
        with pytest.raises(PlanInputError, match="int_plan__account: column potential_usd"):
            planned(Tables(tables.accounts.drop("potential_usd"), tables.reps, tables.overrides))

    def test_numbers_a_solver_would_mistreat_are_refused(self) -> None:
        """HiGHS drops whole constraints from 1e15 on."""
        accounts = [account("A0", service_hours=1e16)] + [
            account(f"A{i}", service_hours=1e-6) for i in range(1, 4)
        ]
        reps = [rep("R0"), rep("R1", capacity_hours=1e-3)]
        rows = [override("A0", "assign", "R1")]
        with pytest.raises(SolverError, match="check the accounts' hours"):
            planned(book(accounts, reps, rows))
