"""Who is told when the chosen plan has drifted."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class NotificationSettings(BaseModel):
    """Where a notification goes. Failures are reported and never stop a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    log: bool = Field(default=True, description="Write it to the log of the run.")
    file: Path | None = Field(
        default=None,
        description="Append it as a line of JSON to this file, relative to this settings file.",
    )
    webhook_url_env: str | None = Field(
        default=None,
        min_length=1,
        description="Environment variable that holds the address to POST the JSON to (Slack, "
        "Teams, Mattermost or your own); the address is a secret.",
    )
    webhook_timeout_seconds: float = Field(
        default=10.0, gt=0, le=120, description="Longest wait for the webhook's answer."
    )
