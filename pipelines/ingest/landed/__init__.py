"""What connectors have brought, kept between runs as Parquet that a run reads like any other file.

`store` holds the batches and their manifest, `extraction` asks a connector for what is new,
`history` says since when a field has had its value. Decision 0016 has the reasons.
"""
