"""The pipeline: connectors, Dagster assets, publication and the command line.

Orchestration only wires: an asset body reads, calls a plain function and writes. Whatever computes
lives beside it (or in `optimization`, `expectations`, `dbt_project`) and never imports Dagster.
"""
