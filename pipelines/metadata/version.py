"""Which code made a result: package version and a digest of every file that can change it."""

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DISTRIBUTION = "sales-territory-pipeline"

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("pipelines", "optimization", "expectations", "dbt_project")
_SUFFIXES = frozenset({".py", ".sql", ".yaml", ".yml", ".json", ".csv", ".parquet"})
# What dbt and Python write beside the sources.
_GENERATED = frozenset({"__pycache__", "target", "logs", "dbt_packages"})

_LIBRARIES = (
    *("dagster", "dagster-dbt", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations"),
    *("highspy", "numpy", "polars", "pyarrow", "pyomo", "sqlglot", "xlsxwriter"),
)


@cache
def code_version() -> str:
    """Such as `0.1.0+3f2a91c04b7e`: the version and 12 digits of the SHA-256 of the sources.

    Two checkouts with equal sources have equal versions, wherever they lie.
    """
    digest = hashlib.sha256()
    for path in source_files(_ROOT):
        content = path.read_bytes()
        name = path.relative_to(_ROOT).as_posix()
        # The length keeps one file's end from passing for the next one's start.
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return f"{_version(DISTRIBUTION)}+{digest.hexdigest()[:12]}"


def source_files(root: Path) -> list[Path]:
    """The files under `root` whose content can change a result, in a fixed order."""
    return sorted(
        path
        for package in _PACKAGES
        for path in (root / package).rglob("*")
        if path.suffix in _SUFFIXES
        and path.is_file()
        and _GENERATED.isdisjoint(path.relative_to(root).parts)
    )


def package_versions() -> dict[str, str]:
    """The versions of Python and of the libraries that compute or store results."""
    return {"python": platform.python_version()} | {name: _version(name) for name in _LIBRARIES}


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
