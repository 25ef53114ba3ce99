"""Ingest: exports of a CRM and market files become raw tables of canonical text.

A mapping file says how the columns of an export become canonical fields (`mapping`, `entities`).
Each file is inspected and landed as text (`inspection`, `landing`), shaped and judged by SQL
generated from its mapping (`field_sql`, `shaping`, `lookup`), and split into loaded, quarantined,
duplicate and excluded rows that add up to what was read (`loading`, `ledger`). Connectors to CRM
interfaces belong here too; anything that interprets values beyond their type belongs in dbt.
"""

from pipelines.ingest.business_date import latest_business_date
from pipelines.ingest.ledger import FileLoad, Finding
from pipelines.ingest.mapping import SourceMapping, mapping_schema
from pipelines.ingest.mapping_file import load_mapping
from pipelines.ingest.sources import (
    IngestResult,
    Progress,
    SourceInput,
    ingest_sources,
    input_digest,
)

__all__ = [
    "FileLoad",
    "Finding",
    "IngestResult",
    "Progress",
    "SourceInput",
    "SourceMapping",
    "ingest_sources",
    "input_digest",
    "latest_business_date",
    "load_mapping",
    "mapping_schema",
]
