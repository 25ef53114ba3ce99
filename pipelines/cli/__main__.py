"""`python -m pipelines.cli`: the same command line where no script is installed."""

from pipelines.cli import main

# Processes that solve scenarios import this module, too.
if __name__ == "__main__":
    main()
