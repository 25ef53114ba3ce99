"""Find the files that a mapping names by path, by pattern or by the name of a table."""

import re
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import InputError, near
from pipelines.ingest.mapping import CsvOptions, EntityMapping, FileFormat
from pipelines.ingest.source_file import COMPRESSED_SUFFIXES, SourceFile
from pipelines.ingest.spelling import folded

_FORMAT_BY_SUFFIX: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


@dataclass(frozen=True)
class SourceFolder:
    """Where the files of a source lie; a table `x` is the file `<prefix>x<suffix>.<format>`."""

    path: Path
    table_prefix: str = ""
    table_suffix: str = ""


def find_files(folder: SourceFolder, mapping: EntityMapping) -> list[SourceFile]:
    """The files of `mapping`, in the order of their names; none when absent and optional.

    Raises InputError when one is missing, not a regular file, or of an unknown kind, and when
    several match though the mapping does not say `several: true`.
    """
    if mapping.table is not None:
        found = find_table(folder, mapping.table, mapping.csv)
        missing = f"no table '{mapping.table}'{near(mapping.table, table_names(folder))}"
    else:
        assert mapping.file is not None
        paths = _matches(folder.path, mapping.file, is_several=mapping.several)
        found = [_checked(folder.path, path, mapping.csv, mapping.format) for path in paths]
        missing = f"no such file{near(mapping.file, _names(folder.path))}"
    if not found and not mapping.optional:
        raise InputError(f"{folder.path / (mapping.file or '')}: {missing}")
    return found


def find_file(folder: SourceFolder, name: str, csv_options: CsvOptions) -> SourceFile:
    """The one file or table called `name`, or that matches it; InputError when there is none."""
    _check_folder(folder.path)
    if "*" in name and (matches := _matches(folder.path, name, is_several=False)):
        return _checked(folder.path, matches[0], csv_options, None)
    if Path(name).suffix.lower() not in (*_FORMAT_BY_SUFFIX, *COMPRESSED_SUFFIXES):
        if found := find_table(folder, name, csv_options):
            return found[0]
        raise InputError(f"{folder.path}: no table '{name}'{near(name, table_names(folder))}")
    path = folder.path / name
    if not (path.exists() or path.is_symlink()):
        raise InputError(f"{path}: no such file{near(name, _names(folder.path))}")
    return _checked(folder.path, path, csv_options, None)


def matching_files(folder: SourceFolder, pattern: str, csv_options: CsvOptions) -> list[SourceFile]:
    """All files of that name or pattern, or in the directory of that name, by name."""
    paths = _matches(folder.path, pattern, is_several=True)
    return [_checked(folder.path, path, csv_options, None) for path in paths]


def find_table(folder: SourceFolder, table: str, csv_options: CsvOptions) -> list[SourceFile]:
    """The file of `table`, whichever of the usual spellings its name has; none when absent.

    Raises InputError when two files could be meant.
    """
    _check_folder(folder.path)
    wanted = folded(table)
    paths = [
        path
        for path in sorted(folder.path.iterdir())
        if (name := _table_of(folder, path)) is not None and folded(name) == wanted
    ]
    if len(paths) > 1:
        names = ", ".join(path.name for path in paths[:5])
        raise InputError(f"{folder.path}: '{table}' may be {len(paths)} files ({names})")
    return [_checked(folder.path, path, csv_options, None) for path in paths]


def table_names(folder: SourceFolder) -> list[str]:
    """The tables whose files lie in `folder`."""
    names = (_table_of(folder, path) for path in sorted(folder.path.iterdir()))
    return [name for name in names if name is not None]


def _table_of(folder: SourceFolder, path: Path) -> str | None:
    pattern = (
        f"{re.escape(folder.table_prefix)}(.+){re.escape(folder.table_suffix)}"
        r"\.(csv|tsv|parquet|jsonl|ndjson)(\.gz|\.zst)?"
    )
    match = re.fullmatch(pattern, path.name)
    return match[1] if match else None


def _check_folder(root: Path) -> None:
    if not root.is_dir():
        raise InputError(f"{root}: no such directory; set the source's path")


def _names(root: Path) -> list[str]:
    return [file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()]


def _matches(root: Path, pattern: str, *, is_several: bool) -> list[Path]:
    _check_folder(root)
    path = root / pattern
    if is_several and path.is_dir():
        return sorted(file for file in path.iterdir() if _is_readable(file))
    if "*" not in pattern:
        return [path] if path.exists() or path.is_symlink() else []
    matches = sorted(root.glob(pattern))
    if is_several:
        return [match for match in matches if not match.is_dir()]
    if len(matches) > 1:
        names = ", ".join(match.name for match in matches[:5])
        raise InputError(
            f"{pattern}: matches {len(matches)} files ({names}); name one of them, or say "
            "several: true to read them all"
        )
    return matches


def _is_readable(path: Path) -> bool:
    return (
        path.is_file()
        and not path.name.startswith((".", "_"))
        and _suffix(path) in (_FORMAT_BY_SUFFIX)
    )


def _checked(
    root: Path, path: Path, csv_options: CsvOptions, file_format: FileFormat | None
) -> SourceFile:
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    if not path.is_file():
        kind = "a directory" if path.is_dir() else "not a readable file (dangling link?)"
        raise InputError(f"{name}: is {kind}; a file is needed")
    return SourceFile(path, name, file_format or _format_of(path), csv_options)


def _suffix(path: Path) -> str:
    plain = path.with_suffix("") if path.suffix in COMPRESSED_SUFFIXES else path
    return plain.suffix.lower()


def _format_of(path: Path) -> FileFormat:
    suffix = _suffix(path)
    if suffix in (".xlsx", ".xlsm", ".xls", ".ods"):
        raise InputError(f"{path.name}: is a workbook; export its sheet as CSV")
    if suffix not in _FORMAT_BY_SUFFIX:
        raise InputError(
            f"{path.name}: cannot tell its format from the name; use "
            f"{', '.join(_FORMAT_BY_SUFFIX)} or set format: in the mapping"
        )
    file_format = _FORMAT_BY_SUFFIX[suffix]
    if file_format == "parquet" and path.suffix in COMPRESSED_SUFFIXES:
        raise InputError(f"{path.name}: Parquet is compressed inside; decompress the file")
    return file_format
