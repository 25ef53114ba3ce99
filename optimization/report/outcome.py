"""The plan as numbers: what every account gives with its rep, and what every rep holds."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimization.book.planning import Planning
from optimization.book.tables import Bools, Floats, Ints
from optimization.engine.answer import Answer
from optimization.pairs.territory import AccountValues
from optimization.report.loads import Loads, clock_hours, unit_loads


@dataclass(frozen=True)
class Outcome:
    """An answer of the engine, brought back to accounts. Rep J is nobody."""

    planning: Planning
    answer: Answer

    @property
    def reps(self) -> int:
        return len(self.planning.reps)

    @cached_property
    def owner(self) -> Ints:
        """(n) rep of each account."""
        return self.answer.owner[self.planning.units.of_account]

    @property
    def is_unassigned(self) -> Bools:
        """(n) accounts that nobody owns."""
        return self.owner == self.reps

    @property
    def is_owned_today(self) -> Bools:
        """(n) accounts with an active incumbent."""
        return self.planning.accounts.incumbent >= 0

    @property
    def is_moved(self) -> Bools:
        """(n) accounts that leave an active incumbent, for another rep or for nobody."""
        return self.is_owned_today & (self.planning.accounts.incumbent != self.owner)

    @cached_property
    def proposed(self) -> AccountValues:
        """(n) with the plan's owners."""
        return self.planning.pairs.account_values(np.arange(self.owner.size), self.owner)

    @cached_property
    def current_owner(self) -> Ints:
        """(n) today's active owner, J without one."""
        return np.where(self.is_owned_today, self.planning.accounts.incumbent, self.reps)

    @cached_property
    def current(self) -> AccountValues:
        """(n) with today's owners."""
        owner = self.current_owner
        return self.planning.pairs.account_values(np.arange(owner.size), owner)

    @cached_property
    def loads(self) -> Loads:
        """What the plan gives every rep."""
        return unit_loads(self.planning, self.answer.owner)

    @cached_property
    def clock(self) -> Floats:
        """(J) hours for service and travel."""
        return clock_hours(self.planning, self.owner, self.proposed.travel_hours)

    @cached_property
    def travel(self) -> Floats:
        """(J) travel hours."""
        hours = self.proposed.travel_hours
        return np.bincount(self.owner, hours, self.reps + 1)[: self.reps].astype(np.float64)
