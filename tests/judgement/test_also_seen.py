"""Falls if: a report names a finding by a word that only this project knows, without saying what it is."""

import pytest

from exsim.judgement.also_seen import kind_words


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
