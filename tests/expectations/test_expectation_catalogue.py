"""The declared expectation types agree with the library's own definitions."""

import pytest

from expectations.catalogue import EXPECTATION_TYPES

# What the library takes beside the keywords of a rule.
COMMON = {
    *("id", "meta", "notes", "result_format", "description", "catch_exceptions", "severity"),
    *("rendered_content", "windows", "batch_id", "row_condition", "condition_parser"),
}


@pytest.mark.parametrize("name", EXPECTATION_TYPES)
def test_keywords_are_the_librarys(name):
    from great_expectations.expectations.registry import get_expectation_impl

    import expectations.duckdb_engine  # noqa: F401  (sets the library up)

    fields = get_expectation_impl(name).__fields__
    declared = EXPECTATION_TYPES[name]
    assert set(declared.keywords) <= set(fields) - COMMON
    demanded = {field for field, model in fields.items() if model.required} - COMMON
    assert demanded <= set(declared.required)


def test_a_threshold_is_worded_for_every_type():
    from pathlib import Path

    from expectations.outcome import threshold_text
    from expectations.suite import Check

    values = {"value_set": [1], "column_list": ["a"], "mostly": 1, "min_value": 1, "value": 1}
    for name, declared in EXPECTATION_TYPES.items():
        kwargs = {word: values.get(word, "text") for word in declared.required + declared.one_of}
        check = Check("name", name, kwargs, "error", "Rule.", str(Path("suite.yaml")))
        assert threshold_text(check).strip(), name
