"""Which territory model of a Salesforce organisation is written to.

An organisation may hold one active model, several in planning and archived ones, each with
territories of its own, often of the same names. Associations of archived ones cannot be written.
"""

from collections.abc import Mapping, Sequence

from pipelines.errors import ConfigurationError, near, quote
from pipelines.writeback.ids import normal_id

SETTING = "sources.crm.connector.territory2_model"
_ARCHIVED = frozenset({"Archived", "Archiving", "ArchiveFailed"})

Model = Mapping[str, str | None]


def chosen_model(models: Sequence[Model], wanted: str | None) -> str | None:
    """The id of the model that is meant; None where the organisation shows none.

    Args:
        models: records of Territory2Model: Id, Name, DeveloperName, State.
        wanted: id, developer name or label; None: the only one that is not archived.

    Raises:
        ConfigurationError: there is no such model, it is archived, or several are possible.
    """
    if wanted is None:
        usable = [model for model in models if model.get("State") not in _ARCHIVED]
        if len(usable) > 1:
            raise ConfigurationError(
                f"{SETTING}: is not set, and the organisation has several territory models: "
                f"{'; '.join(sorted(map(_named, usable)))}; name the one to write to"
            )
        return str(usable[0]["Id"]) if usable else None
    named = {
        name.casefold(): model
        for model in models
        for name in (model.get("Name"), model.get("DeveloperName"), model.get("Id"))
        if name
    }
    found = named.get(wanted.casefold()) or named.get(normal_id("salesforce", wanted).casefold())
    if found is None:
        labels = [str(model.get("DeveloperName") or model.get("Name")) for model in models]
        there = f"there are {', '.join(sorted(labels))}" if labels else "none can be read"
        raise ConfigurationError(
            f"{SETTING}: no territory model {quote(wanted)}{near(wanted, labels)}; {there}"
        )
    if found.get("State") in _ARCHIVED:
        raise ConfigurationError(
            f"{SETTING}: {_named(found)}: nothing can be written to it; name one in planning or "
            "the active one"
        )
    return str(found["Id"])


def _named(model: Model) -> str:
    return f"{model.get('DeveloperName') or model.get('Name')} ({model.get('State') or 'no state'})"
