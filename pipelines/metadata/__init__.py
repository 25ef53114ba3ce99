"""The `meta_*` tables: what ran, what every table and column means, and where it comes from."""

from pipelines.metadata.run_facts import RunFacts
from pipelines.metadata.version import code_version, package_versions
from pipelines.metadata.write import write_metadata

__all__ = ["RunFacts", "code_version", "package_versions", "write_metadata"]
