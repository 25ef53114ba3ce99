"""Whether there is anything new to hold a chosen plan against: files, landed batches, the plan.

Only names, sizes and times of files are looked at: a sensor asks every few minutes.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pipelines.keeping.chosen import plan_in_force
from pipelines.settings.connectors import ConnectorSettings, DuckDBSettings, FilesSettings
from pipelines.settings.loader import Settings


def fingerprint(settings: Settings) -> str:
    """A hash of what a rebalancing would read; equal while nothing changed.

    Source files by place, size and time of change, those that a connector reads included; of
    connectors also the manifest of what has landed, which holds the cursors of every table; the
    settings; and which plan is in force.
    """
    parts = [settings.digest(), settings.policy.rebalancing.model_dump_json()]
    for name, source in settings.sources.items():
        if name in settings.connectors:
            # By content: a run that finds nothing new writes the same manifest again.
            manifest = settings.landed_dir / name / "manifest.json"
            landed = manifest.read_bytes() if manifest.is_file() else b""
            parts.append(f"{name} {hashlib.sha256(landed).hexdigest()}")
            parts += [f"{name} {line}" for line in _of_connector(settings.connectors[name])]
        else:
            parts += [f"{name} {line}" for line in _files(source.path)]
    period = plan_in_force(settings.data_dir, settings.as_of)
    published = settings.data_dir / "published"
    parts.append(period.plan_id if period else str(published.resolve().name))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _of_connector(connector: ConnectorSettings) -> Iterator[str]:
    """What a connector reads from this machine; of a system elsewhere nothing is asked."""
    if isinstance(connector, DuckDBSettings):
        yield from _files(connector.database)
    elif isinstance(connector, FilesSettings):
        yield from _files(connector.path)


def _files(path: Path) -> Iterator[str]:
    """One line for each file, in order."""
    found = [path] if path.is_file() else sorted(path.rglob("*")) if path.is_dir() else []
    for file in found:
        try:
            about = file.stat()
        except OSError:
            continue  # gone since it was listed: the next look sees what came instead
        if file.is_file():
            yield f"{file} {about.st_size} {about.st_mtime_ns}"
