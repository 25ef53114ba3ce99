{# A category without case and with single blanks, as two spellings of it are compared. #}
{% macro folded(column) -%}
    regexp_replace(lower({{ text(column) }}), '\s+', ' ', 'g')
{%- endmacro %}

{#
The commonest spelling of each category of `column` in `relation`, as folded, spelling. Of two that
are equally common, the first in the alphabet.
#}
{% macro common_spellings(relation, column) -%}
    select folded, first(spelling order by times desc, spelling) as spelling
    from (
        select
            {{ folded(column) }} as folded,
            {{ text(column) }} as spelling,
            count(*) as times
        from {{ relation }}
        where {{ text(column) }} is not null
        group by folded, spelling
    ) as spellings
    group by folded
{%- endmacro %}

{# A product code as people write it: without case, blanks and punctuation. #}
{% macro folded_code(column) -%}
    nullif(regexp_replace(lower({{ column }}), '[^\p{L}\p{N}]', '', 'g'), '')
{%- endmacro %}
