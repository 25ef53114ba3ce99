"""Which injected defects the checks find, row by row, and whether clean days stay quiet.

    python -m benchmarks.defects --seed 7 --json defects.json --out benchmarks/results/defects.md
    python -m benchmarks.defects --seed 7 --json defects.json --kinds "near-duplicate account"

A clean sample company of 20,000 accounts is loaded as it stood a week before; then its export of
the day is damaged and checked as `territory check --json` does. Kinds of defect that would hide
each other come in different loads; within a load every row carries one defect at most. A finding
counts for a kind only with the kind's table, column and rule. `--days` also checks as many days of
the undamaged history, each against the day before.

The record in `--json` is written load by load and day by day, and what it holds is not measured
again: an interrupted run goes on where it stopped. `--kinds` measures the loads of the named kinds
anew, and nothing else.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.defect_kinds import KINDS, Kind, Tables
from benchmarks.defect_kinds.kind import Injected, Rows
from benchmarks.run_log import machine, machine_line, table

ROOT = Path(__file__).parents[1]
AS_OF = date(2026, 6, 30)
RATES = (0.001, 0.01, 0.05)
BASELINE_DAYS = 7
DAY_ACCOUNTS = 500
US_DATE = "%m/%d/%Y"
# A day in the life of a CRM beside new and closing deals: shares of accounts that change.
REVENUE_UPDATES, OWNER_CHANGES = 0.003, 0.001

_LINES_MAPPING = """
  opportunity_line:
    file: lines.csv
    columns:
      opportunity_id: Opportunity ID
      line_number: Line
      product_id: Product Code
      quantity: Quantity
      unit_price_usd: Unit Price
