"""Everything the report shows as one document of plain values, read from published tables."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.report import wording
from pipelines.report.accounts import (
    DETAILED_ACCOUNTS,
    KEPT,
    account_columns,
    cells,
    listed,
    with_change,
)
from pipelines.report.columns import records
from pipelines.report.headcount import headcount
from pipelines.report.outlines import load_outlines
from pipelines.report.projection import Frame, frame_of
from pipelines.report.tables import Tables
from pipelines.report.territories import (
    COLOURS,
    level_rows,
    load_rows,
    rep_rows,
    territory_columns,
)
from pipelines.report.views import views

UNASSIGNED = "UNASSIGNED"


# What `headline` reads; nothing with a row for each account.
HEADLINE_TABLES = ("plan", "balance", "load", "kpi_rollup")


@dataclass(frozen=True)
class Headline:
    """The top of the report, in words."""

    title: str
    subtitle: str
    sentences: tuple[str, ...]
    cards: tuple[dict[str, str], ...]


def headline(tables: Tables, company: str, as_of: object) -> Headline:
    """What the plan does, and how good it is known to be.

    tables: at least `HEADLINE_TABLES`.
    """
    versions = {row["plan_version"]: row for row in tables["plan"].to_dicts()}
    proposed = versions["proposed"]
    current = versions.get("current", dict.fromkeys(proposed))
    rows = tables["kpi_rollup"].filter(pl.col("level") == "company").to_dicts()
    team = {row["plan_version"]: row for row in rows}
    sentences = (
        wording.changes_sentence(proposed),
        *wording.balance_sentences(tables["balance"], tables["load"]),
        wording.capacity_sentence(team.get("current"), team.get("proposed")),
        wording.certificate(proposed),
        wording.in_force(proposed),
    )
    return Headline(
        title=company,
        subtitle=(
            f"Territory plan of {as_of} · {wording.number(proposed['account_count'])} accounts, "
            f"{wording.number(proposed['rep_count'])} reps · scenario {proposed['scenario']}"
        ),
        sentences=tuple(sentence for sentence in sentences if sentence),
        cards=tuple(wording.cards(current, proposed, team)),
    )


def content(tables: Tables, scenarios: pl.DataFrame) -> dict[str, Any]:
    """The data of the report, ready for JSON.

    Args:
        scenarios: `kpi_plan` rows of scenarios in other releases, to compare with; may be empty.
    """
    accounts = with_change(tables["account"])
    frame = frame_of(
        accounts["longitude"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        accounts["latitude"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
    )
    reps = tables["rep"]
    rep_ids = reps["rep_id"].to_list()
    territory_ids = [*reps["territory_id"].to_list(), UNASSIGNED]
    shown = listed(accounts)
    planned = pl.concat([tables["plan_of_scenario"], scenarios], how="diagonal_relaxed")
    return {
        "reps": rep_rows(reps, accounts, frame),
        "colours": list(COLOURS),
        "territories": territory_columns(tables["territory"], territory_ids),
        "loads": load_rows(tables["load"], territory_ids),
        "levels": level_rows(tables["kpi_level_balance"]),
        "balance": records(tables["balance"]),
        "accounts": account_columns(shown, rep_ids, frame, tables["owner"]),
        "counts": {
            "accounts": len(accounts),
            "changes": int((accounts["change"] != KEPT).sum()),
            "listed": len(shown),
            "listed_changes": int((shown["change"] != KEPT).sum()),
        },
        "reasons": reasons(accounts),
        "cells": cells(accounts, rep_ids, frame) if len(accounts) > DETAILED_ACCOUNTS else [],
        "map": map_lines(frame),
        "views": views(tables, tables["metric"]),
        "history": records(tables["history"]),
        "frontier": records(tables["kpi_frontier"]),
        "headcount": headcount(tables["kpi_headcount"]),
        "overlays": records(tables["kpi_overlay"]),
        "overlay_reps": records(tables["overlay_rep"]),
        "bindings": bindings(tables["binding"], tables["kpi_level_balance"]),
        "findings": records(tables["finding"]),
        "quarantine": records(tables["quarantine"]),
        "files": records(tables["load_of_file"]),
        "checks": records(tables["check"]),
        "metrics": [
            row
            for row in records(tables["metric"])
            if row["table_name"].startswith(("kpi_", "plan_"))
        ],
        "scenarios": records(planned) if len(planned) > 1 else [],
        "comparison": comparison(tables["kpi_scenario"], tables["scenario"]["scenario"].to_list()),
    }


def bindings(limits: pl.DataFrame, levels: pl.DataFrame) -> list[dict[str, Any]]:
    """The limits that bind; those of groups, named `manager_id/M01/hours`, with the group's name.

    limits: `plan_binding`; levels: `kpi_level_balance`.
    """
    columns = levels.select("level", "member_id", "member_name").unique()
    names = {(level, member): name for level, member, name in columns.iter_rows()}
    rows = records(limits)
    for row in rows:
        row["group_name"] = ""
        if row["constraint_kind"].startswith("level_"):
            level, _, rest = row["constraint_name"].partition("/")
            member = rest.removesuffix(f"/{row['metric']}")
            row["group_name"] = names.get((level.removesuffix("_id"), member)) or member
    return rows


def reasons(accounts: pl.DataFrame) -> list[dict[str, Any]]:
    """Why accounts change hands: how many, their sales and expected loss, the most first.

    accounts: with `change`.
    """
    counted = (
        accounts.filter(pl.col("change") != KEPT)
        .group_by("reason_code")
        .agg(
            pl.len().alias("accounts"),
            pl.col("actual_sales_usd").sum(),
            pl.col("expected_disruption_loss_usd").sum(),
        )
        .sort("accounts", "reason_code", descending=[True, False], nulls_last=True)
    )
    return [
        {"reason": wording.reason_name(row.pop("reason_code")), **row} for row in records(counted)
    ]


def comparison(kpis: pl.DataFrame, scenarios: list[str]) -> dict[str, Any]:
    """Each KPI with its value and comparison in every scenario of the release, the chosen first.

    KPIs that no scenario has are left out; with one scenario there is nothing to compare.
    """
    if len(scenarios) < 2:
        return {"scenarios": [], "kpis": []}
    rows: dict[str, dict[str, Any]] = {}
    for record in records(kpis):
        row = rows.setdefault(
            record["kpi_name"],
            {
                "name": record["metric_name"] or record["kpi_name"],
                "unit": record["unit"] or "",
                "values": [None] * len(scenarios),
                "comparisons": [""] * len(scenarios),
            },
        )
        place = scenarios.index(record["scenario"])
        row["values"][place] = record["kpi_value"]
        row["comparisons"][place] = record["comparison"]
    return {
        "scenarios": scenarios,
        "kpis": [row for row in rows.values() if any(v is not None for v in row["values"])],
    }


def map_lines(frame: Frame) -> dict[str, Any]:
    """The outlines on the plane of `frame`: each line as its first point and steps."""
    outlines = load_outlines(frame.area)
    result: dict[str, Any] = {"area": frame.area, "width": frame.width, "height": frame.height}
    for name, lines in (("borders", outlines.borders), ("inner", outlines.inner)):
        result[name] = [
            steps for line in lines for steps in _steps(frame.place(line[:, 0], line[:, 1]))
        ]
    return result


def _steps(place: Any) -> list[list[int]]:
    """A projected line as whole units; where it leaves the map it is cut."""
    parts: list[list[int]] = []
    line: list[int] = []
    last = (0, 0)
    for x, y in place:
        if x != x or y != y:
            line = []
            continue
        point = (round(float(x)), round(float(y)))
        if not line:
            line = [*point]
            parts.append(line)
        elif point != last:
            line += [point[0] - last[0], point[1] - last[1]]
        last = point
    return [part for part in parts if len(part) > 2]
