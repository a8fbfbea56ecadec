"""Falls if: the entry that an answer renewed is not found, another's is taken for it, or a name is read where
nothing was renewed.
"""

import pytest

from exsim.wire.back_end_cookie import renewed

A, B = "S-1-5-21-1-2-3-1101=u56Lnp2e", "S-1-5-21-1-2-3-1102=zMzMzMzM"
AGAIN = "S-1-5-21-1-2-3-1101=AAAAAAAA"


def line(value):
    return f"X-BackEndCookie={value}; expires=Thu, 23-Aug-2018 14:04:30 GMT; path=/owa; secure".encode()


@pytest.mark.parametrize(
    ("carried", "value", "sid"),
    [
        ("", A, "S-1-5-21-1-2-3-1101"),
        (A, AGAIN, "S-1-5-21-1-2-3-1101"),
        (f"{B}&{A}", f"{B}&{AGAIN}", "S-1-5-21-1-2-3-1101"),
        (B, f"{B}&{A}", "S-1-5-21-1-2-3-1101"),
        (A, A, ""),
        ("", f"{A}&{B}", ""),
        ("", "", ""),
        ("", "nonsense", ""),
    ],
)
def test_the_renewed_entry_is_the_one_that_differs(carried, value, sid):
    assert renewed(line(value), carried) == sid


def test_another_cookie_renews_nothing():
    assert renewed(b"X-BackEndCookie2=" + A.encode(), "") == ""
