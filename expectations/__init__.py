"""Great Expectations suites, the engine that runs them in DuckDB, and their results as rows."""
