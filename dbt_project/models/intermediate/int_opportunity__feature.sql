with opportunities as (
    select * from {{ ref('int_crm__opportunity') }}
),

profiles as (
    select * from {{ ref('int_account__profile') }}
),

families as (
    select * from {{ ref('int_account__family') }}
),

complexity as (
    select * from {{ ref('int_account__complexity') }}
),

reps as (
    select
        reps.rep_id,
        capacity.experience_multiplier,
        list_transform(
            string_split(lower(reps.skill_industries), '|'), lambda skill: trim(skill)
        ) as skills
    from {{ ref('stg_crm__rep') }} as reps
    inner join {{ ref('int_rep__capacity') }} as capacity
        on reps.rep_id = capacity.rep_id
),

-- Whole quarters, at most a year: deals are won more often at the end of a quarter.
spans as (
    select
        3 * least(
            4, round(date_diff('day', min(closed_date), {{ as_of() }}) / 30.4375)::integer // 3
        ) as learned_months
    from opportunities
    where closed_date <= {{ as_of() }}
)

select
    opportunities.opportunity_id,
    case when opportunities.is_open then 'open' else 'closed' end as moment,
    opportunities.status,
    opportunities.account_id,
    opportunities.rep_id,
    opportunities.product_id,
    {{ fold_of('coalesce(families.family_id, opportunities.opportunity_id)') }} as fold,
    lower(profiles.industry) as industry,
    profiles.employee_count::double as employee_count,
    profiles.annual_revenue_usd::double as annual_revenue_usd,
    opportunities.amount_usd::double as amount_usd,
    -- As the policy's response prices them: no skills listed costs nothing.
    case
        when reps.skills is not null and profiles.industry is not null
            then (not list_contains(reps.skills, lower(profiles.industry)))::double
    end as is_stranger,
    {{ clip(
        '1 + ' ~ clip('(complexity.complexity_score - 1) / 2', 0, 0.5)
        ~ ' - reps.experience_multiplier',
        0,
        0.5
    ) }} / 0.5 as experience_shortfall
from opportunities
cross join spans
left join profiles
    on opportunities.account_id = profiles.account_id
left join families
    on opportunities.account_id = families.account_id
left join complexity
    on opportunities.account_id = complexity.account_id
left join reps
    on opportunities.rep_id = reps.rep_id
where
    opportunities.is_open
    or (
        opportunities.status in ('won', 'lost')
        and opportunities.closed_date <= {{ as_of() }}
        and opportunities.closed_date > {{ as_of() }} - to_months(spans.learned_months)
    )
