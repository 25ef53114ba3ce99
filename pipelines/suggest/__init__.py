"""A first mapping for an export nobody has mapped yet: `territory check --suggest FILE`."""

from pipelines.suggest.draft import Draft, Guess, draft_mapping
from pipelines.suggest.writing import as_yaml

__all__ = ["Draft", "Guess", "as_yaml", "draft_mapping"]
