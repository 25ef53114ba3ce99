"""The settings of a source that is no folder of files."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipelines.ingest.mapping import CsvOptions


class _Connector(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    further_tables: list[str] = Field(
        default_factory=list,
        description="Tables to land beside those the mapping reads, with all their columns, such "
        "as Territory2 for the write-back.",
    )
    max_shrink_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A table that can only be read whole and lost more than this share of its "
        "rows since the last load stops the run: half an answer looks like mass deletion.",
    )


class _Remote(_Connector):
    overlap_minutes: float = Field(
        default=10,
        ge=0,
        description="Each load asks again for this time before the last change it saw: changes "
        "may become visible late.",
    )
    timeout_seconds: float = Field(
        default=60, gt=0, description="Longest wait for a connection or the next piece of a body."
    )
    total_seconds: float = Field(default=600, gt=0, description="Longest time for one answer.")
    max_body_mb: int = Field(
        default=512, ge=1, description="Largest answer after decompression, in MB."
    )
    attempts: int = Field(
        default=6, ge=1, description="How often a request is tried while the server is busy."
    )
    first_wait_seconds: float = Field(
        default=1, gt=0, description="Pause before the second try; doubles with each further one."
    )
    longest_wait_seconds: float = Field(
        default=120, ge=0, description="A server that asks for a longer pause ends the run."
    )


class DuckDBSettings(_Connector):
    """Tables that a loading tool keeps in a DuckDB file."""

    type: Literal["duckdb"]
    database: Path = Field(
        description="The file, relative to this settings file; environment variables are expanded."
    )
    schema_: str = Field(default="main", alias="schema", description="The schema of its tables.")


class FileTableSettings(BaseModel):
    """The files of one table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: str = Field(
        description="Name, pattern or directory, in the path of the connector: deals_*.csv."
    )
    key: list[str] = Field(
        default_factory=list, description="Columns that name a record; with a cursor only."
    )
    cursor: str | None = Field(
        default=None,
        description="Column that says when a record last changed. Of several rows of a record the "
        "latest counts, whichever file it is in, and the others are its history. Without it the "
        "table is one file that holds all of it.",
    )
    cursor_format: list[str] = Field(
        default_factory=list,
        description="strptime formats of the cursor, tried in turn. Default: ISO.",
    )
    is_deleted: str | None = Field(
        default=None, description="Column that is true, yes or 1 in rows of deleted records."
    )
    csv: CsvOptions = Field(
        default_factory=CsvOptions, description="How delimited files are written."
    )

    @model_validator(mode="after")
    def _key_and_cursor(self) -> Self:
        if bool(self.key) != (self.cursor is not None):
            raise ValueError("key and cursor go together")
        return self


class FilesSettings(_Connector):
    """Files that keep coming, whole or with what changed; what they bring is kept."""

    type: Literal["files"]
    path: Path = Field(
        description="Their folder, relative to this settings file; environment variables are "
        "expanded."
    )
    tables: dict[str, FileTableSettings] = Field(
        min_length=1, description="The tables by the name the mapping gives them."
    )


class SalesforceSettings(_Remote):
    """A Salesforce organisation; docs/sources.md says how to set up the credentials."""

    type: Literal["salesforce"]
    login_url: str = Field(
        description="The organisation's own address (My Domain), https://….my.salesforce.com."
    )
    api_version: str = Field(default="61.0", pattern=r"^[0-9]+\.0$", description="API version.")
    secret_prefix: str = Field(
        default="SALESFORCE",
        pattern="^[A-Z][A-Z0-9_]*$",
        description="The secrets are the environment variables <prefix>_CLIENT_ID and "
        "<prefix>_CLIENT_SECRET, or <prefix>_ACCESS_TOKEN.",
    )
    bulk_rows: int = Field(
        default=20_000,
        ge=0,
        description="Answers with more records are fetched through Bulk API 2.0.",
    )
    poll_seconds: float = Field(
        default=2, gt=0, description="Pause between two looks at a bulk job."
    )
    bulk_write_rows: int = Field(
        default=2_000,
        ge=200,
        description="Pushes with more changes of one kind send them as a Bulk API 2.0 job, smaller "
        "ones in requests of 200 rows.",
    )
    territory2_model: str | None = Field(
        default=None,
        min_length=1,
        description="The territory model a push writes to, by developer name, label or id. "
        "Needed where the organisation has several that are not archived.",
    )


class HubSpotSettings(_Remote):
    """A HubSpot account; docs/sources.md says how to set up the token."""

    type: Literal["hubspot"]
    base_url: str = Field(default="https://api.hubapi.com", description="Address of the API.")
    secret_prefix: str = Field(
        default="HUBSPOT",
        pattern="^[A-Z][A-Z0-9_]*$",
        description="The token is the environment variable <prefix>_ACCESS_TOKEN.",
    )


ConnectorSettings = Annotated[
    FilesSettings | DuckDBSettings | SalesforceSettings | HubSpotSettings,
    Field(discriminator="type"),
]
