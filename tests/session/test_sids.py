"""Falls if: an answer for another account's SID is not told, or an account's own is taken for another's."""

from __future__ import annotations

from exsim.session.sids import Sids


def test_an_accounts_sid_is_learnt_once_and_another_is_somebody_elses() -> None:
    sids = Sids()
    said = [
        ("a", "1"),
        ("b", "2"),
        ("a", "1"),
        ("a", "2"),
        ("a", "9"),
        ("c", "2"),
        ("", "1"),
        ("a", ""),
    ]
    assert [sids.owner(*one) for one in said] == [
        "own", "own", "own", "other", "stranger", "other", None, None,
    ]  # fmt: skip