"""
_PROJECT = """
name: Defect benchmark
data_dir: data
as_of: {as_of}
sources:
  crm: {{mapping: crm.yaml, path: {files}}}
{market}
scoring: {root}/config/scoring.yaml
policies: {root}/config/policies
thresholds: {{max_quarantined_share: 1.0}}
"""


@dataclass
class Outcome:
    """How one kind at one rate was found; `named` counts rows that its rules named."""

    kind: str
    grain: str
    rate: float | None
    injected: int
    named: int
    hits: int
    is_detected: bool
    severity: str | None
    place: str | None

    @property
    def recall(self) -> float | None:
        return self.hits / self.injected if self.injected else None

    @property
    def precision(self) -> float | None:
        return self.hits / self.named if self.named else None


class Checker:
    """A project folder whose export can be replaced and checked again and again."""

    def __init__(self, folder: Path, fixed: Mapping[str, bytes], *, with_market: bool) -> None:
        self.folder = folder
        self.fixed = fixed
        self.files = folder / "files"
        self.files.mkdir(parents=True)
        mapping = (ROOT / "config/mappings/sample_crm.yaml").read_text(encoding="utf-8")
        (folder / "crm.yaml").write_text(mapping + _LINES_MAPPING, encoding="utf-8")
        market = f"  market: {{mapping: {ROOT}/config/mappings/sample_market.yaml, path: files}}"
        self._market = market * with_market

    def write(self, tables: Tables) -> None:
        """Make `tables` the export, and nothing else."""
        for path in self.files.iterdir():
            path.unlink()
        for name, frame in tables.items():
            frame.write_csv(self.files / name)
        for name, content in self.fixed.items():
            (self.files / name).write_bytes(content)

    def check(self, as_of: date, *, keeps: bool = False) -> dict[str, Any]:
        """The report on the export; `keeps` makes it the last good load."""
        from pipelines.settings.loader import load_settings
        from pipelines.stages.check import check_input
        from pipelines.stages.run_context import RunContext, WorkPaths

        project = self.folder / "project.yaml"
        project.write_text(
            _PROJECT.format(as_of=as_of, files="files", market=self._market, root=ROOT),
            encoding="utf-8",
        )
        settings = load_settings(project)
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            report = check_input(settings, Path(scratch), today=as_of, names_rows=True)
            if keeps:
                from pipelines.quality.baseline import keep_load
                from pipelines.stages.quality import origin
                from pipelines.warehouse import session

                context = RunContext.load(WorkPaths(Path(scratch)))
                with session(WorkPaths(Path(scratch)).warehouse) as connection:
                    keep_load(
                        connection,
                        settings.data_dir / "baseline",
                        context.input_digest,
                        origin(settings),
                    )
        return report.content()


def company(accounts: int, seed: int, *, with_market: bool) -> tuple[Tables, dict[str, bytes]]:
    """A clean sample company: its files as text, with lines for a third of the won deals, and the
    files of official statistics as they are."""
    from pipelines.sample import CompanySettings, generate_company

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        reps = max(accounts // 100, 20)
        generate_company(CompanySettings(accounts, reps, seed, AS_OF, out))
        names = ["accounts.csv", "users.csv", "products.csv", "opportunities.csv", "activities.csv"]
        if with_market:
            names.append("zip_codes.csv")
        tables = {name: pl.read_csv(out / name, infer_schema=False) for name in names}
        official = ("cbp21co.txt", "qcew_2025_q3_area.csv", "co-est2023-alldata.csv")
        fixed = {name: (out / name).read_bytes() for name in official if with_market}
    # A fourth of the activities say as much of the checks as all, in half the time.
    tables["activities.csv"] = tables["activities.csv"].gather_every(4)
    tables["lines.csv"] = _lines(tables["opportunities.csv"])
    return tables, fixed


def _lines(deals: pl.DataFrame) -> pl.DataFrame:
    """Two lines for every third won deal; they add up to its amount, to the cent."""
    won = deals.filter(
        (pl.col("Stage") == "Closed Won") & pl.col("Amount").is_not_null()
    ).gather_every(3)
    cents = (won["Amount"].cast(pl.Float64) * 100).round(0).cast(pl.Int64).to_list()
    rows = []
    for deal, product, total in zip(won["Opportunity ID"], won["Product Code"], cents, strict=True):
        first = total * 2 // 5
        for number, part in ((1, first), (2, total - first)):
            rows.append((deal, str(number), product, "1", f"{part / 100:.2f}"))
    names = ["Opportunity ID", "Line", "Product Code", "Quantity", "Unit Price"]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def as_it_stood(tables: Tables, day: date, seed: int) -> Tables:
    """The export of an earlier day: what happened later has not happened, and a few facts differ.

    A deal that closed later is still in its last open stage, with the close date as forecast.
    Revenues and owners that are updated between then and the end of history have older values.
    """
    days = (AS_OF - day).days
    until = pl.lit(day)

    def dated(name: str) -> pl.Expr:
        return pl.col(name).str.to_date(US_DATE)

    accounts = tables["accounts.csv"].filter((dated("Created Date") <= until).fill_null(True))
    deals = tables["opportunities.csv"].filter((dated("Created Date") <= until).fill_null(True))
    is_later = (dated("Close Date") > until) & pl.col("Stage").is_in(["Closed Won", "Closed Lost"])
    deals = deals.with_columns(
        pl.when(is_later).then(pl.lit("Negotiation/Review")).otherwise("Stage").alias("Stage"),
        pl.when(is_later).then(pl.lit("90")).otherwise("Probability (%)").alias("Probability (%)"),
    )
    known = accounts["Account ID"].implode()
    deals = deals.filter(pl.col("Account ID").is_null() | pl.col("Account ID").is_in(known))
    activities = tables["activities.csv"].filter(
        (dated("Date") <= until) & pl.col("Account ID").is_in(known)
    )
    lines = tables["lines.csv"].filter(
        pl.col("Opportunity ID").is_in(deals["Opportunity ID"].implode())
    )
    return tables | {
        "accounts.csv": _older(accounts, days, seed),
        "opportunities.csv": deals,
        "activities.csv": activities,
        "lines.csv": lines,
    }


def _older(accounts: pl.DataFrame, days: int, seed: int) -> pl.DataFrame:
    """Accounts before the updates of the last `days` days; one seed gives one history."""
    revenue = accounts["Annual Revenue"].to_list()
    owner = accounts["Account Owner ID"].to_list()
    owners = sorted({value for value in owner if value})
    for past in range(days):
        random = np.random.default_rng([seed, past])
        for i in np.flatnonzero(random.random(len(revenue)) < REVENUE_UPDATES):
            if revenue[i]:
                factor = float(np.exp(random.normal(0.02, 0.08)))
                revenue[i] = f"{float(revenue[i]) * factor:.0f}"
        for i in np.flatnonzero(random.random(len(owner)) < OWNER_CHANGES):
            if owner[i]:
                owner[i] = owners[int(random.integers(len(owners)))]
    return accounts.with_columns(
        pl.Series("Annual Revenue", revenue), pl.Series("Account Owner ID", owner)
    )


def judge(kind: Kind, rate: float | None, injected: Injected, report: Mapping[str, Any]) -> Outcome:
    """What the findings of `report` say of one kind."""
    found = [
        finding
        for finding in report["findings"]
        if finding["table"] == kind.table
        and finding["rule"] in kind.rules
        and (not kind.columns or set((finding["column"] or "").split(", ")) & set(kind.columns))
    ]
    if injected.row_keys:
        truth: frozenset = injected.row_keys
        named = {key for finding in found for key in finding["row_keys"]}
    else:
        truth = injected.row_numbers
        named = {number for finding in found for number in finding["row_numbers"]}
    severities = sorted({finding["severity"] for finding in found})
    return Outcome(
        kind=kind.name,
        grain=kind.grain,
        rate=rate,
        injected=len(truth),
        named=len(named) if kind.grain != "table" else 0,
        hits=len(named & truth),
        is_detected=bool(found),
        severity=severities[0] if severities else None,
        place=f"{kind.table}.{found[0]['column']}: {found[0]['rule']}" if found else None,
    )


@dataclass(frozen=True)
class Load:
    """Kinds that are injected together at one rate; `number` gives the load its own seed."""

    number: int
    kinds: tuple[Kind, ...]
    rate: float | None


def loads_of(kinds: Sequence[Kind], rates: Iterable[float]) -> list[Load]:
    """Every wave of kinds at every rate; kinds of whole tables once each, alone."""
    planned: list[tuple[tuple[Kind, ...], float | None]] = [
        (tuple(kind for kind in kinds if kind.grain != "table" and kind.wave == wave), rate)
        for rate in rates
        for wave in sorted({kind.wave for kind in kinds if kind.grain != "table"})
    ]
    planned += [((kind,), None) for kind in kinds if kind.grain == "table"]
    return [Load(number, *load) for number, load in enumerate(planned)]


def run_loads(
    accounts: int, seed: int, loads: Sequence[Load], say: Callable[[str], None]
) -> Iterator[list[Outcome]]:
    """The outcomes of each load in turn."""
    if not loads:
        return
    clean, fixed = company(accounts, seed, with_market=True)
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(Path(folder) / "project", fixed, with_market=True)
        checker.write(as_it_stood(clean, AS_OF - timedelta(days=BASELINE_DAYS), seed))
        checker.check(AS_OF - timedelta(days=BASELINE_DAYS), keeps=True)
        for done, load in enumerate(loads, 1):
            tables = dict(clean)
            rows = Rows(seed * 1_000 + load.number)
            places = [(kind, kind.inject(tables, rows, load.rate or 1.0)) for kind in load.kinds]
            checker.write(tables)
            begun = time.process_time()
            report = checker.check(AS_OF)
            yield [judge(kind, load.rate, place, report) for kind, place in places]
            say(
                f"load {done} of {len(loads)}: {len(load.kinds)} kinds"
                f"{f' at {load.rate:.1%}' if load.rate else f' ({load.kinds[0].name})'}, "
                f"{time.process_time() - begun:.1f} s of CPU"
            )


def run_days(
    first: date, last: date, seed: int, say: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    """Errors and warnings of each clean day from `first` to `last`, against the day before."""
    if first > last:
        return
    clean, fixed = company(DAY_ACCOUNTS, seed, with_market=False)
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(Path(folder) / "project", fixed, with_market=False)
        for past in range((last - first).days + 1, -1, -1):
            day = last - timedelta(days=past)
            begun = time.process_time()
            checker.write(as_it_stood(clean, day, seed))
            report = checker.check(day, keeps=True)
            # The first has none to be compared with.
            if day < first:
                continue
            found = {
                severity: sorted(
                    f"{finding['table']}.{finding['column']}: {finding['rule']}"
                    for finding in report["findings"]
                    if finding["severity"] == severity
                )
                for severity in ("error", "warning")
            }
            yield {"day": day.isoformat(), **found}
            say(
                f"{day}: {len(found['error'])} errors, {len(found['warning'])} warnings, "
                f"{time.process_time() - begun:.1f} s of CPU"
            )


class Record:
    """What has been measured with one seed and size, in a JSON file."""

    def __init__(self, path: Path, seed: int, accounts: int) -> None:
        self.path = path
        self.content: dict[str, Any] = {
            "seed": seed,
            "accounts": accounts,
            "machine": machine("duckdb", "great-expectations", "rapidfuzz"),
            "outcomes": [],
            "days": [],
        }
        if path.is_file():
            found = json.loads(path.read_text(encoding="utf-8"))
            if (found["seed"], found["accounts"]) != (seed, accounts):
                raise SystemExit(f"{path} holds another seed or size; name another file")
            self.content |= {"outcomes": found["outcomes"], "days": found["days"]}

    def holds(self, load: Load) -> bool:
        known = {(one["kind"], one["rate"]) for one in self.content["outcomes"]}
        return all((kind.name, load.rate) in known for kind in load.kinds)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Enter outcomes in place of those of the same kinds and rates, in the kinds' order."""
        new = {(one.kind, one.rate): asdict(one) for one in outcomes}
        old = {(one["kind"], one["rate"]): one for one in self.content["outcomes"]}
        order = {kind.name: place for place, kind in enumerate(KINDS)}
        self.content["outcomes"] = sorted(
            (old | new).values(), key=lambda one: (one["rate"] or 1.0, order[one["kind"]])
        )
        self.save()

    def first_open_day(self, days: int) -> date:
        """The first of the last `days` days up to which nothing is missing."""
        known = {day["day"] for day in self.content["days"]}
        first = AS_OF - timedelta(days=days - 1)
        while first <= AS_OF and first.isoformat() in known:
            first += timedelta(days=1)
        return first

    def add_day(self, day: Mapping[str, Any]) -> None:
        days = {one["day"]: one for one in self.content["days"]} | {day["day"]: dict(day)}
        self.content["days"] = [days[name] for name in sorted(days)]
        self.save()

    def save(self) -> None:
        """Replace the file in one step: an interrupt leaves the record of before."""
        part = self.path.with_name(self.path.name + ".part")
        part.write_text(json.dumps(self.content, indent=1) + "\n", encoding="utf-8")
        part.replace(self.path)


