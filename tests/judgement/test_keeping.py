"""Falls if: a balancer that gave no answer is said to have given some that name nobody."""

from exsim.judgement.keeping import sentence
from exsim.session.keeping import keeping


def test_a_balancer_that_gave_no_answer_is_told_as_such() -> None:
    assert sentence(keeping([])) == "What the balancer keeps cannot be told: it gave no answer."
