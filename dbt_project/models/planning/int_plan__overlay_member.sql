with members as (
    select * from {{ ref('stg_crm__account_team') }}
),

accounts as (
    select * from {{ ref('int_plan__account') }}
),

reps as (
    select * from {{ ref('int_plan__overlay_rep') }}
)

-- Once, whatever roles the same person has on one account's team.
select
    members.account_id,
    members.rep_id,
    min(members.team_role) as team_role,
    min_by(members.member_id, members.team_role) as member_id
from members
inner join accounts
    on members.account_id = accounts.account_id
inner join reps
    on members.rep_id = reps.rep_id
group by members.account_id, members.rep_id
