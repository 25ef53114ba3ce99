"""Which columns of the raw tables hold free text, categories and amounts."""

from pipelines.ingest.entities import ENTITIES, Entity

PROSE = frozenset({"account_name", "rep_name", "manager_name", "product_name", "street", "reason"})
"""Columns in which any words may stand: odd ones are no defect, unreadable ones are."""

PAY = frozenset({"hourly_cost_usd"})
"""Never read here: findings are published."""

TABLES = tuple(entity for entity in ENTITIES.values() if entity.source in ("crm", "plan"))
"""The tables people write; official statistics have defects of their own kind."""


def text_columns(entity: Entity) -> list[str]:
    """Free text of `entity`: no keys, no references, no fixed lists."""
    return [
        field.name
        for field in entity.fields
        if field.type == "text"
        and not field.is_key
        and not field.references
        and not field.vocabulary
        and field.name not in PAY
    ]


def record_id_sql(entity: Entity, alias: str = "") -> str:
    """SQL of the id that names a row of `entity` in findings."""
    prefix = f"{alias}." if alias else ""
    return "concat_ws('|', " + ", ".join(f"{prefix}{field.name}" for field in entity.keys) + ")"
