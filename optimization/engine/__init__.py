"""The engine: assignment with two-sided limits, from arrays to a plan with a proved bound.

It knows units, reps, resources and limits, and nothing of accounts, policies or tables, so that the
public benchmark instances run through the very code that plans territories.
"""
