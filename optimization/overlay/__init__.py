"""A second role over the accounts of a plan: who covers what, at which ratio."""
