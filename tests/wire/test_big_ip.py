"""Falls if: a BIG-IP's cookie leads to another server than its own documentation says, or a value that is none
leads anywhere.
"""

import pytest

from exsim.wire.big_ip import server_in

# The examples of F5's article K6917, one of each form.
DOCUMENTED = [
    ("1677787402.36895.0000", "10.1.1.100", 8080),
    ("1677787402.20480.0000", "10.1.1.100", 80),
    ("vi20010112000000000000000000000030.20480", "2001:112::30", 80),
    ("rd5o00000000000000000000ffffc0000201o80", "192.0.2.1", 80),
    ("rd3o20010112000000000000000000000030o80", "2001:112::30", 80),
]


@pytest.mark.parametrize(("value", "address", "port"), DOCUMENTED)
def test_a_cookie_leads_where_its_documentation_says(value, address, port):
    found = server_in(value)
    assert found is not None
    assert (str(found[0]), found[1]) == (address, port)


@pytest.mark.parametrize(
    "value",
    ["", "LB01", "1677787402.36895", "4294967296.1.0000", "1.65536.0000", "!encrypted==", "rd5o0o80",
     "rd5o00000000000000000000ffffc0000201o99999", "vi2001.20480"],
)  # fmt: skip
def test_a_value_of_another_kind_leads_nowhere(value):
    assert server_in(value) is None
