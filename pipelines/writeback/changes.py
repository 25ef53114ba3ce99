"""What stands in a CRM, what should, and the changes between the two.

Three kinds of thing are written. Owners are updated; the two kinds of association only come and go,
as Salesforce allows: a row that names another territory is inserted, the old one deleted.

    account_owner      an account (company) and its owner
    object_territory   an account stands in a territory (ObjectTerritory2Association)
    user_territory     a user works a territory (UserTerritory2Association)
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

CAUSE = "Territory2Manual"
"""The only cause of an association that may be written; assignment rules make the others."""

Kind = Literal["account_owner", "object_territory", "user_territory"]
LinkKind = Literal["object_territory", "user_territory"]
Verb = Literal["update", "insert", "delete"]
Link = tuple[LinkKind, str, str]
"""An association: its kind, the account or user, the territory."""


@dataclass(frozen=True)
class CrmState:
    """What stands in the CRM.

    Attributes:
        owners: the owner of each account that exists; None where nobody owns it.
        links: the associations a person made (others belong to rules of the CRM), with their ids.
    """

    owners: Mapping[str, str | None] = field(default_factory=dict)
    links: Mapping[Link, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Desired:
    """What should stand there; about anything not named nothing is said.

    Attributes:
        owners: the owner of each account.
        links: associations that should be (True) or should not (False).
    """

    owners: Mapping[str, str | None] = field(default_factory=dict)
    links: Mapping[Link, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """One row to write.

    Attributes:
        subject_id: the account, or for `user_territory` the user.
        before, after: owner, or territory; None where there is none.
        record_id: of the record to update or delete.
    """

    kind: Kind
    verb: Verb
    subject_id: str
    before: str | None
    after: str | None
    record_id: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What the change is about; two changes of one thing have equal keys."""
        if self.kind == "account_owner":
            return (self.kind, self.subject_id)
        return (self.kind, self.subject_id, self.after or self.before or "")

    @property
    def link(self) -> Link:
        """The association that comes or goes."""
        assert self.kind != "account_owner"
        return (self.kind, self.subject_id, self.after or self.before or "")

    def reverse(self) -> "Change":
        """The change that takes this one back; the id of an inserted record is not known yet."""
        verbs: dict[Verb, Verb] = {"update": "update", "insert": "delete", "delete": "insert"}
        record = self.record_id if self.verb == "update" else None
        return Change(self.kind, verbs[self.verb], self.subject_id, self.after, self.before, record)


def changes_between(live: CrmState, desired: Desired) -> list[Change]:
    """What to write so that `desired` holds: owners, new associations, then old ones.

    Accounts that the CRM does not have are left out (`missing_accounts`). An account enters its new
    territory before it leaves the old one, so at no moment it has none.
    """
    return sorted(
        (*_owner_changes(live, desired), *_link_changes(live, desired)),
        key=lambda change: (_ORDER[change.verb], change.kind, change.key),
    )


_ORDER: dict[Verb, int] = {"update": 0, "insert": 1, "delete": 2}


def missing_accounts(live: CrmState, desired: Desired) -> list[str]:
    """Accounts of the plan that the CRM does not have (any more)."""
    return sorted(desired.owners.keys() - live.owners.keys())


def managed_links(live: CrmState, wanted: Set[Link], territories: Set[str]) -> dict[Link, bool]:
    """`wanted` associations, and those that have to go because of them.

    An account or user that gets a territory leaves the other `territories` of the plan; territories
    that are not the plan's stay as they are.
    """
    placed = {(kind, subject) for kind, subject, _ in wanted}
    going = {
        link: False
        for link in live.links
        if link not in wanted and link[:2] in placed and link[2] in territories
    }
    return going | dict.fromkeys(wanted, True)


def _owner_changes(live: CrmState, desired: Desired) -> Iterator[Change]:
    for account, owner in desired.owners.items():
        if account in live.owners and live.owners[account] != owner:
            yield Change("account_owner", "update", account, live.owners[account], owner, account)


def _link_changes(live: CrmState, desired: Desired) -> Iterator[Change]:
    for link, is_wanted in desired.links.items():
        kind, subject, territory = link
        # An association of an account that is gone cannot be made.
        is_gone = kind == "object_territory" and subject not in live.owners
        if is_wanted and link not in live.links and not is_gone:
            yield Change(kind, "insert", subject, None, territory)
        elif not is_wanted and link in live.links:
            yield Change(kind, "delete", subject, territory, None, live.links[link])
