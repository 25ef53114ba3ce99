"""What fields are called: the headings that exports of CRMs, shops and lists use.

Per entity and field, headings in lower case, words apart; the first ones are the likelier. A
heading is compared after the same treatment, without the names of objects in front that repeat in
every column of a file.
"""

from types import MappingProxyType

ENTITY_WORDS = MappingProxyType(
    {
        "account": "account accounts customer customers client clients company companies "
        "organization organizations firm firms",
        "rep": "rep reps user users employee employees seller sellers sales teams team agent "
        "agents owner owners staff salesperson",
        "product": "product products item items catalog catalogue sku",
        "opportunity": "opportunity opportunities deal deals order orders pipeline sales quote "
        "quotes",
        "opportunity_line": "line lines details orderdetails detail line item items",
        "activity": "activity activities task tasks event events call calls meeting meetings "
        "engagement engagements visit visits",
    }
)
"""Words of file names that speak for an entity."""

FIELD_WORDS = MappingProxyType(
    {
        "account": {
            "account_id": "account id|customer number|customer id|company id|client id|account "
            "number|id|rank|crm id|record id|profile url|profile",
            "account_name": "account name|customer name|company name|client name|name|account|"
            "company|customer|client|organization",
            "parent_account_id": "parent account id|parent id|parent account|subsidiary of|parent|"
            "parent company|parent company id|hs parent company id|ultimate parent",
            "industry": "industry|sector|branch|vertical|line of business",
            "segment": "segment|tier|size class|account segment|customer segment",
            "annual_revenue_usd": "annual revenue|revenue|annualrevenue|turnover|sales volume|"
            "yearly revenue",
            "employee_count": "employees|number of employees|employee count|workers|headcount|"
            "numberofemployees|staff",
            "street": "street|billing street|address|address line 1|street address|shipping street",
            "city": "city|billing city|town|shipping city",
            "state": "state|billing state code|billing state|state province|region|province|"
            "state region",
            "postal_code": "postal code|billing postal code|zip|zip code|postcode|zip postal code",
            "country": "country|billing country|office location|country name|location",
            "latitude": "latitude|billing latitude|lat",
            "longitude": "longitude|billing longitude|lon|lng|long",
            "owner_rep_id": "owner id|account owner id|account owner|owner|sales rep employee "
            "number|sales rep|rep id|hubspot owner id|salesperson|sales rep id|account manager",
            "is_customer": "is customer|type|customer status|lifecycle stage",
            "created_date": "created date|createdate|created|create date|created at|date created",
            "renewal_date": "renewal date|contract end|contract end date|renewal",
            "is_strategic": "strategic|is strategic|key account",
        },
        "rep": {
            "rep_id": "user id|employee number|rep id|employee id|id|agent id|owner id|seller id",
            "rep_name": "name|full name|sales agent|rep name|sales rep|agent|seller|owner name|"
            "salesperson",
            "manager_id": "manager id|reports to|reports to id|supervisor id",
            "manager_name": "manager|manager name|supervisor|team lead",
            "region": "regional office|region|territory|office code|office|sales region|team|"
            "user role id",
            "role": "title|job title|role|position",
            "hire_date": "hire date|start date|hired|date hired",
            "end_date": "end date|leave date|termination date",
            "is_active": "is active|active|status",
            "fte_share": "fte|fte share|part time share",
            "capacity_hours": "capacity hours|hours|selling hours",
            "city": "city|town",
            "state": "state|state code|state province",
            "postal_code": "postal code|zip|zip code",
            "country": "country",
            "latitude": "latitude|lat",
            "longitude": "longitude|lon|lng",
            "hourly_cost_usd": "hourly cost|hourly rate|cost per hour",
        },
        "product": {
            "product_id": "product code|product id|sku|item number|id|item id|product number",
            "product_name": "product name|name|product|item|item name|title",
            "product_line": "product line|family|product family|series|category|line",
            "list_price_usd": "list price|sales price|msrp|price|unit price|retail price",
            "complexity_rating": "complexity|complexity rating",
        },
        "opportunity": {
            "opportunity_id": "opportunity id|deal id|order number|order id|id|quote number",
            "account_id": "account id|account|customer number|customer id|company id|customer|"
            "client|company",
            "rep_id": "owner id|sales agent|rep id|sales rep|owner|hubspot owner id|agent|"
            "salesperson",
            "product_id": "product id|product code|product|sku|item",
            "stage": "stage name|deal stage|stage|status|deal pipeline stage id|order status|"
            "sales stage|pipeline stage",
            "opened_date": "created date|createdate|engage date|order date|opened date|open date|"
            "create date|created|date opened",
            "closed_date": "close date|closedate|closed date|shipped date|date closed|won date",
            "amount_usd": "amount|close value|deal value|value|total|order total|deal amount|"
            "total price",
            "probability_pct": "probability|win probability|probability pct",
        },
        "opportunity_line": {
            "opportunity_id": "opportunity id|order number|order id|deal id",
            "line_number": "line number|order line number|sort order|position|line|line id",
            "product_id": "product 2 id|product code|product id|sku|item|product",
            "quantity": "quantity|quantity ordered|qty|units",
            "unit_price_usd": "unit price|price each|price|sales price",
        },
        "activity": {
            "activity_id": "activity id|task id|event id|id|engagement id",
            "account_id": "account id|company id|customer id|account",
            "rep_id": "owner id|assigned to id|rep id|user id|owner",
            "activity_type": "activity type|type|task subtype|event subtype|subject",
            "activity_date": "activity date|date|due date|start date time|timestamp",
            "duration_hours": "duration|duration hours|duration in minutes|hours|minutes",
        },
    }
)

NOISE = frozenset({"property", "hs", "hubspot", "sf", "crm", "the"})
"""Words in front of a heading that say where it comes from, not what it holds."""

UNITS = MappingProxyType(
    {"duration_hours": {"minutes": "0.0166666666667", "seconds": "0.000277777777778"}}
)
"""Per field: words of a heading that name another unit, with the factor to ours."""