def share(value: float | None) -> str:
    """A share as a percentage; exactly 100 % only where nothing is missing."""
    if value is None:
        return "–"
    return "100 %" if value == 1 else f"{100 * value:.1f} %"


def page(result: Mapping[str, Any]) -> str:
    """The result as a Markdown page."""
    outcomes = [Outcome(**one) for one in result["outcomes"]]
    rates = sorted({one.rate for one in outcomes if one.rate is not None})
    lines = [
        "# Injected defects",
        "",
        f"`python -m benchmarks.defects --seed {result['seed']} --days 100 --json defects.json "
        "--out benchmarks/results/defects.md`",
        "",
        f"A clean sample company of {result['accounts']:,} accounts (a fourth of its activities); "
        f"the last good load is its export of {BASELINE_DAYS} days before, with the deals, "
        "activities, revenues and owners of then. A finding counts only with the kind's table, "
        "column and rule. Recall: share of the injected rows that are named. Precision: share of "
        "the named rows that were injected. Loads are recorded one by one; those of kinds whose "
        "detection changed are measured anew.",
        "",
        machine_line(result["machine"]),
        "",
    ]
    for grain, title, text in (
        ("row", "Rows that show the defect", "by themselves or beside the others of their load."),
        ("history", "Rows that only their past shows", "compared with the last good load."),
    ):
        chosen = [one for one in outcomes if one.grain == grain]
        rows = []
        for name in dict.fromkeys(one.kind for one in chosen):
            of_kind = {one.rate: one for one in chosen if one.kind == name}
            cells = [name]
            for rate in rates:
                one = of_kind[rate]
                cells += [f"{one.injected:,}", share(one.recall), share(one.precision)]
            rows.append(cells)
        head = ["kind"]
        for rate in rates:
            head += [f"rows at {100 * rate:g} %", "recall", "precision"]
        found = sum(one.is_detected for one in chosen)
        lines += [
            f"## {title}",
            "",
            f"{len(rows)} kinds, {text} {found} of {len(chosen)} detected; lowest recall "
            f"{share(min(one.recall or 0 for one in chosen))}, lowest precision "
            f"{share(min(one.precision or 0 for one in chosen))}.",
            "",
            table(head, rows),
            "",
        ]
    chosen = [one for one in outcomes if one.grain == "table"]
    lines += [
        "## Whole columns and tables",
        "",
        f"{sum(one.is_detected for one in chosen)} of {len(chosen)} detected.",
        "",
        table(
            ["kind", "severity", "finding"],
            [[one.kind, one.severity or "–", one.place or "not found"] for one in chosen],
        ),
        "",
    ]
    if result["days"]:
        errors = sum(len(day["error"]) for day in result["days"])
        warned: dict[str, int] = {}
        for day in result["days"]:
            for name in day["warning"]:
                warned[name] = warned.get(name, 0) + 1
        lines += [
            "## Clean days",
            "",
            f"{len(result['days'])} days of {DAY_ACCOUNTS:,} accounts, from "
            f"{result['days'][0]['day']} to {result['days'][-1]['day']}, each checked against the "
            f"day before: {errors} findings of severity error. Warnings, by the number of days:",
            "",
            table(
                ["finding", "days"],
                [[name, str(count)] for name, count in sorted(warned.items())] or [["none", "0"]],
            ),
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    """Command line of the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=100, help="clean days; 0 leaves them out")
    parser.add_argument(
        "--kinds", nargs="+", default=[], help="measure their loads anew, no others"
    )
    parser.add_argument(
        "--json", type=Path, required=True, help="the record; added to if it is there"
    )
    parser.add_argument("--out", type=Path, help="also write the result as a Markdown page")
    given = parser.parse_args()
    unknown = set(given.kinds) - {kind.name for kind in KINDS}
    if unknown:
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    record = Record(given.json, given.seed, given.accounts)
    loads = loads_of(KINDS, RATES)
    if given.kinds:
        wanted = [load for load in loads if {kind.name for kind in load.kinds} & set(given.kinds)]
    else:
        wanted = [load for load in loads if not record.holds(load)]
    for outcomes in run_loads(given.accounts, given.seed, wanted, say):
        record.add(outcomes)
    if not given.kinds:
        for day in run_days(record.first_open_day(given.days), AS_OF, given.seed, say):
            record.add_day(day)
    record.save()
    text = page(record.content)
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
