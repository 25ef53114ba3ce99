"""Open a source file as plain text bytes and read its heading; `file_search` finds it."""

import codecs
import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from pipelines.errors import InputError
from pipelines.ingest.mapping import CsvOptions, FileFormat

COMPRESSED_SUFFIXES = (".gz", ".zst")


@dataclass(frozen=True)
class SourceFile:
    """A file of a source: `name` is its path relative to the source, '/'-separated."""

    path: Path
    name: str
    format: FileFormat
    csv: CsvOptions

    @property
    def is_compressed(self) -> bool:
        return self.path.suffix in COMPRESSED_SUFFIXES

    @property
    def encoding(self) -> str:
        return self.csv.encoding or "utf-8"

    @property
    def delimiter(self) -> str:
        return self.csv.delimiter or ("\t" if self.format == "tsv" else ",")


@contextmanager
def open_bytes(file: SourceFile) -> Iterator[IO[bytes]]:
    """The file's bytes, decompressed."""
    with file.path.open("rb") as stored:
        if file.path.suffix == ".gz":
            with gzip.open(stored) as stream:
                yield cast(IO[bytes], stream)
        elif file.path.suffix == ".zst":
            import pyarrow

            with pyarrow.CompressedInputStream(stored, "zstd") as stream:
                yield stream
        else:
            yield stored


@contextmanager
def open_text(file: SourceFile) -> Iterator[tuple[IO[bytes], str]]:
    """The file's text as bytes, with the name of their encoding.

    UTF-16 comes out as UTF-8: its line ends and separators are no single bytes.
    """
    with open_bytes(file) as stream:
        if file.encoding == "utf-16":
            yield cast(IO[bytes], io.BufferedReader(_AsUtf8(stream))), "utf-8"
        else:
            yield stream, file.encoding


class _AsUtf8(io.RawIOBase):
    """UTF-16 bytes read as UTF-8."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")()
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            chunk = self._stream.read(1 << 20)
            self._ready = self._decoder.decode(chunk, final=not chunk).encode()
            if not chunk:
                break
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


@contextmanager
def open_records(file: SourceFile, *, is_strict: bool = False) -> Iterator[Any]:
    """A `csv.reader` over a delimited file; strict ones raise csv.Error on misplaced quotes."""
    with open_text(file) as (stream, encoding):
        # Without the byte order mark, or it would become part of the first heading.
        yield csv.reader(
            io.TextIOWrapper(
                stream, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline=""
            ),
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
