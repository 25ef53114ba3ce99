"""The data dictionary in docs is what the tables are described by."""

from pipelines.metadata.dictionary import PAGE, data_dictionary
from pipelines.publish import CONTRACT_TABLES


def test_the_dictionary_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == data_dictionary(), (
        "run `python -m pipelines.metadata.dictionary`"
    )


def test_every_published_table_and_its_columns_are_described() -> None:
    page = data_dictionary()
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == [*CONTRACT_TABLES]
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 300
    assert [row[0] for row in rows if not row[2].strip()] == []
