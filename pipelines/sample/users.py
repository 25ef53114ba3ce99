"""users.csv: the vice president, managers by region, and the sellers under them."""

from math import ceil

import numpy as np
import polars as pl

from pipelines.sample.csv_table import us_date
from pipelines.sample.names import person_names
from pipelines.sample.places import STATE_REGIONS
from pipelines.sample.record_ids import USER, record_ids

REPS_PER_MANAGER = 8
TITLES = ("Account Executive", "Senior Account Executive", "Enterprise Account Executive")


def user_export(sellers: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, np.ndarray]:
    """The rows of users.csv (leaders first) and the record ids of the sellers.

    Args:
        sellers: one row a seller, as `pipelines.sample.team` describes them.
    """
    regions = [STATE_REGIONS[state] for state in sellers["state"]]
    teams: list[tuple[str, list[int]]] = []
    for region in sorted(set(regions)):
        members = [i for i, r in enumerate(regions) if r == region]
        groups = ceil(len(members) / REPS_PER_MANAGER)
        teams += [(region, members[g::groups]) for g in range(groups)]
    leaders = 1 + len(teams)
    people = person_names(0, leaders + len(sellers), seed)
    ids = record_ids(USER, 1, leaders + len(sellers)).to_list()
    manager_of = {member: 1 + t for t, (_, members) in enumerate(teams) for member in members}

    rows = [{"User ID": ids[0], "Full Name": people[0], "Title": "VP Sales", "Active": 1}]
    for number, (region, _) in enumerate(teams, start=1):
        rows.append(
            {"User ID": ids[number], "Full Name": people[number], "Title": "Regional Sales Manager"}
            | {"Manager ID": ids[0], "Manager": people[0], "Region": region, "Active": 1}
        )
    for i, seller in enumerate(sellers.iter_rows(named=True)):
        manager, number = manager_of[i], leaders + i
        vacant = seller["is_vacant"]
        rows.append(
            {
                "User ID": ids[number],
                "Full Name": f"Vacant seat {regions[i]} {i + 1}" if vacant else people[number],
                "Title": TITLES[seller["seniority"]],
                "Manager ID": ids[manager],
                "Manager": people[manager],
                "Region": regions[i],
                "Active": int(not seller["is_former"]),
                "Hire Date": None if vacant else seller["hired"],
                "End Date": seller["left"] if seller["is_former"] else None,
                "FTE %": seller["fte_pct"],
                "Industry Skills": seller["skills"] or None,
                "City": seller["city"],
                "State/Province": seller["state"],
                "Zip/Postal Code": seller["postal_code"],
                "Country": "United States",
                "Latitude": seller["latitude"],
                "Longitude": seller["longitude"],
                "Hourly Cost": None if vacant else seller["cost"],
            }
        )
    columns = list(rows[-1])
    frame = pl.DataFrame(
        {column: [row.get(column) for row in rows] for column in columns}, strict=False
    ).with_columns(us_date("Hire Date"), us_date("End Date"))
    return frame, np.array(ids[leaders:])
