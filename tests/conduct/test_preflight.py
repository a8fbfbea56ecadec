"""What the check of a farm's accounts tells of its nodes.

Falls if: a node's version is believed that no mailbox on it told, or that two of them contradict; some are known where not all are.
"""

import pytest

from exsim.conduct.preflight import versions
from exsim.protocols.checked import ACCEPTED, Checked


def on(back_end, home):
    return Checked(f"{back_end}@x", ACCEPTED, "", "EX16-02", back_end, home)


@pytest.mark.parametrize(
    ("checked", "expected"),
    [
        ([on("EX13", "2013"), on("EX16", "2016"), on("EX16", "2016")], ["2013", "2016"]),
        ([on("EX13", "2013"), on("EX16", "2016"), on("EX19", "2019")], ["2013", "2016"]),
        ([on("EX13", "2013")], ["", ""]),
        ([on("EX13", "2013"), on("EX16", "")], ["", ""]),
        ([on("EX13", "2013"), on("EX16", "2016"), on("EX16", "2019")], ["", ""]),
        ([], ["", ""]),
    ],
)
def test_versions_are_those_that_every_node_s_mailboxes_told(checked, expected):
    assert versions(["EX13", "EX16"], checked) == dict(zip(["EX13", "EX16"], expected, strict=True))


def test_a_farm_whose_nodes_nobody_named_has_none():
    assert versions([], [on("EX13", "2013")]) == {}
