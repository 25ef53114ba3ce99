"""Keeping the chosen plan true: which plan that is, what is new, and whom to tell."""
