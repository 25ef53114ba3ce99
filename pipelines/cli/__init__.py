"""The command line: `territory run`, `check`, `plans`, `push` and the other commands.

Every command ends with an exit code of the contract (0 done, 2 bad configuration or input, 3 a gate
stopped the run, 4 no feasible plan, 1 anything else) and one message that says what to do.
"""

import os
import sys

import click

from pipelines.cli.check import check
from pipelines.cli.compare import compare
from pipelines.cli.console import complain
from pipelines.cli.demo import demo
from pipelines.cli.explain import explain
from pipelines.cli.frontier import frontier
from pipelines.cli.headcount import headcount
from pipelines.cli.optimize import optimize
from pipelines.cli.plans import plan, plans
from pipelines.cli.push import push
from pipelines.cli.rebalance import rebalance
from pipelines.cli.route import route
from pipelines.cli.run import run
from pipelines.cli.serve import serve
from pipelines.cli.status import status
from pipelines.errors import TerritoryError, near, quote


class _SuggestingGroup(click.Group):
    """A command group that names the nearest command when one is mistyped."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            raise click.UsageError(
                f"no command '{args[0]}'{near(args[0], self.commands)}", ctx
            ) from None


@click.group(cls=_SuggestingGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sales-territory-pipeline")
def territory() -> None:
    """Plan balanced sales territories from CRM files, and say why."""


for _command in (
    *(run, rebalance, route, check, status, serve, explain, compare),
    *(plans, plan, push, optimize, frontier, headcount, demo),
):
    territory.add_command(_command)


def main() -> None:
    """Entry point of the `territory` command."""
    try:
        territory.main(standalone_mode=False)
    except TerritoryError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted; the last publication is untouched")
        # dbt's threads may still work in DuckDB; waiting for them at a normal exit aborts the
        # process. Nothing is lost: a killed run leaves nothing that the next one needs.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        if os.environ.get("TERRITORY_DEBUG"):
            raise
        complain(
            f"unexpected {type(error).__name__}: {quote(str(error))}; the last publication is "
            "untouched. Set TERRITORY_DEBUG=1 to see where it happened"
        )
        sys.exit(1)
