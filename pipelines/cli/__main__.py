"""`python -m pipelines.cli`: the same command line where no script is installed."""

from pipelines.cli import main

main()
