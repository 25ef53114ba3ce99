"""Who may own what: eligibility, locks, sets that stay together or apart."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimization.policy.fields import (
    AccountColumn,
    Name,
    NonNegative,
    RepColumn,
    Settings,
    Values,
    account_filter,
    rep_filter,
)

Percent = Annotated[float, Field(ge=0.0, le=100.0)]
Days = Annotated[int, Field(ge=0, le=36_500)]
AccountSet = Annotated[list[str], Field(min_length=2)]


class EligibilityRule(Settings):
    """Accounts that match `accounts` may be owned only by reps that satisfy `reps` and `same`."""

    name: Name = Field(description="Shown wherever the rule decides.")
    accounts: dict[AccountColumn, Values] = account_filter()
    reps: dict[RepColumn, Values] = rep_filter()
    same: list[Literal["country", "industry_skill"]] = Field(
        default_factory=list,
        description="country: rep and account share it; industry_skill: the account's industry is "
        "among the rep's skills. Where either side is unknown, the pair stays allowed.",
    )


class LockRule(Settings):
    """Accounts that match stay with their incumbent (they still count in every load).

    All conditions given must hold. Where an account's value is unknown, its condition does not.
    """

    name: Name = Field(description="Shown as the reason of the lock.")
    accounts: dict[AccountColumn, Values] = account_filter()
    account_ids: Values | None = Field(
        default=None, description="Only these accounts. None: no such condition."
    )
    open_deal_probability_from_pct: Percent | None = Field(
        default=None, description="Only accounts with an open deal at least this likely, %."
    )
    renewal_within_days: Days | None = Field(
        default=None, description="Only accounts whose renewal is at most so many days ahead."
    )
    owner_changed_within_days: Days | None = Field(
        default=None, description="Only accounts whose owner changed at most so many days ago."
    )
    strategic: bool | None = Field(
        default=None, description="Only accounts marked strategic (true) or not (false)."
    )
    tenure_months_below: NonNegative | None = Field(
        default=None, description="Only accounts owned for fewer months than this."
    )
    expires_on: date | None = Field(
        default=None,
        description="Last day on which the rule holds, YYYY-MM-DD. None: it never expires.",
    )

    def is_in_force(self, as_of: date | None) -> bool:
        """Whether the rule holds on that day; a rule that expires needs to be told the day."""
        return self.expires_on is None or (as_of is not None and as_of <= self.expires_on)


class KeepTogether(Settings):
    """Accounts that get one owner, with their families."""

    name: Name = Field(description="Shown where the set decides.")
    account_ids: AccountSet = Field(description="Two or more accounts.")

    @model_validator(mode="after")
    def _lists_each_account_once(self) -> "KeepTogether":
        _each_once(self.account_ids)
        return self


class MustSeparate(Settings):
    """Accounts no two of which may have the same owner, such as competitors."""

    name: Name = Field(description="Shown where the set decides.")
    account_ids: AccountSet = Field(description="Two or more accounts.")

    @model_validator(mode="after")
    def _lists_each_account_once(self) -> "MustSeparate":
        _each_once(self.account_ids)
        return self


def _each_once(account_ids: list[str]) -> None:
    seen: set[str] = set()
    for account_id in account_ids:
        if account_id in seen:
            raise ValueError(f"account_ids lists {account_id} more than once")
        seen.add(account_id)
