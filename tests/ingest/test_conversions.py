"""What a mapping can do to a column: units, currencies, separators, codes, lookups, defaults."""

from typing import Any

import pytest
from conftest import Book  # type: ignore[import-not-found]

from pipelines.errors import ConfigurationError, InputError


def converted(book: Book, field: str, rule: Any, texts: list[str], **options: Any) -> list[Any]:
    """The canonical texts of `field` when each text stands in the column x of its own row."""
    lines = ["id;name;x;y"] + [f"A{n};Name;{text};" for n, text in enumerate(texts)]
    book.write("accounts.csv", "\n".join(lines) + "\n")
    book.map_accounts(columns={field: rule}, csv={"delimiter": ";"})
    book.ingest(**options)
    return [
        value for (value,) in book.rows(f"SELECT {field} FROM raw_crm__account ORDER BY row_number")
    ]


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ({"unit": 1_000_000}, "1100.04", "1100040000"),
        ({"unit": 0.01}, "12345", "123.45"),
        ({"currency": "EUR"}, "100", "108.34"),
        ({"currency": "EUR", "unit": 1000}, "1.5", "1625.1"),
        ({"unit": 1000}, "1.5e3", "1500000"),
        ({"thousands": ","}, "1,234,567.5", "1234567.5"),
        ({"thousands": ","}, "1234567.5", "1234567.5"),
        ({"thousands": ".", "decimal": ","}, "1.234,50", "1234.50"),
        ({"decimal": ","}, "1234,5", "1234.5"),
        ({"thousands": " ", "decimal": ","}, "1 234,5", "1234.5"),
        ({"thousands": "'"}, "1'234", "1234"),
        ({"marks": ["$"], "thousands": ","}, "$1,200.50", "1200.50"),
        ({"marks": ["$", "USD"], "thousands": ","}, "USD 1,200", "1200"),
        ({"marks": ["EUR"], "decimal": ","}, "12,5 EUR", "12.5"),
        ({"parentheses": "negative"}, "1200", "1200"),
    ],
)
def test_amounts(book: Book, rule: dict[str, Any], text: str, expected: str) -> None:
    rule = {"column": "x"} | rule
    assert converted(book, "annual_revenue_usd", rule, [text], rates={"USD": 1, "EUR": 1.0834}) == [
        expected
    ]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"thousands": ","}, "12,34"),
        ({"thousands": ","}, "1,2345"),
        ({"decimal": ","}, "1.234"),
        ({"thousands": ".", "decimal": ","}, "1.23,50"),
        ({}, "$5"),
        ({"marks": ["$"]}, "1$5"),
        ({"marks": ["$"]}, "$$5"),
        ({"marks": ["$"]}, "5 EUR"),
        ({"marks": ["$"]}, "($5)"),
        ({"parentheses": "negative"}, "(-5)"),
        ({"parentheses": "negative"}, "(5"),
    ],
)
def test_a_separator_in_the_wrong_place_is_no_number(
    book: Book, rule: dict[str, Any], text: str
) -> None:
    assert converted(book, "annual_revenue_usd", {"column": "x"} | rule, [text, "1"]) == ["1"]
    assert book.quarantined() == [(1, "not_a_number", "annual_revenue_usd", text)]


def test_parentheses_are_a_sign_where_the_mapping_says_so(book: Book) -> None:
    rule = {"column": "x", "marks": ["$"], "thousands": ",", "parentheses": "negative"}
    assert converted(book, "latitude", rule, ["($45.5)", "$(45)", "-$4", "4"]) == [
        "-45.5",
        "-45",
        "-4",
        "4",
    ]


def test_an_amount_too_large_to_convert_is_set_aside(book: Book) -> None:
    rule = {"column": "x", "unit": 1000}
    assert converted(book, "annual_revenue_usd", rule, ["1" + "0" * 30, "1"]) == ["1000"]
    assert book.quarantined()[0][1] == "above_maximum"


def test_a_currency_without_rate_is_a_setting_to_mend(book: Book) -> None:
    with pytest.raises(ConfigurationError, match=r"no exchange rate for 'EURO'.*'EUR'"):
        converted(
            book,
            "annual_revenue_usd",
            {"column": "x", "currency": "EURO"},
            ["1"],
            rates={"USD": 1, "EUR": 1.1},
        )


def test_each_row_may_name_its_currency(book: Book) -> None:
    book.write("accounts.csv", "id,name,x,c\n1,a,10,EUR\n2,b,10,USD\n3,c,10,XXX\n4,d,10,\n5,e,,\n")
    book.map_accounts(columns={"annual_revenue_usd": {"column": "x", "currency_column": "c"}})
    book.ingest(rates={"USD": 1, "EUR": 1.5})
    assert book.rows("SELECT annual_revenue_usd FROM raw_crm__account ORDER BY row_number") == [
        ("15",),
        ("10",),
        (None,),
    ]
    assert book.quarantined() == [
        (3, "unknown_currency", "annual_revenue_usd", "XXX"),
        (4, "unknown_currency", "annual_revenue_usd", None),
    ]


@pytest.mark.parametrize(
    ("formats", "text", "expected"),
    [
        (["%d/%m/%Y"], "03/04/2024", "2024-04-03"),
        (["%m/%d/%Y"], "03/04/2024", "2024-03-04"),
        (["%Y-%m-%d", "%d.%m.%y"], "29.02.24", "2024-02-29"),
        ("%Y-%m-%dT%H:%M:%S%z", "2024-01-05T23:00:00-0500", "2024-01-06"),
    ],
)
def test_dates(book: Book, formats: Any, text: str, expected: str) -> None:
    # The date of a moment is the one in UTC, wherever the process runs.
    book.connection.execute("SET TimeZone = 'Asia/Tokyo'")
    rule = {"column": "x", "date_format": formats}
    assert converted(book, "created_date", rule, [text]) == [expected]


