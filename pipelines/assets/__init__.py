"""Dagster assets: one per table, from source file to published release.

What belongs here: wiring, metadata, asset checks. What does not: any computation; the stages in
`pipelines.stages` do that and know nothing of Dagster.
"""
