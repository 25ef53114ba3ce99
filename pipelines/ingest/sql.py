"""Quoting for generated SQL: headings and values of source files may hold anything."""

from collections.abc import Iterable


def literal(value: str) -> str:
    """`value` as an SQL string."""
    return "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literals(values: Iterable[str]) -> str:
    """`values` as a comma-separated list of SQL strings."""
    return ", ".join(literal(value) for value in values)


def case(branches: Iterable[tuple[str, str]], otherwise: str = "NULL") -> str:
    """A searched CASE over (condition, result) pairs; `otherwise` alone when there are none."""
    arms = " ".join(f"WHEN {condition} THEN {result}" for condition, result in branches)
    return f"CASE {arms} ELSE {otherwise} END" if arms else otherwise
