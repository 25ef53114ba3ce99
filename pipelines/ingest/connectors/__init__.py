"""Connectors: where tables come from when they are no files.

One protocol (`protocol`): list the tables, read one since a cursor, as Arrow record batches of
text. `salesforce`, `hubspot` and `duckdb_tables` speak it; `guarded_http` is the only way out of
the machine. What they bring goes to `pipelines.ingest.landed`, which keeps it between runs; nothing
here knows canonical fields or mappings.
"""
