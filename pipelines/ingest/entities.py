"""The canonical input entities: what every export is mapped onto, and which values are possible.

Each entity lands in `raw_<source>__<entity>`. Its columns are VARCHAR holding canonical text (ISO
dates, plain decimals with a point, `true`/`false`), followed by `source_file` and `row_number`.
The limits below say what no business can hold, not what is unusual: a row outside them is
quarantined, so they are wide on purpose (the largest company on earth has revenue below 1e12 USD).
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

FieldType = Literal["text", "number", "integer", "date", "boolean"]
Source = Literal["crm", "plan", "market"]

MINIMUM_YEAR = 1900
MAXIMUM_YEAR = 2100

MAXIMUM_USD = 1e13
MAXIMUM_PERSONS = 1e8
HOURS_IN_A_YEAR = 8784
HOURS_IN_A_MONTH = 744


@dataclass(frozen=True)
class Field:
    """One canonical column.

    `is_expected` marks a nullable field whose absence is worth a finding. `references` names the
    entity of the same project whose key the field should hold; unknown references are findings,
    never quarantined, because a sale must not be lost over a missing account.
    """

    name: str
    type: FieldType = "text"
    is_required: bool = False
    is_key: bool = False
    is_expected: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    vocabulary: tuple[str, ...] = ()
    references: tuple[Source, str] | None = None


@dataclass(frozen=True)
class Requirement:
    """A field that is required in the rows where another field holds one of `values`."""

    field: str
    where: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Entity:
    """One canonical table; `must_have_rows` when the plan means nothing without it.

    `may_exclude_all` allows that every row it has falls under a rule, such as deleted deals.
    """

    source: Source
    name: str
    fields: tuple[Field, ...]
    must_have_rows: bool = False
    may_exclude_all: bool = False
    requirements: tuple[Requirement, ...] = ()

    @property
    def table(self) -> str:
        return f"raw_{self.source}__{self.name}"

    @property
    def keys(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.is_key)

    def field(self, name: str) -> Field:
        """The field called `name`; KeyError when there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


def _key(name: str, type_: FieldType = "text", pattern: str | None = None) -> Field:
    return Field(name, type_, is_required=True, is_key=True, pattern=pattern)


def _required(name: str, type_: FieldType = "text") -> Field:
    return Field(name, type_, is_required=True)


def _text(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name) for name in names)


def _number(name: str, minimum: float | None, maximum: float | None) -> Field:
    return Field(name, "number", minimum=minimum, maximum=maximum)


def _count(name: str, maximum: float) -> Field:
    return Field(name, "integer", minimum=0, maximum=maximum)


def _date(name: str) -> Field:
    return Field(name, "date")


def _reference(
    name: str, entity: str, *, source: Source = "crm", is_expected: bool = False
) -> Field:
    return Field(name, references=(source, entity), is_expected=is_expected)


_COORDINATES = (_number("latitude", -90, 90), _number("longitude", -180, 180))
_COUNTY_FIPS = "[0-9]{5}"

