"""Which seats to give up, where to base new ones, and what to do when a rep leaves.

Seats go and come one after the other, each time the best of the candidates that are planned. A step
with as many candidates as seats is exact for that step; several steps are a greedy sequence, as a
team that hires or shrinks step by step needs it. Every team is planned under the whole policy.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import polars as pl

from optimization.errors import Infeasible, PlanInputError
from optimization.headcount.bases import hired, new_seats
from optimization.headcount.leaving import vacant
from optimization.headcount.teams import Book, Team
from optimization.headcount.valuation import NoPlan, Valued, value_team
from optimization.planner import Mapper, Progress
from optimization.policy import Policy

TODAY, FEWER, MORE = "today", "fewer", "more"
BACKFILL, VACANT, REDISTRIBUTION = "backfill", "vacant", "redistribution"


@dataclass(frozen=True)
class Option:
    """A team that was looked at.

    Attributes:
        kind: today; fewer or more seats; or what becomes of a leaver's book.
        rep_id: the seat given up or added in this step, or the leaver.
        before: the team that this one differs from by that seat; None for today's.
        is_best: the best of its step; for a leaver backfill or redistribution, after seat costs.
        alternatives: seats that could have been chosen in this step.
    """

    kind: str
    rep_id: str | None
    before: Valued | None
    found: Valued | NoPlan
    is_best: bool
    alternatives: int = 0


@dataclass(frozen=True)
class Headcount:
    """Everything that was looked at, today's team first."""

    today: Valued
    options: tuple[Option, ...]

    def of(self, *kinds: str) -> list[Option]:
        """The options of these kinds."""
        return [option for option in self.options if option.kind in kinds]

    def plans(self) -> Iterator[Valued]:
        """Every plan that stands in the table, each once."""
        found = (option.found for option in self.options if option.kind != VACANT)
        yield from {one.team: one for one in found if isinstance(one, Valued)}.values()


def study_headcount(
    accounts: pl.DataFrame,
    reps: pl.DataFrame,
    overrides: pl.DataFrame,
    policy: Policy,
    *,
    as_of: date | None = None,
    travel_matrix: pl.DataFrame | None = None,
    run: Mapper = map,
    progress: Progress | None = None,
) -> Headcount:
    """Plan the teams that `policy.headcount` asks for.

    Args:
        accounts, reps, overrides, as_of, travel_matrix: as `plan_territories` takes them.
        run: how independent plans are run; what they are does not depend on it.
        progress: called as progress(what, done, total).

    Raises:
        PlanInputError: a leaver is no rep of the plan, or no seat would stay.
        Infeasible, SolverError: as `plan_territories`, of today's team. Another team without a
            plan stays an option, with the reason.
    """
    book = Book(accounts, reps, overrides, policy)
    _check(book)
    study = _Study(book, partial(value_team, book, as_of, travel_matrix), run, progress)
    return study.headcount()


def _check(book: Book) -> None:
    asked, ids = book.policy.headcount, book.reps["rep_id"].cast(pl.String).to_list()
    for rep_id in asked.leavers:
        if rep_id not in ids:
            raise PlanInputError(
                f"headcount.leavers names rep {rep_id}, who is no active rep or vacant seat of "
                f"the plan; its reps are {', '.join(sorted(ids)[:5])}"
                + (" …" if len(ids) > 5 else "")
            )
    least = asked.fewer_seats or (1 if asked.leavers else 0)
    if least >= len(ids) and least > 0:
        raise PlanInputError(
            f"the plan has {len(ids)} seat(s): {least} fewer would leave nobody; lower "
            "headcount.fewer_seats or leave the leavers out"
        )


