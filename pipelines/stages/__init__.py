"""The stages of a run as plain functions: settings in, tables in the working database out.

Dagster's assets in `pipelines.assets` call them and add nothing but metadata; the command line and
tests may call them directly. No module here imports Dagster.
"""
