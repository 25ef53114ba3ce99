"""The planning model and its solvers. Knows tables and arrays; no Dagster, DuckDB or dbt."""
