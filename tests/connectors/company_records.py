"""The generated sample company as the records a CRM holds, and a project that reads that CRM."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from pipelines.sample import CompanySettings, generate_company

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"
AS_OF = date(2026, 6, 30)

Record = dict[str, Any]


def make_company(folder: Path, *, accounts: int = 150, reps: int = 6) -> Path:
    """The files of a small company in `folder`."""
    generate_company(CompanySettings(accounts=accounts, reps=reps, seed=3, as_of=AS_OF, out=folder))
    return folder


def write_project(
    folder: Path, company: Path, connector: dict[str, Any], example: str = "salesforce"
) -> Path:
    """The shipped `example` on a server of the tests, with the market files of `company`."""
    examples = CONFIG / "examples"
    document = yaml.safe_load((examples / f"{example}.yaml").read_text())
    crm = document["sources"]["crm"]
    crm["connector"] |= connector
    if connector["type"] == "duckdb":
        crm["connector"] = connector
    crm["mapping"] = str(examples / crm["mapping"])
    document["sources"]["market"] = {
        "mapping": str(CONFIG / "mappings" / "sample_market.yaml"),
        "path": str(company),
    }
    document |= {"data_dir": "data"}
    document |= {name: str(examples / document[name]) for name in ("scoring", "policies")}
    config = folder / "project.yaml"
    config.write_text(yaml.safe_dump(document))
    return config


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return pl.read_csv(folder / name, infer_schema=False).to_dicts()


def _day(text: str | None) -> str | None:
    return datetime.strptime(text, "%m/%d/%Y").date().isoformat() if text else None


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def sellers(company: Path) -> list[dict[str, Any]]:
    """The users who carry a territory."""
    users = _rows(company, "users.csv")
    return [user for user in users if user["Title"].endswith("Account Executive")]


def salesforce_records(company: Path) -> dict[str, list[Record]]:
    """The company as Salesforce objects; without SystemModstamp."""
    accounts = [
        {
            "Id": row["Account ID"],
            "Name": row["Account Name"],
            "ParentId": row["Parent Account ID"],
            "Industry": row["Industry"],
            "AnnualRevenue": _number(row["Annual Revenue"]),
            "NumberOfEmployees": int(row["Employees"]) if row["Employees"] else None,
            "BillingStreet": row["Billing Street"],
            "BillingCity": row["Billing City"],
            "BillingState": row["Billing State/Province"],
            "BillingPostalCode": row["Billing Zip/Postal Code"],
            "BillingCountry": row["Billing Country"],
            "BillingLatitude": _number(row["Billing Latitude"]),
            "BillingLongitude": _number(row["Billing Longitude"]),
            "OwnerId": row["Account Owner ID"],
            "CreatedDate": f"{_day(row['Created Date'])}T08:00:00.000+0000",
            "IsDeleted": False,
            "Segment__c": row["Segment"],
        }
        for row in _rows(company, "accounts.csv")
    ]
    users = [
        {
            "Id": row["User ID"],
            "Name": row["Full Name"],
            "ManagerId": row["Manager ID"],
            "UserRoleId": f"00E5e{row['Region']}",
            "Title": row["Title"],
            "IsActive": row["Active"] == "1",
            "City": row["City"],
            "State": row["State/Province"],
            "PostalCode": row["Zip/Postal Code"],
            "Country": row["Country"],
            "Latitude": _number(row["Latitude"]),
            "Longitude": _number(row["Longitude"]),
            "UserType": "Standard",
        }
        for row in sellers(company)
    ]
    robot = dict.fromkeys(users[0]) | {
        "Id": "0055e0000robot1AAA", "Name": "Automated Process", "UserType": "AutomatedProcess"
    }  # fmt: skip
    regions = sorted({user["UserRoleId"] for user in users})
    opportunities, lines = [], []
    for row in _rows(company, "opportunities.csv"):
        stage = row["Stage"]
        opportunities.append(
            {
                "Id": row["Opportunity ID"],
                "AccountId": row["Account ID"],
                "OwnerId": row["Owner ID"],
                "StageName": stage,
                "IsClosed": stage.startswith("Closed"),
                "IsWon": stage == "Closed Won",
                "CreatedDate": f"{_day(row['Created Date'])}T08:00:00.000+0000",
                "CloseDate": _day(row["Close Date"]),
                "Amount": _number(row["Amount"]),
                "Probability": _number(row["Probability (%)"]),
                "IsDeleted": False,
            }
        )
        quantity = _number(row["Quantity"]) or 1.0
        lines.append(
            {
                "Id": "00k" + row["Opportunity ID"][3:],
                "OpportunityId": row["Opportunity ID"],
                "Product2Id": row["Product Code"],
                "Quantity": quantity,
                "UnitPrice": round((_number(row["Amount"]) or 0.0) / quantity, 2),
                "IsDeleted": False,
            }
        )
    tasks, events = [], []
    for row in _rows(company, "activities.csv"):
        record = {
            "Id": row["Activity ID"],
            "AccountId": row["Account ID"],
            "OwnerId": row["Assigned To ID"],
            "ActivityDate": _day(row["Date"]),
            "IsDeleted": False,
        }
        hours = _number(row["Duration (Hours)"])
        if row["Type"] == "Call":
            seconds = round(hours * 3600) if hours else None
            call = {"TaskSubtype": "Call", "CallDurationInSeconds": seconds, "IsClosed": True}
            tasks.append(record | call)
        else:
            minutes = round(hours * 60) if hours else None
            events.append(
                record | {"EventSubtype": "Event", "DurationInMinutes": minutes, "IsChild": False}
            )
    return {
        "Account": accounts,
        "User": [*users, robot],
        "UserRole": [{"Id": region, "Name": region.removeprefix("00E5e")} for region in regions],
        "Product2": [
            {
                "Id": row["Product Code"],
                "Name": row["Product Name"],
                "Family": row["Product Family"],
                "IsDeleted": False,
            }
            for row in _rows(company, "products.csv")
        ],
        "Opportunity": opportunities,
        "OpportunityLineItem": lines,
        "Task": tasks,
        "Event": events,
        "Territory2": [{"Id": "0MI5e0000000001AAA", "Name": "West", "ParentTerritory2Id": None}],
        "ObjectTerritory2Association": [
            {
                "Id": "0MT5e0000000001AAA",
                "ObjectId": accounts[0]["Id"],
                "Territory2Id": "0MI5e0000000001AAA",
                "AssociationCause": "Territory2Manual",
                "IsDeleted": False,
            }
        ],
        "UserTerritory2Association": [
            {
                "Id": "0MU5e0000000001AAA",
                "UserId": users[0]["Id"],
                "Territory2Id": "0MI5e0000000001AAA",
                "IsActive": True,
            }
        ],
    }


def moment(number: int) -> str:
    """A moment in HubSpot's form, `number` seconds after the company's history ended."""
    at = datetime.combine(AS_OF, datetime.min.time(), UTC) + timedelta(seconds=number)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


STAGES = {
    "Prospecting": ("appointmentscheduled", "0.1", "false"),
    "Qualification": ("qualifiedtobuy", "0.2", "false"),
    "Needs Analysis": ("presentationscheduled", "0.3", "false"),
    "Proposal/Price Quote": ("decisionmakerboughtin", "0.6", "false"),
    "Negotiation/Review": ("contractsent", "0.8", "false"),
    "Closed Won": ("closedwon", "1.0", "true"),
    "Closed Lost": ("closedlost", "0.0", "true"),
}


def hubspot_records(company: Path) -> dict[str, Any]:
    """The company as HubSpot objects, owners, pipelines and associations with companies."""

    def item(number: int, id_: str, properties: dict[str, Any]) -> Record:
        changed = {"hs_lastmodifieddate": moment(number)}
        return {"id": id_, "archived": False, "properties": properties | changed}

    accounts = _rows(company, "accounts.csv")
    ids = {row["Account ID"]: str(9_000_000_000 + i) for i, row in enumerate(accounts)}
    owners = {user["User ID"]: str(50_000 + i) for i, user in enumerate(sellers(company))}
    companies = [
        item(
            i,
            ids[row["Account ID"]],
            {
                "name": row["Account Name"],
                "hs_parent_company_id": ids.get(row["Parent Account ID"] or ""),
                "industry": row["Industry"],
                "annualrevenue": row["Annual Revenue"],
                "numberofemployees": row["Employees"],
                "address": row["Billing Street"],
                "city": row["Billing City"],
                "state": row["Billing State/Province"],
                "zip": row["Billing Zip/Postal Code"],
                "country": row["Billing Country"],
                "hubspot_owner_id": owners.get(row["Account Owner ID"] or ""),
                "createdate": f"{_day(row['Created Date'])}T08:00:00Z",
            },
        )
        for i, row in enumerate(accounts)
    ]
    deals, associations = [], {}
    for i, row in enumerate(_rows(company, "opportunities.csv")):
        id_ = str(7_000_000_000 + i)
        stage, probability, _ = STAGES[row["Stage"]]
        closed = _day(row["Close Date"])
        deals.append(
            item(
                i,
                id_,
                {
                    "dealname": f"Deal {i}",
                    "dealstage": stage,
                    "pipeline": "default",
                    "amount": row["Amount"],
                    "hs_deal_stage_probability": probability,
                    "hubspot_owner_id": owners.get(row["Owner ID"] or ""),
                    "createdate": f"{_day(row['Created Date'])}T08:00:00Z",
                    "closedate": closed and f"{closed}T16:00:00Z",
                },
            )
        )
        if row["Account ID"] in ids:
            associations["deals", id_] = [(ids[row["Account ID"]], (5, 341))]
    calls, meetings = [], []
    for i, row in enumerate(_rows(company, "activities.csv")):
        id_ = str(8_000_000_000 + i)
        hours = _number(row["Duration (Hours)"])
        properties = {
            "hs_timestamp": f"{_day(row['Date'])}T10:00:00Z",
            "hubspot_owner_id": owners.get(row["Assigned To ID"] or ""),
        }
        if row["Type"] == "Call":
            duration = str(round(hours * 3_600_000)) if hours else None
            calls.append(item(i, id_, properties | {"hs_call_duration": duration}))
        else:
            meetings.append(item(i, id_, properties))
        if row["Account ID"] in ids:
            kind = "calls" if row["Type"] == "Call" else "meetings"
            associations[kind, id_] = [(ids[row["Account ID"]], (182,))]
    return {
        "objects": {
            "companies": companies,
            "deals": deals,
            "calls": calls,
            "emails": [],
            "meetings": meetings,
            "notes": [],
            "tasks": [],
        },
        "associations": associations,
        "owners": [
            {
                "id": owners[user["User ID"]],
                "email": f"rep{i}@example.com",
                "firstName": user["Full Name"].partition(" ")[0],
                "lastName": user["Full Name"].partition(" ")[2],
                "type": "PERSON",
                "archived": user["Active"] != "1",
                "teams": [{"id": user["Region"], "name": user["Region"], "primary": True}],
            }
            for i, user in enumerate(sellers(company))
        ],
        "stages": [
            {"id": id_, "label": label, "metadata": {"isClosed": closed, "probability": share}}
            for label, (id_, share, closed) in STAGES.items()
        ],
    }
