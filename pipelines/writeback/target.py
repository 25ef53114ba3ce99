"""What a plan wants to stand in the CRM, and what of it cannot be said there."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from pipelines.writeback.changes import CrmState, Desired, Link, managed_links
from pipelines.writeback.ids import System, is_id_of, normal_id


@dataclass(frozen=True)
class Unresolved:
    """Something of the plan that is not written, and why."""

    kind: str
    subject_id: str
    reason: str


@dataclass(frozen=True)
class Target:
    """A plan in terms of the CRM.

    Attributes:
        territory_of: the CRM's territory of each rep of the plan, as far as it is known.
    """

    system: System
    owners: dict[str, str | None] = field(default_factory=dict)
    territory_of: dict[str, str] = field(default_factory=dict)
    unresolved: list[Unresolved] = field(default_factory=list)

    def desired(self, live: CrmState) -> Desired:
        """What should stand in the CRM, given what does."""
        wanted: set[Link] = {
            ("object_territory", account, self.territory_of[owner])
            for account, owner in self.owners.items()
            if owner in self.territory_of
        }
        wanted |= {("user_territory", rep, place) for rep, place in self.territory_of.items()}
        links = managed_links(live, wanted, set(self.territory_of.values()))
        return Desired(self.owners, links)


def target_of(
    system: System,
    assignment: pl.DataFrame,
    territory_of: Mapping[str, str],
    *,
    move_dates: Mapping[str, date] | None = None,
    day: date | None = None,
) -> Target:
    """The target of an assignment (account_id, rep_id).

    Args:
        territory_of: of `territory_ids`; empty where the CRM has no territories.
        move_dates: accounts that move later than on the plan's first day.
        day: accounts whose move is due after it are left as they are.
    """
    target = Target(system, territory_of=dict(territory_of))
    waiting = {
        account for account, due in (move_dates or {}).items() if day is not None and due > day
    }
    unknown_reps: set[str] = set()
    for account, rep in assignment.select("account_id", "rep_id").iter_rows():
        problem = _problem(system, account, rep)
        if account in waiting:
            problem = f"its move is due on {(move_dates or {})[account]}"
        if problem is not None:
            target.unresolved.append(Unresolved("account_owner", account, problem))
            continue
        owner = None if rep is None else normal_id(system, rep)
        target.owners[normal_id(system, account)] = owner
        if territory_of and owner is not None and owner not in territory_of:
            unknown_reps.add(owner)
    target.unresolved.extend(
        Unresolved("user_territory", rep, "no territory of the CRM is known to be this rep's")
        for rep in sorted(unknown_reps)
    )
    return target


def _problem(system: System, account: str, rep: str | None) -> str | None:
    if not is_id_of(system, account):
        return f"its id is none of {system}"
    if rep is None:
        # Salesforce wants an owner; HubSpot takes an account without one.
        return None if system == "hubspot" else "has no owner in the plan, and needs one"
    if not is_id_of(system, rep):
        return f"{rep} is no user: a vacant seat, or a name"
    return None


def territory_ids(
    reps: Iterable[tuple[str, str | None]],
    territories: Iterable[Mapping[str, str | None]],
    links: Mapping[Link, str],
) -> dict[str, str]:
    """The CRM's territory of each rep: by name, else the only one the rep works in.

    Args:
        reps: rep_id and name of its territory.
        territories: records of Territory2: Id, Name, DeveloperName.
        links: associations as they stand.

    A territory goes to one rep: where two could have it, or a rep could have two, it is left out.
    """
    by_name: dict[str, set[str]] = {}
    for record in territories:
        identity = record.get("Id") or ""
        for name in {record.get("Name"), record.get("DeveloperName")} - {None, ""}:
            by_name.setdefault(str(name).casefold(), set()).add(identity)
    works_in: dict[str, set[str]] = {}
    for kind, user, territory in links:
        if kind == "user_territory":
            works_in.setdefault(user, set()).add(territory)
    found: dict[str, str] = {}
    for rep, name in reps:
        names = [f"T-{rep}", f"T_{rep}", *([name] if name else [])]
        called = set().union(*(by_name.get(text.casefold(), set()) for text in names))
        candidates = called or works_in.get(normal_id("salesforce", rep), set())
        if len(candidates) == 1:
            found[normal_id("salesforce", rep)] = next(iter(candidates))
    times = Counter(found.values())
    return {rep: place for rep, place in found.items() if times[place] == 1}
