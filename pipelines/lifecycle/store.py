"""`<data_dir>/plans`: the records of all plans and the log of what was done with them.

```
plans/
  acts.jsonl            who did what with which plan, when and why; only ever appended to
  <plan_id>/            record.json, policy.yaml, settings.json, assignment.parquet; landed/ where
                        a connection was read
```

A record is built beside its place, forced to the disk and named in one step. The store has a lock
of its own, held for milliseconds: a plan can be approved while a run is going on.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import GateError, InputError, TerritoryError, near
from pipelines.lifecycle.act_log import LOG_NAME, ActLog
from pipelines.lifecycle.acts import NOTES, Act, State, Verb
from pipelines.lifecycle.record import (
    ASSIGNMENT_NAME,
    LANDED_FOLDER,
    RECORD_NAME,
    PlanRecord,
)
from pipelines.lifecycle.timeline import Period, checked, chosen_on, periods, state_of
from pipelines.publish.layout import check_plan_id
from pipelines.publish.manifest import file_sha256
from pipelines.publish.swap import (
    building_folder,
    folder_lock,
    place,
    remove_folder,
    remove_leftovers,
    sync_tree,
)

FOLDER = "plans"
# What retention may remove: nobody has decided anything about these.
_UNDECIDED = ("draft", "proposed")
BY_RUN = "territory run"


class PlanStore:
    """The plans of one data folder."""

    def __init__(
        self, data_dir: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.folder = data_dir / FOLDER
        self._log = ActLog(self.folder / LOG_NAME)
        self._clock = clock

    # Reading

    def acts(self, plan_id: str | None = None) -> list[Act]:
        """The acts of one plan or of all, oldest first."""
        return [act for act in self._log.acts() if plan_id in (None, act.plan_id)]

    def plan_ids(self) -> list[str]:
        """The plans that have a record, in the order they were first recorded."""
        if not self.folder.is_dir():
            return []
        known = {path.parent.name for path in self.folder.glob(f"[!.]*/{RECORD_NAME}")}
        logged = dict.fromkeys(act.plan_id for act in self._log.acts())
        return [*(p for p in logged if p in known), *sorted(known - logged.keys())]

    def find(self, text: str) -> str:
        """The plan that `text` names: an id, or the beginning of just one.

        Raises:
            InputError: there is no such plan, or several begin so.
        """
        ids = self.plan_ids()
        if text in ids:
            return text
        beginnings = (text, f"plan_{text}", f"rebalance_{text}")
        begun = [p for p in ids if text and p.startswith(beginnings)]
        if len(begun) == 1:
            return begun[0]
        if begun:
            raise InputError(f"several plans begin with '{text}': {', '.join(begun[:5])}")
        raise InputError(
            f"{self.folder}: no plan '{text}'{near(text, ids)}; `territory plans` lists them"
        )

    def record(self, plan_id: str) -> PlanRecord:
        """The record of a plan; raises TerritoryError when it is missing or damaged."""
        return PlanRecord.read(self.folder / plan_id)

    def assignment(self, plan_id: str) -> pl.DataFrame:
        """Who gets which account in the plan, one row an account.

        Raises:
            TerritoryError: the file is missing or not the one that was recorded.
        """
        path = self.folder / plan_id / ASSIGNMENT_NAME
        if not path.is_file() or file_sha256(path) != self.record(plan_id).assignment_digest:
            raise TerritoryError(
                f"{path}: not the assignment that was recorded; restore it from a backup"
            )
        # As bytes: brackets in the name of a folder are a pattern to some readers.
        return pl.read_parquet(path.read_bytes())

    def state(self, plan_id: str) -> State:
        """The state of the plan by all acts so far."""
        return state_of(self._log.acts(), plan_id, self.today())

    def today(self) -> date:
        """The day by which states are judged: of the clock, because people act by it."""
        return self._clock().date()

    def periods(self) -> list[Period]:
        """When which plan is or was effective, in order of time."""
        return periods(self._log.acts())

    def chosen(self, day: date) -> Period | None:
        """The plan that holds on `day`; None before the first effective one."""
        return chosen_on(self._log.acts(), day)

    # Writing

    def keep(
        self,
        record: PlanRecord,
        files: Mapping[str, Path | str],
        *,
        linked: Mapping[str, Path] | None = None,
        is_draft: bool = False,
        by: str = BY_RUN,
        why: str = "planned by a run",
    ) -> State:
        """Record a plan that a run has made, as proposed or as a draft; returns its state.

        A plan that is recorded already stays as it is, state included, unless it is a draft that
        is now proposed. One that differs under the same name (its solver was stopped by the clock
        or by hand) replaces the older one as long as nobody has decided about it.

        Args:
            files: beside the record, by name: a file to copy, or a text.
            linked: further files, which nobody changes in place: they are linked, not copied, as
                far as the disk can.
            by, why: what the log of acts says of it.

        Raises:
            GateError: another assignment was approved under this name.
        """
        check_plan_id(record.plan_id)
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.folder)
        wanted: State = "draft" if is_draft else "proposed"
        target = self.folder / record.plan_id
        with self._locked():
            acts = self.acts(record.plan_id)
            state = self.state(record.plan_id)
            is_there = (target / RECORD_NAME).is_file()
            is_same = is_there and (
                self.record(record.plan_id).assignment_digest == record.assignment_digest
            )
            if is_there and not is_same and state not in _UNDECIDED:
                raise GateError(
                    f"{target}: {record.plan_id} is {state} with another assignment than this run "
                    "found, because the solver was stopped by the clock or by hand in one of the "
                    "two; nothing was published. Run again, or change the policy's seed"
                )
            # Somebody who withdrew a plan does not want the next run to propose it again.
            decisions = [act.verb for act in acts if act.verb not in NOTES]
            is_promoted = (state, wanted) == ("draft", "proposed") and decisions[-1:] == ["record"]
            if is_same and acts and not is_promoted:
                return state
            if not is_same:
                self._write(record, files, linked or {}, target)
            details = {"assignment_digest": record.assignment_digest}
            self._append("record", record.plan_id, by, why, wanted, details=details)
        return wanted

    def act(
        self,
        verb: Verb,
        plan_id: str,
        *,
        by: str,
        why: str,
        effective_date: date | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> State:
        """Do `verb` with a plan; returns its state afterwards.

        Raises:
            GateError: the state of the plan or the dates of others do not allow it.
        """
        with self._locked():
            state = checked(self._log.acts(), verb, plan_id, effective_date, self._clock().date())
            if verb == "make_effective" and effective_date is not None:
                self._check_base(plan_id, effective_date)
            self._append(verb, plan_id, by, why, state, effective_date, details)
        return state

    def note(
        self, verb: Verb, plan_id: str, *, by: str, why: str, details: Mapping[str, Any]
    ) -> None:
        """Log what was done with a plan outside this store; its state stays."""
        with self._locked():
            acts = self.acts(plan_id)
            state: State = acts[-1].state if acts else "draft"
            self._append(verb, plan_id, by, why, state, None, details)

    def prune(self, keep: int, keep_landed: int | None = None) -> list[str]:
        """Remove all but the newest `keep` drafts and proposals; gives the plans removed.

        What was approved, or is or was effective, always stays.

        Args:
            keep_landed: how many of them keep what connections had brought; None: all.
        """
        with self._locked():
            acts, today = self._log.acts(), self.today()
            undecided = [p for p in self.plan_ids() if state_of(acts, p, today) in _UNDECIDED]
            last = {act.plan_id: number for number, act in enumerate(acts)}
            undecided.sort(key=lambda p: last.get(p, -1))
            doomed = undecided[: max(len(undecided) - keep, 0)]
            for plan_id in doomed:
                remove_folder(self.folder / plan_id)
                self._append("remove", plan_id, BY_RUN, "older than retention.plans", "draft")
            kept = undecided[len(doomed) :]
            too_many = 0 if keep_landed is None else max(len(kept) - keep_landed, 0)
            for plan_id in kept[:too_many]:
                landed = self.folder / plan_id / LANDED_FOLDER
                if landed.is_dir():
                    remove_folder(landed)
        return doomed

    def _check_base(self, plan_id: str, day: date) -> None:
        """A rebalancing changes the plan it was made from, and no other.

        Raises:
            GateError: another plan holds when it is to take over.
        """
        if not (self.folder / plan_id / RECORD_NAME).is_file():
            return
        base = self.record(plan_id).rebalanced_from
        period = self.chosen(day)
        if base is not None and period is not None and period.plan_id != base:
            raise GateError(
                f"{plan_id} rebalances {base}, but {period.plan_id} is effective then, from "
                f"{period.valid_from_date}; run `territory rebalance` for a proposal that starts "
                "from that one"
            )

    def _write(
        self,
        record: PlanRecord,
        files: Mapping[str, Path | str],
        linked: Mapping[str, Path],
        target: Path,
    ) -> None:
        with building_folder(self.folder, record.plan_id) as building:
            for name in (*files, *linked):
                (building / name).parent.mkdir(parents=True, exist_ok=True)
            for name, file in linked.items():
                _link(file, building / name)
            for name, content in files.items():
                if isinstance(content, Path):
                    (building / name).write_bytes(content.read_bytes())
                else:
                    (building / name).write_text(content, encoding="utf-8")
            (building / RECORD_NAME).write_text(record.text(), encoding="utf-8")
            sync_tree(building)
            place(building, target)

    def _append(
        self,
        verb: Verb,
        plan_id: str,
        by: str,
        why: str,
        state: State,
        effective_date: date | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self._log.append(
            Act(verb, plan_id, by, why, self._clock(), state, effective_date, dict(details or {}))
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with folder_lock(_lock_folder(self.folder)):
            yield


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:
        # Another disk, or one without links.
        shutil.copyfile(file, target)


def _lock_folder(folder: Path) -> Path:
    # Not the folder itself: building a record locks that one for a moment.
    lock = folder / ".lock"
    lock.mkdir(exist_ok=True)
    return lock
