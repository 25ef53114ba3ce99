"""Open a source file as plain text bytes and read its heading; `file_search` finds it."""

import codecs
import csv
import gzip
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

from pipelines.errors import InputError
from pipelines.ingest.mapping import CsvOptions, FileFormat

_LINE_END = re.compile(rb"\r\n|\n|\r")

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

    UTF-16 comes out as UTF-8: its line ends and separators are no single bytes. Lines to skip are
    left out.
    """
    with open_bytes(file) as stream:
        encoding = file.encoding
        if encoding == "utf-16":
            stream, encoding = cast(IO[bytes], io.BufferedReader(_AsUtf8(stream))), "utf-8"
        if file.csv.skip_lines:
            stream = cast(IO[bytes], io.BufferedReader(_AfterLines(stream, file.csv.skip_lines)))
        yield stream, encoding


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


class _AfterLines(io.RawIOBase):
    """A stream from behind its first lines, whichever way they end."""

    def __init__(self, stream: IO[bytes], count: int) -> None:
        self._stream = stream
        self._rest = b""
        while chunk := stream.read(1 << 16):
            self._rest += chunk
            # One more, because a carriage return may be half of a line end.
            ends = list(itertools.islice(_LINE_END.finditer(self._rest), count + 1))
            if len(ends) > count:
                break
        ends = list(itertools.islice(_LINE_END.finditer(self._rest), count))
        self._rest = self._rest[ends[-1].end() :] if len(ends) == count else b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        ready = self._rest[: len(buffer)] or self._stream.read(len(buffer))
        self._rest = self._rest[len(ready) :]
        buffer[: len(ready)] = ready
        return len(ready)


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


def with_separator_line(file: SourceFile) -> SourceFile:
    """`file` without a first line `sep=;`, which tells Excel the separator."""
    if file.csv.skip_lines:
        return file
    with open_text(file) as (stream, _):
        found = re.match(rb"(?:\xef\xbb\xbf)?sep=([,;\t|])\r?\n", stream.read(16))
    if found is None:
        return file
    update = {"delimiter": file.csv.delimiter or found[1].decode(), "skip_lines": 1}
    return replace(file, csv=file.csv.model_copy(update=update))


def heading_elsewhere(file: SourceFile, names: Sequence[str]) -> str:
    """What to set so that the heading with most of `names` is found; empty where none is."""
    with open_text(file) as (stream, encoding):
        lines = stream.read(1 << 16).decode(encoding, errors="replace").splitlines()
    for number, line in enumerate(lines[:100]):
        for delimiter in dict.fromkeys([file.delimiter, ",", ";", "\t", "|"]):
            fields = {field.strip() for field in next(csv.reader([line], delimiter=delimiter), [])}
            found = len(fields & set(names)) >= 0.8 * len(names)
            if found and (number, delimiter) != (0, file.delimiter):
                settings = [f"csv.skip_lines: {file.csv.skip_lines + number}"] * (number > 0)
                settings += [f"csv.delimiter: {delimiter!r}"] * (delimiter != file.delimiter)
                return (
                    f"; line {file.csv.skip_lines + number + 1} looks like the heading, so set "
                    f"{' and '.join(settings)}"
                )
    return ""


def read_header(file: SourceFile) -> list[str]:
    """The headings of a delimited file, trimmed.

    Raises InputError when a heading stands twice: which of the two is meant cannot be known.
    """
    with open_records(file) as records:
        try:
            names = [name.strip() for name in next((record for record in records if record), [])]
        except csv.Error as error:
            raise InputError(f"{file.name}: the heading cannot be read: {error}") from error
    if not names:
        raise InputError(f"{file.name}: is empty, not even a heading; export it again")
    for name in names:
        if name and names.count(name) > 1:
            raise InputError(f"{file.name}: the heading '{name}' stands {names.count(name)} times")
    return names
