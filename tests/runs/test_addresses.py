"""Falls if: a range is cut or counted wrong, a foreign host counts as this machine, or an address that
nobody can connect to is taken."""

from __future__ import annotations

import pytest

from exsim.runs.addresses import endpoint, expanded, is_loopback


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ((), ()),
        ("127.0.9.1", ("127.0.9.1",)),
        ("127.0.9.254-127.0.10.1", ("127.0.9.254", "127.0.9.255", "127.0.10.0", "127.0.10.1")),
        (["::1", "127.0.0.1"], ("::1", "127.0.0.1")),
        (["127.0.0.1", "127.0.0.1"], ("127.0.0.1",)),
    ],
)
def test_addresses_are_written_out(text: str | list[str], expected: tuple[str, ...]) -> None:
    assert expanded(text) == expected


@pytest.mark.parametrize(
    "text", ["", "x", "127.0.0.1-", "127.0.0.1-::1", "10.0.0.0-10.1.0.0", "1-2"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|range"):
        expanded(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("LOCALHOST", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_only_loopback_is_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.1.13:443", ("https", "10.0.1.13", 443)),
        ("http://10.0.1.13", ("http", "10.0.1.13", 80)),
        ("https://127.0.0.1:8443", ("https", "127.0.0.1", 8443)),
        ("[::1]:8443", ("https", "::1", 8443)),
    ],
)
def test_an_endpoint_is_scheme_host_and_port(text: str, expected: tuple[str, str, int]) -> None:
    assert endpoint(text) == expected


@pytest.mark.parametrize(
    "text", ["", ":443", "ftp://x", "x:y", "x:99999", "a/b", "u@x:1", "::1:8443:x"]
)
def test_what_cannot_be_connected_to_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        endpoint(text)
