"""Falls if: a report names a finding by a word that only this project knows, or does not say what it was about."""

import pytest

from exsim.judgement.also_seen import finding_lines, kind_words
from exsim.judgement.judge import judge
from tests.judgement.build import A, facts, finding, found


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("lb_timeout", "lb timeout (504 by the balancer: the node was silent for longer than it allows)"),
        ("fault", "fault (an error of the protocol's own)"),
        ("autodiscover_fallback", "autodiscover fallback"),
    ],
)  # fmt: skip
def test_a_sign_is_told_with_its_meaning(kind: str, expected: str) -> None:
    assert kind_words(kind) == expected


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["ErrorA"], "fault (an error of the protocol's own): 1 time at EXCH16-01: ErrorA"),
        (
            ["ErrorB", "ErrorA", "ErrorB"],
            "fault (an error of the protocol's own): 3 times at EXCH16-01: ErrorB (2), and 1 more",
        ),
        (
            ["E" * 5000],
            f"fault (an error of the protocol's own): 1 time at EXCH16-01: {'E' * 64}",
        ),
    ],
)
def test_calls_that_failed_are_told_with_the_error_that_came_most_often(
    codes: list[str], expected: str
) -> None:
    findings = [finding("fault", front_end=A, detail=f"200 {code}") for code in codes]
    assert finding_lines(judge(found([], findings=findings), facts()))[0] == expected
