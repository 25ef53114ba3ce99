{#
  The fold of a family, 0 to 4: what is fitted on the other folds scores it, so nothing scores
  itself. A hash of the id, so that it stays when other accounts come and go.
#}
{% macro fold_of(family) -%}
    cast(md5_number_lower({{ family }}) % 5 as integer)
{%- endmacro %}
