"""Read through a source file once, before anything parses it.

One pass computes the digest and finds what a parser would swallow without a word: a login page
under the name of a table, a cut-off archive, NUL bytes, the wrong encoding, a quote that never
closes.
"""

import codecs
import csv
import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipelines.errors import InputError, quote
from pipelines.ingest.source_file import SourceFile, open_bytes, open_records

_CHUNK_BYTES = 4 << 20
_UTF8_BOM = b"\xef\xbb\xbf"
_FOREIGN_STARTS = {
    b"PAR1": "a Parquet file; set format: parquet",
    b"\x1f\x8b": "gzip-compressed; name it .gz",
    b"PK\x03\x04": "a ZIP or Excel file; export it as CSV",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
}
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


def inspect(file: SourceFile) -> str:
    """Read `file` to its end and return the SHA-256 of its bytes as stored.

    Raises InputError for an unreadable or changing file, and for text that cannot be a table.
    """
    digest = hashlib.sha256()
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
                _check_text(file)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise InputError(
                    f"{file.name}: the gzip archive is damaged or cut off ({error}); fetch it again"
                ) from error
    return digest.hexdigest()


def _check_text(file: SourceFile) -> None:
    """Refuse what no text table can be."""
    quote_byte = file.csv.quote.encode() if file.format != "jsonl" else b""
    decoder = codecs.getincrementaldecoder(file.csv.encoding)()
    total = lines = quotes = 0
    with open_bytes(file) as stream:
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
        raise InputError(
            f"{file.name}: line {line} is not {file.csv.encoding} text "
            f"(byte 0x{error.object[error.start]:02x}); set csv.encoding, for example to "
            "windows-1252, or save the file as UTF-8"
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
