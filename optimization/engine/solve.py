"""From a problem to a plan with a certificate.

1. prices      large problems: good prices of all limits before any LP           (prices)
2. relaxation  the exact LP over all pairs: lower bound and prices               (lp)
3. first plan  a dive from the LP, large units first (dive; descent where there are more), beside
               local search from the rounded LP (search); exact re-deals among a few reps repair and
               improve it (regroup); in the largest problems all of that group by group   (groups)
4. elastic     where no plan keeps every hard limit: the least total excess, proved by HiGHS in
               smaller problems; the cheapest plan of little more; then 2 and 3 within limits that
               are widened by what that plan needs of each
5. rounds      pairs that no better plan can use are dropped by the certificate (fixing); what is
               left goes to HiGHS whole where it is small, part by part where it is not, beside
               further local search

Tiny problems go to the whole Pyomo model at once and are proved optimal (exact). Plans and prices
of a problem much like this one (`start`) make 1 unnecessary and 2 short, and are among those of 3.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Any

import numpy as np

from optimization.engine.answer import Answer, NoPlanYet, Tell
from optimization.engine.bound import Certificate, certify
from optimization.engine.candidates import held_arcs, open_arcs
from optimization.engine.dense import DensePairs
from optimization.engine.descent import AGAIN, BY_SIZE, BY_STAKE, descend
from optimization.engine.dive import plan_by_dive
from optimization.engine.exact import solve_exactly
from optimization.engine.fixing import surviving_arcs
from optimization.engine.groups import Group, Shares, group_numbers, groups_of
from optimization.engine.large_units import branch_on_large
from optimization.engine.lp import ROUND_LIMIT, LpOptimum, solve_lp
from optimization.engine.model import ModelAnswer, solve_model
from optimization.engine.modes import raise_bound
from optimization.engine.population import Population, searches
from optimization.engine.prices import fit_prices
from optimization.engine.problem import TOLERANCE, Arcs, Ints, Prices, Problem
from optimization.engine.regroup import deal_again
from optimization.engine.rounding import rounded, settled
from optimization.engine.start import Start
from optimization.engine.watch import Watch

# Up to this many pairs the whole model goes to HiGHS at once. Up to the second number it proves the
# least relaxation where limits must give way, with so many times the nodes of other models: with
# slack of 0.02 targets 132 units x 6 reps take 2 to 4 s, 262 x 10 take 5 s, 261 x 20 minutes.
TINY_ARCS = 400
EXACT_ARCS = 3_000
LEAST_NODES, MOST_LEAST_NODES = 10, 10_000
# Rounds of search among plans of little more than the least relaxation.
SPARE_ROUNDS = 6
# From this many pairs on, prices are fitted before the first LP.
FITTED_PAIRS = 300_000
# Surviving pairs that one integer model may have.
MODEL_ARCS = 20_000
# Units per rep whose owner is looked at again; the prices settle the others. In large problems
# fewer (20,000 x 100 ends at 0.15 % with 80, at 0.19 % with 150), many where limits stay broken.
OPEN_PER_REP, LARGE_OPEN_PER_REP, WIDE_PER_REP = 150, 80, 250
# Up to this many units plans begin with a dive and end with re-deals and branching with cuts, which
# suits assignment instances. Books of 1,752 units x 40 reps that cannot keep all bands end with
# 0.25 instead of 0.40 targets of excess by a descent, in a fifth of the time; at 17,500 units a
# dive takes 84 s.
LARGE_UNITS = 1_700
# Re-deals of larger problems, those that lose most first, and up to how many units there are any.
LARGE_PARTS, DEALT_UNITS = 24, 50_000
# Share of the value at which the LP of so many pairs may end, and from how many on there is none:
# at 875,000 units x 1,000 reps it took six minutes without a plan, after prices within 0.03 %.
LP_GAP, LP_GAP_PAIRS = 1e-4, 20_000_000
LP_PAIRS = 200_000_000
# Beyond so many pairs reps are planned in groups of so many (`groups`): at 175,000 units x 500 reps
# one step of a descent takes 40 s, at 17,000 x 50 it takes 0.05 s.
GROUPED_PAIRS, GROUP_REPS = 20_000_000, 50
# Nodes of the branching on large units there: 30 take 12 s of one core and raise the bound by
# 0.024 % at 20,000 x 100, 10 take 5 s for 0.014 %.
LARGE_NODES = 24
# Nodes of the branching on large units: 0.07 s each on the sample company (30,000 pairs), where 100
# raise the bound by 0.4 %; 0.4 s each at 2,000 accounts and 40 reps, where 30 raise it by 0.08 %.
QUICK_PAIRS = 40_000
MANY_NODES, FEW_NODES = 100, 10
# Nodes of the first integer model.
FIRST_NODES = 200


def solve(
    problem: Problem,
    watch: Watch | None = None,
    tell: Tell | None = None,
    *,
    start: Start | None = None,
) -> Answer:
    """The best plan found and a proved bound on every plan.

    start: plans and prices of a problem much like this one; the plan is no worse than any of them.
    Deterministic for a problem (with its seed and effort) and a start unless the watch strikes.

    Raises:
        NoPlanYet: the watch struck before there was any plan.
        SolverError: HiGHS refused a model.
    """
    watch = watch or Watch()
    if start is None:
        return _Solve(problem, watch, tell or _quiet).run()
    return _Solve(problem, watch, tell or _quiet, start.prices, start.owners).run()


class _Solve:
    """The state of one solve: the best plan, the best bound, and the prices behind it."""

    def __init__(
        self,
        problem: Problem,
        watch: Watch,
        tell: Tell,
        start: Prices | None = None,
        plans: Sequence[Ints] = (),
    ) -> None:
        self.problem, self.watch, self.tell_outside, self.start = problem, watch, tell, start
        self.plans = plans
        self.asked = problem  # with its limits before any is widened
        self.effort = problem.effort
        self.owner: Ints | None = None
        self.cost = np.inf
        self.relaxation = np.inf
        self.allowance = 0.0  # total relaxation a plan may have
        self.bound = -np.inf
        self.least_relaxation = 0.0
        self.certificate: Certificate | None = None
        self.status = "work_limit"
        self.step = cost_step(problem)
        self.population = Population()

    # -- the way ---------------------------------------------------------------------------------

    def run(self) -> Answer:
        problem = self.problem
        if problem.unit_count == 0:
            return self._nothing()
        if problem.pairs.pair_count() <= TINY_ARCS:
            answer = self._exactly()
            if answer.status != "work_limit":
                return answer
            self._allow(0.0)
            if answer.relaxation == 0:
                self.bound = answer.bound
        lp = self._root()
        arcs = None
        if self._is_grouped:
            self._plan_groups(lp)
        else:
            arcs = self._candidates(lp)
            self._first_plan(lp, arcs)
        if self.relaxation > 0 and not self.watch.is_over():
            if problem.pairs.pair_count() <= EXACT_ARCS and not self.least_relaxation:
                self._relax_least()
            if not self._is_grouped and not self._is_brief:
                lp = self._relax_cheaply(lp)
            lp = self._widen(lp)
            arcs = self._candidates(lp)
            if not self._is_brief:
                self._offer_all(self._searches(arcs, 0))
            self._tell("plan within widened limits")
        if arcs is not None:
            self._rounds(arcs)
        return self._answer()

    def _rounds(self, arcs: Arcs) -> None:
        for number in range(0 if self._is_brief else self.effort.rounds):
            if self._is_closed() or self.watch.is_over():
                break
            if not self._round(number, arcs):
                break

    # -- the parts -------------------------------------------------------------------------------

    def _nothing(self) -> Answer:
        """Without units every plan is the empty one; it may still miss lower limits."""
        problem = self.problem
        owner = np.zeros(0, dtype=np.int64)
        plan = problem.evaluate(owner)
        prices = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
        return Answer(
            owner=owner,
            objective=plan.objective,
            bound=plan.objective,
            prices=prices,
            relaxation=plan.relaxation,
            least_relaxation=plan.relaxation,
            status="optimal",
            is_repeatable=True,
        )

    def _exactly(self) -> Answer:
        """The small tier; the LP only gives the prices that explain the plan."""
        exact = solve_exactly(self.problem, self.watch, tell=self.tell_outside, start=self.owner)
        lp = solve_lp(
            self.problem,
            penalty=self._penalty,
            relaxation=_room(exact.relaxation),
            watch=Watch(),
        )
        bound = max(exact.bound, lp.certificate.bound)
        self._keep_bound(bound, lp.certificate)
        self._offer(exact.owner)
        self.least_relaxation = exact.least_relaxation_bound
        self.allowance = _room(exact.relaxation)
        self.status = exact.status
        return self._answer()

    def _root(self) -> LpOptimum:
        """The LP of all pairs, elastic; harder where a soft penalty did not keep the limits."""
        start = self.start
        if start is None and self.problem.pairs.pair_count() > FITTED_PAIRS:
            start = fit_prices(
                self.problem,
                self.watch,
                tell=self.tell_outside,
                penalty=self._penalty,
                raises_penalty=self._is_priced_only,
            )
            fitted = certify(self.problem, start)
            self._keep_bound(fitted.bound, fitted)
        penalty = self._penalty
        lp = self._lp(penalty, start)
        if self._is_priced_only:
            return lp
        if lp.relaxation > TOLERANCE and lp.is_exact:
            lp = self._lp(1_000 * penalty, lp.prices)
        return lp

    def _lp(self, penalty: float, start: Prices | None) -> LpOptimum:
        lp = solve_lp(
            self.problem,
            penalty=penalty,
            relaxation=self.allowance,
            start=start,
            watch=self.watch,
            tell=self.tell_outside,
            rel_gap=LP_GAP if self.problem.pairs.pair_count() > LP_GAP_PAIRS else 0.0,
            round_limit=0 if self._is_priced_only else ROUND_LIMIT,
        )
        self._keep_bound(lp.certificate.bound, lp.certificate)
        self._tell("linear relaxation")
        return lp

    @cached_property
    def _penalty(self) -> float:
        """USD for a whole target of excess: ten times what a mean territory costs at best."""
        problem = self.problem
        zero = Prices.zero(problem.rep_count, len(problem.resources), len(problem.budgets))
        best = problem.pairs.cheapest(zero, 1).priced[:, 0]
        return 10 * max(float(np.abs(best).sum()) / max(problem.rep_count, 1), 1.0)

    @property
    def _is_priced_only(self) -> bool:
        return self.problem.pairs.pair_count() > LP_PAIRS

    @property
    def is_large(self) -> bool:
        return self.problem.unit_count > LARGE_UNITS

    @property
    def _is_grouped(self) -> bool:
        return self.problem.pairs.pair_count() > GROUPED_PAIRS

    @property
    def _descends(self) -> bool:
        """Whether the first plan comes from a descent, and searches stay near it."""
        return self.is_large and not self._is_grouped

    @property
    def _is_brief(self) -> bool:
        """Whether one descent and its searches are enough beside the plans of a start.

        At 2,000 x 40 the searches that would follow take twice the time of the first ones; they
        gain 0.01 to 0.04 % of the cost, or take 0.001 to 0.02 targets off the excess.
        """
        return bool(self.plans) and self._descends

    def _candidates(self, lp: LpOptimum, is_wide: bool = False) -> Arcs:
        """The pairs worth looking at: some for units whose owner is open, one for the others."""
        per_rep = LARGE_OPEN_PER_REP if self.is_large else OPEN_PER_REP
        if is_wide:
            return open_arcs(self.problem, lp, WIDE_PER_REP, is_gentle=False)
        return open_arcs(self.problem, lp, per_rep, is_gentle=self._descends)

    def _first_plan(self, lp: LpOptimum, arcs: Arcs) -> None:
        for owner in self.plans:
            self._offer(owner)
        if self._descends:
            manner = BY_SIZE if self.start is None else AGAIN if self.plans else BY_STAKE
            penalty = 20 * self._penalty
            owner = descend(self.problem, lp.prices, penalty, self.allowance, self.watch, manner)
            self._offer(owner)
            self._tell("large units placed")
            near = arcs
            if manner is BY_STAKE and self.certificate is not None:
                near = held_arcs(self.problem, arcs, owner, self.certificate)
            tasks = self._searches(near, 0)
        else:
            self._offer(rounded(self.problem, lp))
            tasks = self._searches(arcs, 0)
        if not self.is_large:
            tasks = [lambda: self._dive(lp, arcs), *tasks]
        self._offer_all(tasks)
        self._tell("first plan")
        if self._is_brief:
            return
        if self.relaxation > self.allowance and self.is_large:
            self._offer_all(self._searches(self._candidates(lp, is_wide=True), 0))
            self._tell("repair")
        elif self.relaxation > self.allowance and self.problem.pairs.pair_count() > EXACT_ARCS:
            self._offer(self._dealt(arcs, self._best(), max(self.problem.rep_count, 8), 0))
            self._tell("repair")

    # -- groups of reps --------------------------------------------------------------------------

    def _plan_groups(self, lp: LpOptimum) -> None:
        """Plans of groups put together; the next split begins from there, its borders elsewhere.

        A further split takes as long as the first: at 175,000 units x 500 reps 45 s, for 0.22 %
        after one, 0.21 % after two and 0.19 % after three.
        """
        self._offer(rounded(self.problem, lp))
        nobody, apart = self.problem.rep_count, None
        shares = Shares(lp.unit, lp.rep, lp.share)
        if self._is_priced_only:
            shares = Shares.of(settled(self.problem, lp.prices))
        for number in range(max(self.effort.rounds - 1, 1)):
            if self.watch.is_over():
                break
            groups = groups_of(self.problem, lp.prices, shares, GROUP_REPS, apart)
            owner = self._best().copy()
            tasks = [
                partial(self._group_plan, group, lp.prices, owner if number else None)
                for group in groups
            ]
            for group, answer in zip(groups, self._side_by_side(tasks), strict=True):
                group.put(owner, answer, nobody)
            self._offer(owner)
            self._tell("groups of reps")
            apart = group_numbers(groups, nobody)
            shares = Shares.of(self._best())
        if self.relaxation > self.allowance:
            self._offer_all(self._searches(self._candidates(lp, is_wide=True), 0))
            self._tell("repair")

    def _group_plan(self, group: Group, prices: Prices, owner: Ints | None) -> Ints:
        """(n) the best plan of one group; with owners (U), no worse than theirs."""
        problem = group.problem.with_effort(threads=1, rounds=0)
        part = _Solve(problem, self.watch, _quiet, group.prices(prices))
        lp = part._root()
        if owner is not None:
            part._offer(group.owners(owner, self.problem.rep_count))
        arcs = part._candidates(lp)
        part._first_plan(lp, arcs)
        return part._best()

    def _offer_all(self, tasks: Sequence[Callable[[], Ints]]) -> None:
        for plan in self._side_by_side(tasks):
            self._offer(plan)

    def _dive(self, lp: LpOptimum, arcs: Arcs) -> Ints:
        penalty = 20 * self._penalty
        return plan_by_dive(self.problem, lp, arcs, penalty, self.allowance, self.watch)

    def _dealt(self, arcs: Arcs, owner: Ints, parts: int, number: int) -> Ints:
        """Re-deals around the reps that exceed their limits or lose most."""
        assert self.certificate is not None
        return deal_again(
            self.problem,
            arcs,
            owner,
            self.certificate,
            parts=parts,
            allowance=self.allowance,
            seed=number,
            watch=self.watch,
            run=self._side_by_side,
        )

    def _raised(self, certificate: Certificate, number: int) -> float:
        """The bound with cuts and branching on large units, where there is a plan to prove."""
        if self.relaxation > self.allowance or number > 0:
            return certificate.bound
        nodes = MANY_NODES if self.problem.pairs.pair_count() <= QUICK_PAIRS else FEW_NODES
        return raise_bound(
            self.problem,
            certificate,
            self.cost,
            self.watch,
            nodes=nodes,
            relaxation=self.allowance,
        )

    def _branched(self, certificate: Certificate, target: float) -> float:
        """The bound of a larger problem with branching on its large units."""
        if self.relaxation > self.allowance:
            return certificate.bound
        return branch_on_large(
            self.problem,
            certificate.prices,
            certificate.bound,
            target,
            penalty=20 * self._penalty,
            room=self.allowance,
            nodes=LARGE_NODES,
            watch=self.watch,
        )

    def _best(self) -> Ints:
        assert self.owner is not None
        return self.owner

    def _searches(self, arcs: Arcs, number: int) -> list[Callable[[], Ints]]:
        """Local searches from the best plans so far; every round and lane has its own seed."""
        return searches(
            self.problem,
            arcs,
            self.population.owners,
            number=number,
            is_large=self.is_large,
            is_gentle=self._descends,
            certificate=self.certificate,
            allowance=self.allowance,
            watch=self.watch,
        )

    # -- where no plan keeps every limit -----------------------------------------------------------

    def _relax_least(self) -> None:
        """The least total excess of any plan by HiGHS, as near as the slack asks, and its proof."""
        answer = solve_model(
            self.problem,
            self.problem.pairs.all_arcs(),
            objective="relaxation",
            start=self.owner,
            watch=self.watch,
            rel_gap=min(self.effort.relaxation_slack / self.relaxation, 1.0),
            node_limit=min(LEAST_NODES * self.effort.node_limit, MOST_LEAST_NODES),
        )
        if answer.owner is not None:
            self._offer(answer.owner)
        if answer.status != "infeasible":  # as it is where a separate set cannot be kept at all
            self.least_relaxation = max(answer.bound, 0.0)
        self._tell("least relaxation")

    def _relax_cheaply(self, lp: LpOptimum) -> LpOptimum:
        """The cheapest plan found whose total excess is little more than the least.

        The last hundredth of a target is dear: at 262 units x 10 reps a plan of 0.283 targets
        costs 2.33 million USD, one of 0.296 costs 1.84 million.
        """
        if self.problem.evaluate(self._best()).clashes:
            return lp
        least = self.least_relaxation or self.relaxation
        self._allow(max(least + self.effort.relaxation_slack, self.relaxation))
        lp = self._lp(1_000 * self._penalty, lp.prices)
        arcs = self._candidates(lp)
        for number in range(SPARE_ROUNDS):
            if self.watch.is_over():
                break
            self._offer_all(self._searches(arcs, number + 1))
        self._tell("cheapest relaxation")
        return lp

    def _allow(self, relaxation: float) -> None:
        """Let plans have so much total excess, and look at the known ones again."""
        self.allowance = _room(relaxation)
        self.bound, self.certificate = -np.inf, None
        known = self.population.owners
        self.population.clear()
        self.owner, self.cost, self.relaxation = None, np.inf, np.inf
        for owner in known:
            self._offer(owner)

    def _widen(self, lp: LpOptimum) -> LpOptimum:
        """Widen each limit by what the best plan needs, and bound the plans within.

        A total excess that may be spent anywhere would be the weaker certificate: at 2,000 x 40 its
        bound lies 0.3 to 1 % lower.
        """
        clashes = self.problem.evaluate(self._best()).clashes
        self.problem = self.problem.widened(self._best())
        self.bound, self.certificate = -np.inf, None
        self.relaxation = float(clashes)
        self.allowance = _room(self.relaxation)
        self.population.clear()
        self.population.add(self._best(), 0.0, self.cost)
        return self._lp(1_000 * self._penalty, lp.prices)

    def _round(self, number: int, arcs: Arcs) -> bool:
        """An integer model or re-deals beside further search; False where nothing is left to try.

        Both do work of a fixed size and start from the same plan, so that the result is the same
        whether they run side by side or one after the other.
        """
        certificate, owner = self.certificate, self.owner
        assert certificate is not None
        assert owner is not None
        target = self.cost - self.step * (1 - 1e-6)
        left = surviving_arcs(self.problem, certificate, target, MODEL_ARCS)
        if left is None and self.is_large:
            before = (self.relaxation, self.cost)
            tasks: list[Callable[[], Any]] = [*self._searches(arcs, number + 1)]
            if self._descends and number == 0:
                tasks.append(lambda: self._branched(certificate, target))
            for found in self._side_by_side(tasks):
                if isinstance(found, float):
                    self._keep_bound(found, None)
                else:
                    self._offer(found)
            self._tell("search")
            if self.problem.unit_count <= DEALT_UNITS and not self._descends:
                self._offer(self._dealt(arcs, self._best(), LARGE_PARTS, number + 1))
                self._tell("re-deals")
            return (self.relaxation, self.cost) < before
        if left is None:
            parts = self.problem.rep_count // 2
            plan, bound = self._side_by_side(
                [
                    lambda: self._dealt(arcs, owner, parts, number + 1),
                    lambda: self._raised(certificate, number),
                ]
            )
            self._offer(plan)
            self._keep_bound(bound, None)
            self._tell("re-deals and branching")
            self._offer_all(self._searches(arcs, number + 1))
            self._tell("search")
            return True
        ended: list[ModelAnswer] = []

        def model() -> Ints:
            answer = self._model(left, number)
            ended.append(answer)
            return owner if answer.owner is None else answer.owner

        self._offer_all([model, *self._searches(arcs, number + 1)])
        # Nothing better is among the pairs left out, so the model's bound holds for all plans.
        self._keep_bound(min(ended[0].bound, self.cost), None)
        self._tell("integer model and search")
        return ended[0].status != "optimal"

    def _model(self, left: Arcs, number: int) -> ModelAnswer:
        """HiGHS over the surviving pairs, with four times the nodes of the round before."""
        nodes = min(FIRST_NODES * 4**number, self.effort.node_limit)
        return solve_model(
            self.problem,
            left,
            relaxation=self.allowance,
            start=self.owner,
            watch=self.watch,
            rel_gap=self.effort.rel_gap / 2,
            node_limit=nodes,
        )

    def _side_by_side(self, tasks: Sequence[Callable[[], Any]]) -> list[Any]:
        """The answers of all tasks, in their order, on as many threads as allowed."""
        if self.effort.threads <= 1:
            return [task() for task in tasks]
        with ThreadPoolExecutor(self.effort.threads) as pool:
            return list(pool.map(lambda task: task(), tasks))

    # -- what is known ---------------------------------------------------------------------------

    def _offer(self, owner: Ints) -> None:
        """Keep the plan of less excess beyond the allowance, then of less cost."""
        plan = self.problem.evaluate(owner)
        relaxation = plan.relaxation + plan.clashes
        mine = max(relaxation - self.allowance, 0.0), plan.objective
        best = max(self.relaxation - self.allowance, 0.0), self.cost
        self.population.add(owner, *mine)
        if self.owner is None or mine < best:
            self.owner, self.cost, self.relaxation = owner, plan.objective, relaxation

    def _keep_bound(self, bound: float, certificate: Certificate | None) -> None:
        if certificate is not None and self.problem.separate:
            # The LP's bound counts prices of separate sets that its certificate does not hold, and
            # its penalty where no plan keeps a set: neither may drop pairs or close the gap.
            certificate = certify(self.problem, certificate.prices, self.allowance)
            bound = certificate.bound
        if self.step and np.isfinite(bound):
            bound = np.ceil(bound / self.step - 1e-6) * self.step
        self.bound = max(self.bound, bound)
        if certificate is not None and (
            self.certificate is None or certificate.bound >= self.certificate.bound
        ):
            self.certificate = certificate

    def _is_closed(self) -> bool:
        inside = self.relaxation <= self.allowance
        return inside and self.cost - self.bound <= self.effort.rel_gap * abs(self.cost)

    def _tell(self, stage: str) -> None:
        cost = self.cost if self.owner is not None else None
        self.tell_outside(stage, self.bound if np.isfinite(self.bound) else None, cost)

    def _answer(self) -> Answer:
        assert self.certificate is not None
        if self.owner is None:
            raise NoPlanYet
        bound = min(self.bound, self.cost)
        status = self.status
        # A cheapest plan of its relaxation is no optimum while a much smaller one is possible.
        asked = self.asked.evaluate(self.owner)
        relaxation = asked.relaxation + asked.clashes
        least = self.least_relaxation + self.effort.relaxation_slack
        is_least = relaxation <= (least if relaxation > 0 else 0.0) + 2 * TOLERANCE
        if is_least and self.cost - bound <= 1e-9 * max(abs(self.cost), 1.0):
            status = "optimal"
        elif is_least and self._is_closed():
            status = "within_gap"
        elif self.watch.is_interrupted():
            status = "interrupted"
        elif self.watch.has_struck:
            status = "time_limit"
        return Answer(
            owner=self.owner,
            objective=self.cost,
            bound=bound,
            prices=self.certificate.prices,
            relaxation=relaxation,
            least_relaxation=self.least_relaxation,
            status=status,
            is_repeatable=not self.watch.has_struck,
        )


def cost_step(problem: Problem) -> float:
    """1 where every plan costs a whole number, so that bounds may be rounded up; otherwise 0."""
    pairs, limits = problem.pairs, problem.limits
    if not isinstance(pairs, DensePairs) or limits.price_above.any() or limits.price_below.any():
        return 0.0
    cost = pairs.cost[pairs.allowed]
    return 1.0 if cost.size and (cost == np.round(cost)).all() else 0.0


def _room(relaxation: float) -> float:
    """The allowance for a plan of that relaxation: it must not be cut off by rounding."""
    return relaxation + TOLERANCE if relaxation > 0 else 0.0


def _quiet(stage: str, bound: float | None, cost: float | None) -> None:
    """Nobody listens."""
