"""An independent check of a plan: everything is computed again from the tables and the policy.

Nothing here is shared with the planning model. Units, locks, eligibility, values, targets and
limits are derived anew with polars and plain numpy, by other means than the model's where there are
any, and held against the plan's tables. A solver that answers "optimal" to a model whose
constraints it dropped is caught here. `verify.verify_plan` is the way in.
"""
