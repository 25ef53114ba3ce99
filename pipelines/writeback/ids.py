"""Which ids a CRM knows as its own, and the one form of each."""

import re
from typing import Literal

System = Literal["salesforce", "hubspot"]

_PATTERNS = {
    "salesforce": re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?"),
    "hubspot": re.compile(r"[0-9]{1,20}"),
}
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_id_of(system: System, text: str | None) -> bool:
    """Whether `text` has the form of an id of `system`; such a text is no formula either."""
    return text is not None and bool(_PATTERNS[system].fullmatch(text))


def normal_id(system: System, text: str) -> str:
    """The one form of an id: Salesforce's 15 characters get the three that make 18 of them.

    The suffix says which letters are capitals, five bits a character (Salesforce, "How to convert
    15 character Id into 18").
    """
    if system != "salesforce" or len(text) != 15:
        return text
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << i for i, letter in enumerate(text[start : start + 5]) if letter.isupper())
        suffix += _SUFFIX[bits]
    return text + suffix