class _Study:
    """The plans found so far; identical teams are planned once."""

    def __init__(
        self,
        book: Book,
        solve: Callable[[Team], Valued | NoPlan],
        run: Mapper,
        progress: Progress | None,
    ) -> None:
        asked = book.policy.headcount
        self.book, self.asked, self.solve, self.run = book, asked, solve, run
        self.tell = progress or _quiet
        self.known: dict[Team, Valued | NoPlan] = {}
        self.total = 1 + 2 * len(asked.leavers)
        self.total += (asked.fewer_seats + asked.more_seats) * asked.candidates

    def headcount(self) -> Headcount:
        first_seats = self._seats(Team()) if self.asked.more_seats else []
        replaced = {rep_id: self._replaced(rep_id) for rep_id in self.asked.leavers}
        gone = [Team((rep_id,)) for rep_id in self.asked.leavers]
        # What needs no other plan goes side by side.
        self._plan([Team(), *replaced.values(), *gone, *first_seats])
        today = self.known[Team()]
        if isinstance(today, NoPlan):
            raise Infeasible([today.reason])
        options = [Option(TODAY, None, None, today, is_best=True)]
        for _, steps in sorted(self._steps(today), key=lambda pair: pair[0]):
            options += steps
        for rep_id, team in replaced.items():
            options += self._leaver(today, rep_id, team)
        return Headcount(today, tuple(options))

    def _steps(self, today: Valued) -> Iterable[tuple[str, list[Option]]]:
        """Both directions step by step, the steps of a number side by side."""
        fewer: Valued | None = today if self.asked.fewer_seats else None
        more: Valued | None = today if self.asked.more_seats else None
        for step in range(max(self.asked.fewer_seats, self.asked.more_seats)):
            drops, tried, added = [], [], []
            if fewer and step < self.asked.fewer_seats:
                drops = cheapest_seats(self.book, fewer)
                tried = [fewer.team.without(one) for one in drops[: self.asked.candidates]]
            if more and step < self.asked.more_seats:
                added = self._seats(more.team)
            self._plan([*tried, *added])
            if tried and fewer:
                options = self._ranked(FEWER, tried, fewer, len(drops))
                yield FEWER, options
                fewer = _best(options)
            if added and more:
                options = self._ranked(MORE, added, more, len(added))
                yield MORE, options
                more = _best(options)

    def _ranked(
        self, kind: str, teams: Sequence[Team], before: Valued, alternatives: int
    ) -> list[Option]:
        """The options of a step, the most valuable first; ties in the order of the candidates."""
        found = [self.known[team] for team in teams]
        order = sorted(
            range(len(teams)),
            key=lambda at: -one.value_usd if isinstance(one := found[at], Valued) else float("inf"),
        )
        return [
            Option(
                kind,
                teams[at].gone[-1] if kind == FEWER else teams[at].added[-1].rep_id,
                before,
                found[at],
                is_best=place == 0 and isinstance(found[at], Valued),
                alternatives=alternatives,
            )
            for place, at in enumerate(order)
        ]

    def _leaver(self, today: Valued, rep_id: str, replaced: Team) -> list[Option]:
        found: list[tuple[str, Valued | NoPlan]] = [
            (BACKFILL, self.known[replaced]),
            (VACANT, vacant(self.book, today, rep_id)),
            (REDISTRIBUTION, self.known[Team((rep_id,))]),
        ]
        cost = self.asked.seat_cost_usd or 0.0

        # An empty seat is a loss for as long as it lasts, not a choice to compare: the work that
        # nobody does would count as saved.
        choices = {
            kind: one.value_usd - cost * one.seat_count
            for kind, one in found
            if kind != VACANT and isinstance(one, Valued)
        }
        best = max(choices, key=lambda kind: choices[kind], default=None)
        return [Option(kind, rep_id, today, one, is_best=kind == best) for kind, one in found]

    def _replaced(self, rep_id: str) -> Team:
        """Somebody else in the seat, at the same base."""
        (leaver,) = self.book.reps.filter(pl.col("rep_id") == rep_id).to_dicts()
        name = f"Backfill of {leaver.get('rep_name') or rep_id}"
        hire = hired(f"{rep_id}+", name, leaver, None, self.book, self.asked.new_seat)
        return Team((rep_id,), (hire,))

    def _seats(self, team: Team) -> list[Team]:
        seats = new_seats(self.book, team, self.asked.candidates, self.asked.new_seat)
        return [team.with_seat(seat) for seat in seats]

    def _plan(self, teams: Sequence[Team]) -> None:
        new = [team for team in dict.fromkeys(teams) if team not in self.known]
        self.tell("teams", len(self.known), max(self.total, len(self.known) + len(new)))
        for team, found in zip(new, self.run(self.solve, new), strict=True):
            self.known[team] = found
            self.tell("teams", len(self.known), max(self.total, len(self.known)))


def cheapest_seats(book: Book, valued: Valued) -> list[str]:
    """The seats of a planned team, those first that seem cheapest to give up.

    An estimate that only chooses which teams are planned: what its accounts cost more with their
    runners-up.
    """
    costs = valued.plan.assignment.group_by("rep_id").agg(pl.col("runner_up_delta_usd").sum())
    by_rep = dict(costs.iter_rows())
    ids = book.reps["rep_id"].cast(pl.String).to_list()
    staying = [rep_id for rep_id in ids if rep_id not in valued.team.gone]
    return sorted(staying, key=lambda rep_id: (round(by_rep.get(rep_id) or 0.0, 2), rep_id))


def _best(options: Sequence[Option]) -> Valued | None:
    """The plan to go on from; None where no candidate has any."""
    found = options[0].found
    return found if isinstance(found, Valued) else None


def _quiet(what: str, done: int, total: int) -> None:
    """Nobody listens."""
