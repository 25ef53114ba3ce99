with recursive accounts as (
    select * from {{ ref('stg_crm__account') }}
),

parents as (
    select
        accounts.account_id,
        accounts.parent_account_id
    from accounts
    inner join accounts as known
        on accounts.parent_account_id = known.account_id
),

-- Up the tree, one level a round; a walk that meets an account again has found a cycle and ends.
walks as (
    select
        account_id,
        parent_account_id as ancestor_id,
        [account_id] as visited,
        1 as depth
    from parents

    union all

    select
        walks.account_id,
        parents.parent_account_id as ancestor_id,
        list_append(walks.visited, walks.ancestor_id) as visited,
        walks.depth + 1 as depth
    from walks
    inner join parents
        on walks.ancestor_id = parents.account_id
    where not list_contains(walks.visited, walks.ancestor_id)
),

last_steps as (
    select
        account_id,
        max(depth) as depth,
        max_by(ancestor_id, depth) as root_id,
        bool_or(list_contains(visited, ancestor_id)) as is_in_cycle
    from walks
    group by account_id
)

select
    accounts.account_id,
    case
        when last_steps.is_in_cycle then accounts.account_id
        else coalesce(last_steps.root_id, accounts.account_id)
    end as family_id,
    coalesce(last_steps.depth, 0)::integer as family_depth,
    coalesce(last_steps.is_in_cycle, false) as is_in_cycle
from accounts
left join last_steps
    on accounts.account_id = last_steps.account_id
