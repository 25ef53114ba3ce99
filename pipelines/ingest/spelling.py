"""One name in the spellings that CRMs and the tools which land them give it.

Salesforce says `Product2Id`, Airbyte lands it under that name, Fivetran as `product_2_id`, dlt as
`product2_id`; a custom field `Tier__c` becomes `tier_c`. HubSpot's property `name` is landed as
`property_name` or `properties_name`. Case, underscores and that prefix are what differs.
"""

from collections.abc import Sequence

from pipelines.errors import InputError

_PREFIXES = ("properties__", "properties_", "property_")


def folded(name: str) -> str:
    """What all spellings of `name` have in common."""
    name = name.casefold()
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name.replace("_", "").replace(" ", "")


def respell(wanted: Sequence[str], columns: Sequence[str], where: str) -> list[str]:
    """`columns`, where one is another spelling of a wanted name under that wanted name.

    A column spelt exactly as wanted comes first. Raises InputError when two other spellings of one
    wanted name stand side by side.
    """
    names = list(columns)
    by_folded: dict[str, list[int]] = {}
    for position, column in enumerate(columns):
        by_folded.setdefault(folded(column), []).append(position)
    for name in wanted:
        found = by_folded.get(folded(name), [])
        if name in columns or not found:
            continue
        if len(found) > 1:
            both = ", ".join(columns[position] for position in found)
            raise InputError(
                f"{where}: column '{name}' may be {both}; name the one that is meant in the mapping"
            )
        names[found[0]] = name
    return names