def test_codes_get_their_zeros_back(book: Book) -> None:
    rule = {"column": "x", "pad": 5}
    texts = ["2139", "02139", "123456", "1001.0", "AB1"]
    assert converted(book, "postal_code", rule, texts) == [
        "02139",
        "02139",
        "123456",
        "1001.0",
        "AB1",
    ]


def test_null_tokens_are_only_those_listed(book: Book) -> None:
    rule = {"column": "x", "null_tokens": ["", "N/A"]}
    assert converted(book, "industry", rule, ["N/A", "NA", "null"]) == [None, "NA", "null"]


def test_without_null_tokens_an_empty_text_is_a_value(book: Book) -> None:
    assert converted(book, "industry", {"column": "x", "null_tokens": []}, [""]) == [""]


def test_aliases_constants_and_defaults(book: Book) -> None:
    book.write("accounts.csv", "id,name,sector\n1,a, technolgy \n2,b,\n3,c,retail\n")
    book.map_accounts(
        columns={
            "industry": {"column": "sector", "aliases": {"technolgy": "technology"}},
            "segment": {"column": "sector", "default": "unknown"},
            "country": {"constant": "Côte d'Ivoire"},
        }
    )
    book.ingest()
    assert book.rows(
        "SELECT industry, segment, country FROM raw_crm__account ORDER BY row_number"
    ) == [
        ("technology", "technolgy", "Côte d'Ivoire"),
        (None, "unknown", "Côte d'Ivoire"),
        ("retail", "retail", "Côte d'Ivoire"),
    ]


def test_a_default_stands_for_unlisted_stages_and_says_so(book: Book) -> None:
    book.write("deals.csv", "id,stage\n1,Won\n2,Brand new\n3,Won\n")
    columns = {
        "opportunity_id": "id",
        "stage": "stage",
        "status": {"column": "stage", "aliases": {"Won": "won"}, "default": "open"},
    }
    book.map({"opportunity": {"file": "deals.csv", "columns": columns}})
    result = book.ingest()
    assert book.rows("SELECT status FROM raw_crm__opportunity ORDER BY row_number") == [
        ("won",),
        ("open",),
        ("won",),
    ]
    (finding,) = [f for f in result.findings if f.rule == "value_defaulted"]
    assert finding.affected_rows == 1
    assert "Brand new" in finding.message


def test_templates_join_and_pad(book: Book) -> None:
    book.write("accounts.csv", "id,name,Owner: First,s,c\n1,a,Ann,1,9\n2,b,,12,123\n")
    book.map_accounts(
        columns={
            "street": {"template": "<{Owner: First}, {name}>"},
            "postal_code": {"template": "{s:02}{c:03}"},
        }
    )
    book.ingest()
    assert book.rows("SELECT street, postal_code FROM raw_crm__account ORDER BY row_number") == [
        ("<Ann, a>", "01009"),
        (None, "12123"),
    ]


def test_a_lookup_replaces_the_code_and_unknown_codes_are_null(book: Book) -> None:
    book.write("accounts.csv", "id,name,office\n1,a,1\n2,b,2\n3,c,\n4,d,9\n")
    book.write("offices.csv", "code,territory\n1,NA\n2,EMEA\n2,EMEA\n")
    lookup = {"file": "offices.csv", "key": "code", "value": "territory"}
    book.map_accounts(columns={"segment": {"column": "office", "lookup": lookup}})
    book.ingest()
    assert book.rows("SELECT segment FROM raw_crm__account ORDER BY row_number") == [
        ("NA",),
        ("EMEA",),
        (None,),
        (None,),
    ]
    (finding,) = book.rows("SELECT rule, column_name, affected_rows, message FROM meta_finding")
    assert finding[:3] == ("unknown_code", "segment", 1)
    assert finding[3].endswith("offices.csv lacks their 'code': 9")


@pytest.mark.parametrize(
    ("offices", "message"),
    [
        ("code,territory\n1,NA\n1,EMEA\n", "'code' '1' has two values of 'territory'"),
        ("cod,territory\n1,NA\n", r"column 'code' is missing \(did you mean 'cod'\?\)"),
        (None, r"offices\.csv: no such file"),
    ],
)
def test_a_lookup_that_cannot_be_used(book: Book, offices: str | None, message: str) -> None:
    book.write("accounts.csv", "id,name,office\n1,a,1\n")
    if offices is not None:
        book.write("offices.csv", offices)
    lookup = {"file": "offices.csv", "key": "code", "value": "territory"}
    book.map_accounts(columns={"segment": {"column": "office", "lookup": lookup}})
    with pytest.raises(InputError, match=message):
        book.ingest()


def test_null_when_hides_zeros_that_mean_withheld(book: Book) -> None:
    book.write("accounts.csv", "id,name,n,flag\n1,a,0,N\n2,b,0,\n")
    hidden = {"column": "n", "null_when": {"column": "flag", "equals": "N"}}
    book.map_accounts(columns={"employee_count": hidden})
    book.ingest()
    assert book.rows("SELECT employee_count FROM raw_crm__account ORDER BY row_number") == [
        (None,),
        ("0",),
    ]
