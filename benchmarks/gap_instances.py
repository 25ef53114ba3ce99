"""Instances of the generalized assignment problem: the public file format and the public recipes.

    python -m benchmarks.gap_instances --kind d --agents 80 --jobs 1600 --seed 1 --out d801600

Format: `agents jobs`, the cost matrix (agents x jobs), the load matrix (agents x jobs), the
capacities; numbers separated by white space, line breaks anywhere. Cost is minimised.

Recipes: types c and d after Chu & Beasley (1997), type e after Laguna et al. (1995) as given by
Yagiura, Ibaraki & Glover (2004). U is uniform over whole numbers, ends included, u over (0, 1].

    c   load U(5, 25), cost U(10, 50), capacity 0.8 * sum of the agent's loads / agents
    d   load U(1, 100), cost 111 - load + U(-10, 10), capacity as c
    e   load 1 - 10 ln u, cost 1000 / load - 10 u, capacity max(0.8 * sum of loads / agents,
        largest load)
"""

import argparse
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
KINDS = ("c", "d", "e")


class BadInstance(Exception):
    """A file that is not an instance; the message names the file and the place."""


@dataclass(frozen=True)
class Instance:
    """cost, load: (agents, jobs). capacity: (agents)."""

    cost: Floats
    load: Floats
    capacity: Floats

    @property
    def agents(self) -> int:
        return self.cost.shape[0]

    @property
    def jobs(self) -> int:
        return self.cost.shape[1]

    @cached_property
    def is_whole(self) -> bool:
        """Whether all costs are whole numbers, so that a bound may be rounded up."""
        return bool((self.cost == np.round(self.cost)).all())

    def check(self, assignment: list[int]) -> tuple[float, str | None]:
        """Value of an assignment (agent of each job, from 0), and what is wrong with it if it is.

        Counts with the numbers of the file alone: nothing of the engine takes part.
        """
        owner = np.asarray(assignment)
        if owner.shape != (self.jobs,):
            return float("nan"), f"{owner.size} jobs assigned, not {self.jobs}"
        if ((owner < 0) | (owner >= self.agents)).any():
            return float("nan"), "a job without an agent"
        jobs = np.arange(self.jobs)
        used = np.zeros(self.agents)
        np.add.at(used, owner, self.load[owner, jobs])
        worst = int(np.argmax(used - self.capacity))
        fault = None
        if used[worst] > self.capacity[worst] * (1 + 1e-9):
            fault = f"agent {worst} carries {used[worst]:g} of {self.capacity[worst]:g}"
        return float(self.cost[owner, jobs].sum()), fault


def read_instance(path: Path) -> Instance:
    """The instance in a file.

    Raises:
        BadInstance: the file cannot be read, holds something that is not a number, too few or too
            many numbers, or negative loads or capacities.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInstance(f"{path}: cannot be read ({error})") from error
    words = [(word, line) for line, row in enumerate(text.splitlines(), 1) for word in row.split()]
    numbers = np.array([_number(path, word, line) for word, line in words])
    if numbers.size < 2:
        raise BadInstance(f"{path}: line 1 must hold the numbers of agents and of jobs")
    agents, jobs = numbers[:2]
    if agents < 1 or jobs < 1 or agents % 1 or jobs % 1:
        raise BadInstance(
            f"{path}: line {words[0][1]}: {agents:g} agents and {jobs:g} jobs; "
            "both must be whole numbers from 1"
        )
    agents, jobs = int(agents), int(jobs)
    wanted = 2 + 2 * agents * jobs + agents
    if numbers.size < wanted:
        raise BadInstance(
            f"{path}: ends at line {words[-1][1]} after {numbers.size} numbers; "
            f"{agents} agents x {jobs} jobs need {wanted}"
        )
    if numbers.size > wanted:
        raise BadInstance(
            f"{path}: line {words[wanted][1]}: more than the {wanted} numbers of "
            f"{agents} agents x {jobs} jobs"
        )
    cost, load = numbers[2 : 2 + 2 * agents * jobs].reshape(2, agents, jobs)
    negative = np.flatnonzero(numbers[2 + agents * jobs :] < 0)
    if negative.size:
        word, line = words[2 + agents * jobs + int(negative[0])]
        raise BadInstance(f"{path}: line {line}: load or capacity {word} is negative")
    return Instance(cost, load, numbers[2 + 2 * agents * jobs :])


def _number(path: Path, word: str, line: int) -> float:
    try:
        number = float(word)
    except ValueError:
        raise BadInstance(f"{path}: line {line}: {word[:40]!r} is not a number") from None
    if not np.isfinite(number):
        raise BadInstance(f"{path}: line {line}: {word!r} is not a finite number")
    return number


def file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_instance(path: Path, instance: Instance) -> None:
    """Write in the public format; whole numbers without a point."""
    rows = [f"{instance.agents} {instance.jobs}"]
    for table in (instance.cost, instance.load, instance.capacity[None, :]):
        rows += [" ".join(f"{number:.15g}" for number in row) for row in table]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def made_instance(kind: str, agents: int, jobs: int, seed: int) -> Instance:
    """An instance by the recipe of its type (module docstring)."""
    draw = np.random.default_rng(seed)
    shape = (agents, jobs)
    if kind == "c":
        load = draw.integers(5, 25, shape, endpoint=True).astype(float)
        cost = draw.integers(10, 50, shape, endpoint=True).astype(float)
    elif kind == "d":
        load = draw.integers(1, 100, shape, endpoint=True).astype(float)
        cost = 111 - load + draw.integers(-10, 10, shape, endpoint=True)
    elif kind == "e":
        exact = 1 - 10 * np.log(1 - draw.random(shape))
        cost = np.floor(1000 / exact - 10 * draw.random(shape))
        load = np.floor(exact)
    else:
        raise ValueError(f"type {kind!r}; known are {', '.join(KINDS)}")
    capacity = np.floor(0.8 * load.sum(axis=1) / agents)
    if kind == "e":
        capacity = np.maximum(capacity, load.max(axis=1))
    return Instance(cost, load, capacity)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write an instance by a public recipe.")
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--agents", type=int, required=True)
    parser.add_argument("--jobs", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    write_instance(asked.out, made_instance(asked.kind, asked.agents, asked.jobs, asked.seed))


if __name__ == "__main__":
    main()
