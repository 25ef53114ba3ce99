"""Publication: the audited tables of a run become a release that readers see all at once."""

from pipelines.publish.contract import (
    CONTRACT_TABLES,
    CONTRACT_VERSION,
    RESTRICTED_TABLES,
    check_contract,
)
from pipelines.publish.manifest import Manifest, damages
from pipelines.publish.release import (
    PublishRequest,
    Recovery,
    Release,
    current_release,
    publish_release,
    read_manifest,
    recover,
)
from pipelines.publish.retention import prune_quarantine, prune_releases, prune_run_storage

__all__ = [
    "CONTRACT_TABLES",
    "CONTRACT_VERSION",
    "RESTRICTED_TABLES",
    "Manifest",
    "PublishRequest",
    "Recovery",
    "Release",
    "check_contract",
    "current_release",
    "damages",
    "prune_quarantine",
    "prune_releases",
    "prune_run_storage",
    "publish_release",
    "read_manifest",
    "recover",
]
