"""Every rule of the library comes with tests: of its trouble, of just less than that, and of bad data."""

from itertools import pairwise

import pytest

from conditions.library.catalog import Template, rule_file, templates
from conditions.rule_file import load_rules
from conditions.rule_tests.case import RuleTest, run_test
from conditions.rule_tests.file import load_tests
from conditions.rule_tests.stream import Stream
from config.documents import parse_document


def own_tests(template: Template) -> list[RuleTest]:
    document = parse_document(rule_file(template), f"{template.name}.yaml")
    roles = {template.asset_class: {role: one.unit for role, one in template.about.roles.items()}}
    rules, wrong_rules = load_rules([document], roles)
    tests, wrong_tests = load_tests([document], rules)
    assert [problem.explain() for problem in [*wrong_rules, *wrong_tests]] == []
    return tests


TEMPLATES = list(templates())
TESTS = {
    f"{template.name}: {test.rule.id}: {test.name}": test
    for template in TEMPLATES
    for test in own_tests(template)
}


def named(template: Template) -> str:
    return template.name


def lacks(stream: Stream, *, until: int) -> bool:
    """Does an input go unknown, or silent for longer than it usually does, before the test ends?"""
    times = [*(sample.at for sample in stream.samples), until]
    gaps = [after - before for before, after in pairwise(times) if after > before]
    return any(sample.value is None for sample in stream.samples) or max(gaps) > 2 * min(gaps)


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_a_template_s_own_test_passes(test: RuleTest) -> None:
    lines = run_test(test).lines
    assert [(str(line.expected), str(line.found)) for line in lines if not line.same] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=named)
def test_every_rule_is_shown_to_raise_and_to_stay_quiet(template: Template) -> None:
    tests = own_tests(template)
    assert {test.rule.id for test in tests if test.expected} == template.about.rules.keys()
    assert {test.rule.id for test in tests if not test.expected} == template.about.rules.keys()


@pytest.mark.parametrize("template", TEMPLATES, ids=named)
def test_every_level_of_a_rule_is_raised_by_a_test(template: Template) -> None:
    tests = own_tests(template)
    raised = {(test.rule.id, step.severity) for test in tests for step in test.expected}
    wanted = {
        (test.rule.id, level.severity)
        for test in tests
        if len(test.rule.levels) > 1
        for level in test.rule.levels
    }
    assert wanted <= raised


@pytest.mark.parametrize("template", TEMPLATES, ids=named)
def test_a_template_shows_what_comes_of_data_that_lacks(template: Template) -> None:
    assert any(
        lacks(stream, until=test.end)
        for test in own_tests(template)
        for stream in test.streams.values()
    )
