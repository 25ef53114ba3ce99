"""What the sample company sells, and the industries it sells to.

Northwind Sensors sells devices, networks, servers, software and services to businesses. List
prices span three orders of magnitude, as in a hardware and software catalogue.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Industry:
    """A Salesforce industry value.

    Attributes:
        sector: NAICS 2017 sector whose establishments say where its accounts are.
        share: share of the accounts.
        win_logit: effect on the log odds of winning a deal.
        trades: words an account of the industry may carry in its name.
    """

    name: str
    sector: str
    share: float
    win_logit: float
    trades: tuple[str, ...]


INDUSTRIES = (
    Industry("Technology", "54", 0.11, 0.30, ("Systems", "Data", "Labs", "Digital")),
    Industry("Manufacturing", "31-33", 0.15, 0.15, ("Industries", "Works", "Metals", "Controls")),
    Industry("Healthcare", "62", 0.10, -0.20, ("Health", "Clinics", "Medical", "Care")),
    Industry("Banking", "52", 0.07, -0.35, ("Bank", "Trust", "Financial", "Savings")),
    Industry("Insurance", "52", 0.04, -0.30, ("Insurance", "Mutual", "Assurance", "Underwriters")),
    Industry("Retail", "44-45", 0.11, 0.05, ("Stores", "Market", "Outfitters", "Supply")),
    Industry("Telecommunications", "51", 0.04, 0.25, ("Telecom", "Networks", "Wireless", "Fiber")),
    Industry("Media", "51", 0.04, 0.10, ("Media", "Press", "Studios", "Broadcasting")),
    Industry("Consulting", "54", 0.06, 0.10, ("Consulting", "Advisors", "Partners", "Strategy")),
    Industry("Engineering", "54", 0.03, 0.20, ("Engineering", "Design", "Technical", "Survey")),
    Industry("Construction", "23", 0.08, -0.10, ("Builders", "Construction", "Paving", "Homes")),
    Industry("Wholesale", "42", 0.06, 0.00, ("Trading", "Wholesale", "Distribution", "Imports")),
    Industry("Transportation", "48-49", 0.05, 0.00, ("Logistics", "Freight", "Lines", "Transit")),
    Industry("Education", "61", 0.02, -0.25, ("Academy", "College", "Learning", "Institute")),
    Industry("Real Estate", "53", 0.02, -0.05, ("Realty", "Properties", "Land", "Estates")),
    Industry("Hospitality", "72", 0.01, -0.15, ("Hotels", "Resorts", "Dining", "Inns")),
    Industry("Energy", "21", 0.006, 0.10, ("Energy", "Petroleum", "Drilling", "Resources")),
    Industry("Utilities", "22", 0.004, -0.30, ("Power", "Water", "Electric", "Gas")),
)


@dataclass(frozen=True)
class Product:
    """A product; `complexity` rates the selling effort from 1 (plain) to 5 (a project)."""

    code: str
    name: str
    family: str
    list_price_usd: int
    complexity: float
    popularity: float


PRODUCTS = (
    Product("DX 10", "DX Sensor Tag", "Devices", 180, 1.0, 1.0),
    Product("DX 40", "DX Field Tablet", "Devices", 720, 1.0, 1.6),
    Product("DX 80", "DX Workstation", "Devices", 3_650, 1.5, 1.3),
    Product("NT 20", "NT Access Switch", "Networks", 2_900, 1.8, 1.3),
    Product("NT 60", "NT Edge Gateway", "Networks", 6_400, 2.2, 1.2),
    Product("NT 90", "NT Core Router", "Networks", 26_800, 3.2, 0.7),
    Product("SV 30", "SV Rack Server", "Servers", 9_800, 2.4, 1.0),
    Product("SV 70", "SV Cluster", "Servers", 58_000, 3.8, 0.5),
    Product("SW 15", "SW Desk License", "Software", 1_100, 1.2, 1.5),
    Product("SW 50", "SW Analytics Suite", "Software", 14_500, 2.8, 1.0),
    Product("SW 95", "SW Plant Platform", "Software", 88_000, 4.5, 0.4),
    Product("PS 25", "PS Care Plan", "Services", 2_400, 1.3, 1.2),
    Product("PS 75", "PS Migration Project", "Services", 21_000, 3.5, 0.6),
)