_ENTITIES = (
    Entity(
        "crm",
        "account",
        (
            _key("account_id"),
            _required("account_name"),
            _reference("parent_account_id", "account"),
            *_text("industry", "segment"),
            _number("annual_revenue_usd", 0, MAXIMUM_USD),
            _count("employee_count", MAXIMUM_PERSONS),
            *_text("street", "city", "state", "postal_code", "country"),
            *_COORDINATES,
            _reference("owner_rep_id", "rep"),
            Field("is_customer", "boolean"),
            _date("created_date"),
            _date("owner_since_date"),
            _date("renewal_date"),
            Field("is_strategic", "boolean"),
        ),
        must_have_rows=True,
    ),
    Entity(
        "crm",
        "rep",
        (
            _key("rep_id"),
            _required("rep_name"),
            *_text("manager_id", "manager_name", "region", "role"),
            _date("hire_date"),
            _date("end_date"),
            Field("is_active", "boolean"),
            _number("fte_share", 0, 1),
            _number("capacity_hours", 0, HOURS_IN_A_YEAR),
            *_text("experience_level", "skill_industries"),
            *_text("city", "state", "postal_code", "country"),
            *_COORDINATES,
            _number("hourly_cost_usd", 0, 10_000),
        ),
        must_have_rows=True,
    ),
    Entity(
        "crm",
        "product",
        (
            _key("product_id"),
            _required("product_name"),
            *_text("product_line"),
            _number("list_price_usd", 0, MAXIMUM_USD),
            _number("complexity_rating", 0, 1e6),
        ),
    ),
    Entity(
        "crm",
        "opportunity",
        (
            _key("opportunity_id"),
            _reference("account_id", "account", is_expected=True),
            _reference("rep_id", "rep", is_expected=True),
            _reference("product_id", "product"),
            _required("stage"),
            Field("status", is_required=True, vocabulary=("open", "won", "lost")),
            _date("opened_date"),
            _date("closed_date"),
            _number("amount_usd", 0, MAXIMUM_USD),
            _number("probability_pct", 0, 100),
        ),
        must_have_rows=True,
        may_exclude_all=True,
    ),
    Entity(
        "crm",
        "opportunity_line",
        (
            Field(
                "opportunity_id",
                is_required=True,
                is_key=True,
                references=("crm", "opportunity"),
            ),
            Field("line_number", "integer", True, True, minimum=0, maximum=1e9),
            _reference("product_id", "product"),
            _number("quantity", 0, 1e9),
            # A line below zero is a discount.
            _number("unit_price_usd", -MAXIMUM_USD, MAXIMUM_USD),
        ),
    ),
    Entity(
        "crm",
        "activity",
        (
            _key("activity_id"),
            Field("account_id", is_required=True, references=("crm", "account")),
            _reference("rep_id", "rep"),
            *_text("activity_type"),
            _required("activity_date", "date"),
            _number("duration_hours", 0, HOURS_IN_A_MONTH),
        ),
    ),
    Entity(
        "crm",
        "account_team",
        (
            Field("account_id", is_required=True, is_key=True, references=("crm", "account")),
            Field("rep_id", is_required=True, is_key=True, references=("crm", "rep")),
            _key("team_role"),
            *_text("member_id"),
        ),
        may_exclude_all=True,
    ),
    Entity(
        "plan",
        "override",
        (
            Field("account_id", is_required=True, is_key=True, references=("crm", "account")),
            Field(
                "action",
                is_required=True,
                is_key=True,
                vocabulary=("lock", "assign", "forbid", "together", "separate"),
            ),
            Field("rep_id", is_key=True, references=("crm", "rep")),
            *_text("reason"),
            _date("expires_date"),
            # Accounts with one group id share an owner (together) or may not (separate).
            Field("group_id", is_key=True),
        ),
        requirements=(
            Requirement("rep_id", "action", ("assign", "forbid")),
            Requirement("group_id", "action", ("together", "separate")),
        ),
    ),
    Entity(
        "market",
        "county_business",
        (
            _key("county_fips", pattern=_COUNTY_FIPS),
            _key("naics", pattern="[0-9]{2}(-[0-9]{2})?"),
            _count("establishments", MAXIMUM_PERSONS),
            _count("employment", MAXIMUM_PERSONS),
            _number("annual_payroll_usd", 0, MAXIMUM_USD),
        ),
    ),
    Entity(
        "market",
        "county_employment",
        (
            _key("county_fips", pattern=_COUNTY_FIPS),
            _count("employment", MAXIMUM_PERSONS),
            _count("establishments", MAXIMUM_PERSONS),
            _number("avg_weekly_wage_usd", 0, 1e6),
            Field("is_suppressed", "boolean"),
            Field("year", "integer", minimum=MINIMUM_YEAR, maximum=MAXIMUM_YEAR),
            Field("quarter", "integer", minimum=1, maximum=4),
        ),
    ),
    Entity(
        "market",
        "county_population",
        (
            _key("county_fips", pattern=_COUNTY_FIPS),
            *_text("county_name", "state_fips", "state_name"),
            _count("population", MAXIMUM_PERSONS),
            _number("population_change", -MAXIMUM_PERSONS, MAXIMUM_PERSONS),
            _number("population_change_pct", -100, 1_000),
        ),
    ),
    Entity(
        "market",
        "postal_code",
        (
            _key("postal_code"),
            *_text("city", "state"),
            Field("county_fips", pattern=_COUNTY_FIPS),
            *_COORDINATES,
        ),
    ),
)

ENTITIES = MappingProxyType({(entity.source, entity.name): entity for entity in _ENTITIES})


def entity_names(source: str) -> tuple[str, ...]:
    """The entities a source of this kind may hold, in the order they are loaded."""
    return tuple(name for kind, name in ENTITIES if kind == source)
