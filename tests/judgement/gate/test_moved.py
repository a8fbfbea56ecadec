"""Who had to move from the node that something befell.

Falls if: a death that met nobody passes for one that was survived, a node in reserve is asked for, or a session
that came to the dead node from elsewhere counts as one that left it.
"""

from __future__ import annotations

import pytest

from exsim.judgement.gate.moved import nobody_moved
from tests.judgement.build import OLD, A, B, session

LEFT = "what happens there is not known."


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ([(A, B), (A, OLD), (B,), (OLD,)], ""),
        ([(A, B), (B,), (OLD,)], f"Nobody was moved from {A} to {OLD}: {LEFT}"),
        ([(A,), (B,), (OLD,)], f"Nobody was moved from {A} to {OLD} and {B}: {LEFT}"),
        ([(A, B), (A,), (B,)], ""),  # the third takes no logons: a reserve
        ([(B, B), (OLD, OLD)], f"Nobody was moved from {A} to {OLD} and {B}: {LEFT}"),
        ([(B, A), (OLD, A), (A, B)], f"Nobody was moved from {A} to {OLD}: {LEFT}"),
        ([(B, A, OLD), (A, B)], ""),  # began elsewhere, and had to leave all the same
        ([(A, B)], ""),
        ([(A,)], f"Nobody was moved from {A}: {LEFT}"),
        ([], f"Nobody was moved from {A}: {LEFT}"),
    ],
)
def test_each_node_that_takes_logons_must_have_taken_somebody_who_moved(
    paths: list[tuple[str, ...]], said: str
) -> None:
    sessions = [session(number, path[0], path[1:], OLD) for number, path in enumerate(paths)]
    assert nobody_moved(sessions, A.lower() + ".isp.com.au") == said


def test_what_the_run_did_itself_is_no_move() -> None:
    steered = session(1, A, (B,), OLD, forced=True)
    control = session(2, A, (B,), OLD, control=True)
    unknown = session(3, A, (B,), OLD)
    unknown.login_front_end = None
    assert nobody_moved([steered, control, unknown], A) == f"Nobody was moved from {A}: {LEFT}"
