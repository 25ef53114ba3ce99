"""The sample company: a generated B2B vendor with the statistics and the flaws of real ones.

`generate_company` writes CRM exports, manual overrides and market files. Everything is invented
except the facts under `facts/`, which are public-domain federal statistics.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path

from pipelines.sample.company import CompanySettings, CompanySummary, generate_company

__all__ = ["CompanySettings", "CompanySummary", "generate_company", "generator_version"]


@cache
def generator_version() -> str:
    """Digest of the generator's source and facts: another version may give another company."""
    folder = Path(__file__).parent
    digest = sha256()
    for path in sorted((*folder.rglob("*.py"), *folder.rglob("*.parquet"))):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
