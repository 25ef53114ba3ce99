"""Read through a source file once, before anything parses it.

One pass computes the digest and finds what a parser would swallow without a word: a login page
under the name of a table, a cut-off archive, NUL bytes, the wrong encoding, a quote that never
closes.
"""

import codecs
import csv
import gzip
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pipelines.errors import InputError, quote
from pipelines.ingest.source_file import (
    SourceFile,
    open_bytes,
    open_records,
    open_text,
    with_separator_line,
)

_CHUNK_BYTES = 4 << 20
_UTF8_BOM = b"\xef\xbb\xbf"
_FOREIGN_STARTS = {
    b"PAR1": "a Parquet file; set format: parquet",
    b"\x1f\x8b": "gzip-compressed; name it .gz",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard; name it .zst",
    b"PK\x03\x04": "a ZIP or Excel file; export it as CSV",
}
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
# A character of two to four bytes; text of another encoding hardly ever looks like one.
_UTF8_CHARACTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


@dataclass(frozen=True)
class Inspection:
    """What the pass over a file told: its SHA-256 as stored, and how its text is encoded.

    `guessed_line` is the first line that is no UTF-8, where the encoding had to be guessed.
    """

    file: SourceFile
    sha256: str
    guessed_line: int | None = None


_MARKUP_STARTS = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<error")


@contextmanager
def unchanged(file: SourceFile) -> Iterator[None]:
    """InputError when `file` was written to inside the block, or cannot be read at all."""
    try:
        before = file.path.stat()
        yield
        after = file.path.stat()
    except OSError as error:
        raise InputError(f"{file.name}: cannot be read: {error.strerror or error}") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError(f"{file.name}: changed while it was read; run again when it is complete")


def inspect(file: SourceFile) -> Inspection:
    """Read `file` to its end; what was seen, and the file with its encoding filled in.

    Raises InputError for an unreadable or changing file, and for text that cannot be a table.
    """
    digest = hashlib.sha256()
    guessed_line = None
    with unchanged(file):
        with file.path.open("rb") as stream:
            if file.format == "parquet":
                if stream.read(4) != b"PAR1":
                    raise InputError(f"{file.name}: is no Parquet file (wrong first bytes)")
                stream.seek(0)
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
        if file.format != "parquet":
            try:
                file, guessed_line = _with_encoding(file)
                if file.format != "jsonl":
                    file = with_separator_line(file)
            except (EOFError, gzip.BadGzipFile, zlib.error, OSError) as error:
                if isinstance(error, OSError) and not file.is_compressed:
                    raise
                kind = "Zstandard" if file.path.suffix == ".zst" else "gzip"
                raise InputError(
                    f"{file.name}: the {kind} archive is damaged or cut off ({error}); fetch it "
                    "again"
                ) from error
    return Inspection(file, digest.hexdigest(), guessed_line)


def _with_encoding(file: SourceFile) -> tuple[SourceFile, int | None]:
    """`file` after a look at its text, with the encoding that fits where none was declared."""
    if file.csv.encoding is not None:
        _check_text(file)
        return file, None
    with open_bytes(file) as stream:
        start = stream.read(2)
    if start in _UTF16_BOMS:
        file = _encoded(file, "utf-16")
        _check_text(file)
        return file, None
    try:
        _check_text(_encoded(file, "utf-8"))
    except _WrongEncoding as error:
        # One byte broken in a UTF-8 file must not turn every accent into two wrong letters.
        if not _is_free_of_utf8(file):
            raise
        guess = _encoded(file, "windows-1252")
        try:
            _check_text(guess)
        except _WrongEncoding:
            raise error from None
        return guess, error.line
    return _encoded(file, "utf-8"), None


def _encoded(file: SourceFile, encoding: str) -> SourceFile:
    return replace(file, csv=file.csv.model_copy(update={"encoding": encoding}))


def _is_free_of_utf8(file: SourceFile) -> bool:
    rest = b""
    with open_bytes(file) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            if _UTF8_CHARACTER.search(rest + chunk):
                return False
            rest = chunk[-3:]
    return True


class _WrongEncoding(InputError):
    """Bytes that the encoding of the file does not have."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def _check_text(file: SourceFile) -> None:
    """Refuse what no text table can be."""
    quote_byte = file.csv.quote.encode() if file.format != "jsonl" else b""
    total = quotes = 0
    lines = file.csv.skip_lines
    try:
        with open_text(file) as (stream, encoding):
            decoder = codecs.getincrementaldecoder(encoding)()
            while chunk := stream.read(_CHUNK_BYTES):
                if total == 0:
                    _check_start(file, chunk)
                if b"\0" in chunk:
                    line = lines + chunk[: chunk.index(b"\0")].count(b"\n") + 1
                    raise InputError(f"{file.name}: line {line} holds a NUL byte; export it again")
                _decode(file, decoder.decode, chunk, lines)
                total += len(chunk)
                lines += chunk.count(b"\n")
                quotes += chunk.count(quote_byte) if quote_byte else 0
        _decode(file, lambda rest: decoder.decode(rest, final=True), b"", lines)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file.name}: is not the {file.encoding} text it should be; export it again"
        ) from error
    if total == 0:
        raise InputError(f"{file.name}: is empty, not even a heading; export it again")
    if quotes % 2:
        _find_open_quote(file)


def _decode(file: SourceFile, decode: Callable[[bytes], str], data: bytes, lines: int) -> None:
    try:
        decode(data)
    except UnicodeDecodeError as error:
        # `error.object` also holds what the decoder kept of the chunk before.
        line = lines + error.object[: error.start].count(b"\n") + 1
        raise _WrongEncoding(
            f"{file.name}: line {line} is not {file.encoding} text "
            f"(byte 0x{error.object[error.start]:02x}); set csv.encoding, for example to "
            "windows-1252, or save the file as UTF-8",
            line,
        ) from error


def _check_start(file: SourceFile, chunk: bytes) -> None:
    for magic, what in _FOREIGN_STARTS.items():
        if chunk.startswith(magic):
            raise InputError(f"{file.name}: is {what}")
    start = chunk.removeprefix(_UTF8_BOM).lstrip()[:200]
    if start.lower().startswith(_MARKUP_STARTS):
        raise InputError(
            f"{file.name}: is a web page or XML, not a table (starts with "
            f"{quote(start[:60].decode('latin-1'))}); was it saved from a login or error page?"
        )
    if file.format == "jsonl":
        if start and not start.startswith(b"{"):
            raise InputError(f"{file.name}: needs one JSON object a line, starting with '{{'")
    elif start.startswith((b"{", b"[")):
        raise InputError(f"{file.name}: is JSON, not a delimited table; name it .jsonl if it is")


def _find_open_quote(file: SourceFile) -> None:
    """An odd number of quotes: say which record opens one that never closes, if one does.

    Quotes inside an unquoted field (`5" pipe`) also make the count odd and are no fault.
    """
    complete_lines = 0
    with open_records(file, is_strict=True) as records:
        try:
            for _ in records:
                complete_lines = records.line_num
        except csv.Error as error:
            raise InputError(
                f"{file.name}: a quote opened on line {complete_lines + 1} is never closed; "
                "mend the line or export the file again"
            ) from error
