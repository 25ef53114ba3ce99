"""Great Expectations suites, the engine that runs them in DuckDB, and their results as rows.

`suites/<stage>/<name>.yaml` holds the rules, one file per table; README.md explains how to write
one. Importing this package does not import Great Expectations.
"""

from expectations.errors import CheckExecutionError, SuiteError
from expectations.result import CheckResult
from expectations.run import run_suites
from expectations.specs import CheckSpec, check_specs
from expectations.suite import Check, Suite, load_suites

__all__ = [
    "Check",
    "CheckExecutionError",
    "CheckResult",
    "CheckSpec",
    "Suite",
    "SuiteError",
    "check_specs",
    "load_suites",
    "run_suites",
]
