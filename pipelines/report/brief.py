"""The top of the report as Markdown, for pages that are not ours, such as the Dagster UI."""

import re
from pathlib import Path

from pipelines.report.content import HEADLINE_TABLES, Headline, headline
from pipelines.report.tables import read_tables

# What Markdown or HTML would take for more than a character.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&:/@=])")


def plan_in_markdown(release: Path, company: str, scenario: str, as_of: object) -> str:
    """What the plan in the folder `release` does, as Markdown."""
    tables = read_tables(release, scenario, HEADLINE_TABLES)
    return as_markdown(headline(tables, company, as_of))


def as_markdown(told: Headline) -> str:
    """`told` with its figures as a table; every text stays text."""
    rows = [
        f"| {escaped(card['name'])} | {escaped(card['value'])} | {escaped(card['note'])} |"
        for card in told.cards
    ]
    return "\n\n".join(
        (
            f"**{escaped(told.title)}**",
            escaped(told.subtitle),
            "\n".join(f"- {escaped(sentence)}" for sentence in told.sentences),
            "\n".join(("| | | |", "|---|---|---|", *rows)),
        )
    )


def escaped(text: str) -> str:
    """`text` as Markdown that shows it letter by letter, on one line."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
