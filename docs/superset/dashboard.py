"""Make Superset ready and put the territory dashboard over a published release into it.

Run by start.sh with the environment of Superset, never by the pipeline. One process does all of
it: Superset's own commands each pay ten seconds of imports again.
"""

import json
import sys
from pathlib import Path
from typing import Any

from charts import CHARTS, DATASETS, layout

DASHBOARD = "territory-plan"
USER = "admin"


def prepare(release: Path) -> None:
    """Create what is missing of Superset's own database, then the dashboard anew.

    Args:
        release: the link `published`, so that a new connection sees the newest plan.
    """
    from superset.app import create_app

    with create_app().app_context():
        _upgrade()
        _build(release)


def _upgrade() -> None:
    """What `superset db upgrade`, `superset init` and `superset fab create-admin` do."""
    from flask_migrate import upgrade
    from superset import appbuilder, security_manager

    upgrade()
    if security_manager.find_user(USER) is None:
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        role = security_manager.find_role("Admin")
        security_manager.add_user(USER, "Territory", "Admin", "admin@localhost", role, USER)


def _build(release: Path) -> None:
    from superset import db
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    session = db.session
    for old in session.query(Dashboard).filter_by(slug=DASHBOARD):
        session.delete(old)
    session.commit()
    datasets = _datasets(session, release)
    slices = []
    for chart in CHARTS:
        for old in session.query(Slice).filter_by(slice_name=chart.title):
            session.delete(old)
        form = {
            "viz_type": chart.kind,
            "adhoc_filters": [],
            "row_limit": 1000,
            **chart.form,
            "datasource": f"{datasets[chart.dataset].id}__table",
        }
        slices.append(
            Slice(
                slice_name=chart.title,
                viz_type=chart.kind,
                datasource_type="table",
                datasource_id=datasets[chart.dataset].id,
                params=json.dumps(form),
            )
        )
    session.add_all(slices)
    session.commit()
    session.add(
        Dashboard(
            dashboard_title="Territory plan",
            slug=DASHBOARD,
            slices=slices,
            published=True,
            position_json=json.dumps(layout([chart.id for chart in slices])),
        )
    )
    session.commit()


def _datasets(session: Any, release: Path) -> dict[str, Any]:
    """The database of the release and, over it, a dataset for each of DATASETS."""
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database

    database = session.query(Database).filter_by(database_name="Territory plan").first()
    if database is None:
        database = Database(database_name="Territory plan")
        session.add(database)
    database.sqlalchemy_uri = f"duckdb:///{release / 'territory.duckdb'}"
    # A file that is only read may be opened by any number of readers.
    database.extra = json.dumps({"engine_params": {"connect_args": {"read_only": True}}})
    session.commit()
    result = {}
    for name, sql in DATASETS.items():
        table = session.query(SqlaTable).filter_by(table_name=name, database_id=database.id).first()
        if table is None:
            table = SqlaTable(table_name=name, database=database, schema="main")
            session.add(table)
        table.sql = sql
        session.commit()
        table.fetch_metadata()
        result[name] = table
    return result


if __name__ == "__main__":
    prepare(Path(sys.argv[1]).absolute())
