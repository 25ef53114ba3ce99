"""Find a source file, open it as plain bytes and read its heading."""

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from pipelines.errors import InputError, near
from pipelines.ingest.mapping import CsvOptions, FileFormat

_FORMAT_BY_SUFFIX: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


@dataclass(frozen=True)
class SourceFile:
    """A file of a source: `name` is its path relative to the source, '/'-separated."""

    path: Path
    name: str
    format: FileFormat
    csv: CsvOptions

    @property
    def is_compressed(self) -> bool:
        return self.path.suffix == ".gz"

    @property
    def delimiter(self) -> str:
        return self.csv.delimiter or ("\t" if self.format == "tsv" else ",")


def find_file(
    root: Path,
    pattern: str,
    *,
    csv_options: CsvOptions,
    file_format: FileFormat | None = None,
    is_optional: bool = False,
) -> SourceFile | None:
    """The file below `root` that `pattern` names; None when it is absent and optional.

    Raises InputError when it is missing, not a regular file, or of an unknown kind.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such directory; set the source's path")
    path = _match(root, pattern)
    if path is None:
        if is_optional:
            return None
        names = [file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()]
        raise InputError(f"{root / pattern}: no such file{near(pattern, names)}")
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    if not path.is_file():
        kind = "a directory" if path.is_dir() else "not a readable file (dangling link?)"
        raise InputError(f"{name}: is {kind}; a file is needed")
    return SourceFile(path, name, file_format or _format_of(path), csv_options)


def _match(root: Path, pattern: str) -> Path | None:
    if "*" not in pattern:
        path = root / pattern
        return path if path.exists() or path.is_symlink() else None
    matches = sorted(root.glob(pattern))
    if len(matches) > 1:
        names = ", ".join(match.name for match in matches[:5])
        raise InputError(f"{pattern}: matches {len(matches)} files ({names}); name one of them")
    return matches[0] if matches else None


def _format_of(path: Path) -> FileFormat:
    suffix = (path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower()
    if suffix not in _FORMAT_BY_SUFFIX:
        raise InputError(
            f"{path.name}: cannot tell its format from the name; use "
            f"{', '.join(_FORMAT_BY_SUFFIX)} or set format: in the mapping"
        )
    file_format = _FORMAT_BY_SUFFIX[suffix]
    if file_format == "parquet" and path.suffix == ".gz":
        raise InputError(f"{path.name}: Parquet is compressed inside; decompress the file")
    return file_format


@contextmanager
def open_bytes(file: SourceFile) -> Iterator[IO[bytes]]:
    """The file's text as bytes, decompressed."""
    with file.path.open("rb") as stored:
        if not file.is_compressed:
            yield stored
            return
        with gzip.open(stored) as stream:
            yield cast(IO[bytes], stream)


@contextmanager
def open_records(file: SourceFile, *, is_strict: bool = False) -> Iterator[Any]:
    """A `csv.reader` over a delimited file; strict ones raise csv.Error on misplaced quotes."""
    # Without the byte order mark, or it would become part of the first heading.
    encoding = "utf-8-sig" if file.csv.encoding == "utf-8" else file.csv.encoding
    with open_bytes(file) as stream:
        yield csv.reader(
            io.TextIOWrapper(stream, encoding=encoding, newline=""),
            delimiter=file.delimiter,
            quotechar=file.csv.quote or None,
            quoting=csv.QUOTE_MINIMAL if file.csv.quote else csv.QUOTE_NONE,
            strict=is_strict,
        )


def read_header(file: SourceFile) -> list[str]:
    """The headings of a delimited file, trimmed.

    Raises InputError when a heading stands twice: which of the two is meant cannot be known.
    """
    with open_records(file) as records:
        try:
            names = [name.strip() for name in next((record for record in records if record), [])]
        except csv.Error as error:
            raise InputError(f"{file.name}: the heading cannot be read: {error}") from error
    for name in names:
        if name and names.count(name) > 1:
            raise InputError(f"{file.name}: the heading '{name}' stands {names.count(name)} times")
    return names
