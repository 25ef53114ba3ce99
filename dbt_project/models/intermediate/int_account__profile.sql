with accounts as (
    select * from {{ ref('stg_crm__account') }}
),

sectors as (
    {{ mapping_rows(var('market_industry_sectors')) }}
)

select
    accounts.account_id,
    accounts.industry,
    sectors.meaning as naics_sector,
    coalesce(
        accounts.segment,
        case
            {% for segment in var('segments') -%}
            when
                accounts.annual_revenue_usd >= {{ segment.minimum_revenue_usd }}
                or accounts.employee_count >= {{ segment.minimum_employees }}
                then {{ literal(segment.name) }}
            {% endfor -%}
            else 'Unclassified'
        end
    ) as segment,
    -- 1, 2, 3, … from the smallest; NULL where employees are unknown.
    case
        when accounts.employee_count > 0
            then 1
            {% for bound in var('potential_size_band_employees') -%}
            + (accounts.employee_count >= {{ bound }})::integer
            {% endfor %}
    end as size_band,
    case when accounts.employee_count > 0 then accounts.employee_count end as employee_count,
    case
        when accounts.annual_revenue_usd > 0 then accounts.annual_revenue_usd
    end as annual_revenue_usd
from accounts
left join sectors
    on lower(accounts.industry) = sectors.spelling
