"""The OpenAPI document tells people of every operation, in examples that its schemas take."""

from __future__ import annotations

import os
from typing import Any

from django.core.management import call_command

from plinto.api_document import SUBJECTS
from tests.openapi import OPERATIONS, PLINTO, examples_of, faults
from tests.project.test_errors_documented import in_code


def test_it_is_made_without_a_warning_and_is_valid():
    call_command("spectacular", validate=True, fail_on_warn=True, file=os.devnull)


def test_no_table_tells_of_an_operation_that_there_is_not():
    assert {name for subject in SUBJECTS for name in subject.operations} - set(OPERATIONS) == set()


def test_no_operation_is_told_of_twice():
    told = [name for subject in SUBJECTS for name in subject.operations]
    assert sorted(told) == sorted(set(told))


def test_it_says_where_the_api_is_and_what_version_and_licence():
    assert PLINTO["servers"][0]["url"] == "/"
    assert PLINTO["info"]["version"] == "1"
    assert PLINTO["info"]["license"]["identifier"] == "Apache-2.0"
    assert set(PLINTO["components"]["securitySchemes"]) == {
        "access_token",
        "api_key",
        "health_token",
    }


def test_each_operation_has_a_summary_a_subject_and_no_path_for_a_description():
    subjects = {tag["name"] for tag in PLINTO["tags"]}
    for name, operation in OPERATIONS.items():
        told = operation.told
        assert 3 < len(told.get("summary", "")) <= 80, name
        assert set(told["tags"]) <= subjects, name
        assert "/api/v1" not in told.get("description", ""), name


def test_security_is_that_of_a_scheme_which_is_described():
    schemes = set(PLINTO["components"]["securitySchemes"])
    for name, operation in OPERATIONS.items():
        named = {each for scheme in operation.told.get("security", ()) for each in scheme}
        assert named <= schemes, name


def test_each_part_of_a_path_has_an_example_that_fits():
    for name, operation in OPERATIONS.items():
        for parameter in operation.told.get("parameters", ()):
            if parameter["in"] == "path":
                assert faults(parameter["example"], parameter["schema"]) == [], name


def test_each_body_has_examples_that_its_schema_takes():
    found = {}
    for name, operation in OPERATIONS.items():
        content = operation.told.get("requestBody", {}).get("content", {})
        found[name] = wrong(content)
    assert {name: said for name, said in found.items() if said} == {}


def test_each_answer_and_each_refusal_has_examples_that_its_schema_takes():
    found = {}
    for name, operation in OPERATIONS.items():
        for status, response in operation.told["responses"].items():
            found[name, status] = wrong(response.get("content", {}))
    assert {name: said for name, said in found.items() if said} == {}


def test_each_refusal_is_shown_with_a_code_of_its_status():
    known = in_code()
    for name, operation in OPERATIONS.items():
        for status, example in operation.refusals():
            assert known[example["error"]] == status == str(example["status_code"]), name


def wrong(content: dict[str, Any]) -> list[str]:
    """What speaks against the examples of these kinds of content."""
    found = []
    for each in content.values():
        shown = examples_of(each)
        if not shown:
            found.append("There is no example.")
        for name, example in shown.items():
            found += [f"{name}: {fault}" for fault in faults(example, each["schema"])]
    return found
