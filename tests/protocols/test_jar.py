"""Falls if: the jar keeps, sends or deletes a cookie where a browser would not, or raises on nonsense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsim.protocols.jar import Jar, default_path, path_matches, read_date

NOW = 1_763_788_800.0  # 2025-11-22T05:20:00Z
HOST = "mail.example.com"


def jar(*lines: str, path: str = "/owa/auth.owa", now: float = NOW) -> Jar:
    made = Jar(HOST)
    made.store([(b"set-cookie", line.encode("latin-1")) for line in lines], path, now)
    return made


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Thu, 15-Aug-1991 03:08:59 GMT", 682225739.0),  # ASP.NET, with dashes
        ("Thu, 15 Aug 1991 03:08:59 GMT", 682225739.0),
        ("Thursday, 15-Aug-91 03:08:59 GMT", 682225739.0),
        ("Thu Aug 15 03:08:59 1991", 682225739.0),
        ("Thu, 01-Jan-1970 00:00:00 GMT", 0.0),
        ("Mon, 22 Nov 2055 05:20:00 GMT", 2710473600.0),
        ("31-Feb-2030 10:00:00", None),
        ("yesterday", None),
        ("", None),
        ("99:99:99 1 Jan 2030", None),
    ],
)
def test_dates_are_read_as_leniently_as_browsers_read_them(text: str, wanted: float | None) -> None:
    assert read_date(text) == wanted


@pytest.mark.parametrize(
    ("line", "asked", "sent"),
    [
        ("a=1; path=/", "/owa/", "a=1"),
        ("a=1; path=/; secure; HttpOnly", "/owa/", "a=1"),
        ("a=1; path=/;SameSite=None; secure", "/owa/", "a=1"),
        ("a=1; path=/owa", "/owa/x", "a=1"),
        ("a=1; path=/owa", "/owa", "a=1"),
        ("a=1; path=/owa", "/owa2", ""),
        ("a=1; path=/owa", "/ecp/", ""),
        ("a=1; path=/owa", "/OWA/", ""),  # case counts
        ("a=1", "/owa/", "a=1"),  # no path: the folder of what was asked
        ("a=1", "/ecp/", ""),
        ("a=1; path=owa", "/owa/", "a=1"),  # not absolute: as if there were none
        ("a=1; path=/; domain=example.com", "/", "a=1"),
        ("a=1; path=/; domain=.example.com", "/", "a=1"),
        ("a=1; path=/; domain=other.example.com", "/", ""),
        ("a=1; path=/; domain=evil.org", "/", ""),
        ("a=1; path=/; domain=com", "/", ""),
        ("a=b=c==; path=/", "/", "a=b=c=="),
        ("  a  =  1  ; path=/", "/", "a=1"),
        ('a="1"; path=/', "/", 'a="1"'),  # quotes are part of the value (2010's cadata)
        ("a=; path=/", "/", "a="),
        ("a; path=/", "/", ""),
        ("=1; path=/", "/", ""),
        ("", "/", ""),
        ("a=1; path=/; max-age=0", "/", ""),
        ("a=1; path=/; max-age=-5", "/", ""),
        ("a=1; path=/; max-age=60; expires=Thu, 15-Aug-1991 03:08:59 GMT", "/", "a=1"),
        ("a=1; path=/; max-age=soon", "/", "a=1"),
        ("a=1; path=/; expires=Thu, 15-Aug-1991 03:08:59 GMT", "/", ""),
        ("a=1; path=/; expires=rubbish", "/", "a=1"),
        ("a=1\x00; path=/", "/", ""),
        ("a=" + "x" * 5000, "/owa/", ""),
        ("__Host-a=1; path=/; secure", "/", "__Host-a=1"),
        ("__Host-a=1; path=/", "/", ""),
        ("__Secure-a=1; path=/", "/", ""),
    ],
)
def test_a_cookie_is_kept_and_sent_as_a_browser_does(line: str, asked: str, sent: str) -> None:
    assert jar(line).line(asked, NOW).line == sent


def test_a_past_date_deletes_only_the_cookie_of_that_name_and_path() -> None:
    made = jar("a=1; path=/", "a=2; path=/owa", "b=3; path=/")
    made.store(
        [(b"set-cookie", b"a=; expires=Thu, 15-Aug-1991 03:08:59 GMT; path=/")], "/owa/", NOW
    )
    assert made.line("/owa/x", NOW).line == "a=2; b=3"


def test_longer_paths_come_first_and_both_of_one_name_are_sent() -> None:
    made = jar("a=1; path=/", "b=2; path=/owa/auth", "a=3; path=/owa")
    assert made.line("/owa/auth/x", NOW).line == "b=2; a=3; a=1"
    assert made.line("/owa/auth/x", NOW).values == {"b": "2", "a": "3"}


def test_the_later_of_two_answers_wins_and_keeps_the_place() -> None:
    made = jar("a=1; path=/", "b=1; path=/")
    made.store([(b"set-cookie", b"a=2; path=/")], "/", NOW)
    assert made.line("/", NOW).line == "a=2; b=1"


def test_a_late_answer_deletes_the_cookie_of_a_newer_one() -> None:
    made = jar("cadata=old; path=/; HttpOnly")
    made.store([(b"set-cookie", b"cadata=new; path=/; HttpOnly")], "/owa/auth.owa", NOW)
    made.store(
        [(b"set-cookie", b"cadata=; expires=Thu, 15-Aug-1991 03:08:59 GMT; path=/")], "/", NOW
    )
    assert made.value("cadata") is None


def test_a_line_is_made_once_until_a_cookie_changes_and_never_changes_itself() -> None:
    made = jar("a=1; path=/")
    first = made.line("/owa/", NOW)
    made.store([(b"set-cookie", b"a=1; path=/")], "/", NOW)
    assert made.line("/owa/", NOW) is first
    made.store([(b"set-cookie", b"a=2; path=/")], "/", NOW)
    assert made.line("/owa/", NOW).line == "a=2" and first.line == "a=1"


def test_a_value_that_comes_back_is_taken_again() -> None:
    made = jar("a=1; path=/")
    for line in ("a=2; path=/", "a=1; path=/", "a=2; path=/"):
        assert not made.knows([line.encode()])
        made.store([(b"set-cookie", line.encode())], "/", NOW)
        assert made.knows([line.encode()])
        assert line.startswith(made.line("/owa/", NOW).line)


def test_a_cookie_runs_out_by_itself() -> None:
    made = jar("a=1; path=/; max-age=60", "b=1; path=/")
    assert made.line("/", NOW + 59).line == "a=1; b=1"
    assert made.line("/", NOW + 60).line == "b=1"


def test_a_servers_wrong_clock_does_not_shorten_a_cookies_life() -> None:
    made = Jar(HOST)
    server = NOW - 86400
    expires = b"a=1; path=/; expires=Sat, 22 Nov 2025 05:19:00 GMT"  # a minute ago, by our clock
    made.store([(b"set-cookie", expires)], "/", NOW, server)
    assert made.line("/", NOW).line == "a=1"


def test_a_script_sets_cookies_but_none_that_is_http_only() -> None:
    made = jar("cadata=1; path=/; HttpOnly")
    made.set("cadata", "2")
    made.set("PBack", "0")
    assert made.line("/", NOW).line == "cadata=1; PBack=0"


def test_closing_the_browser_forgets_what_carries_no_time() -> None:
    made = jar("a=1; path=/", "b=1; path=/; max-age=60")
    made.end_of_browser()
    assert made.line("/", NOW).line == "b=1"


def test_a_host_cannot_fill_the_jar() -> None:
    made = jar(*(f"a{number}=1; path=/" for number in range(400)))
    assert len(made) == 180 and made.value("a399") == "1" and made.value("a0") is None


@pytest.mark.parametrize(
    ("path", "folder"), [("/owa/", "/owa"), ("/owa", "/"), ("/", "/"), ("", "/"), ("x/y", "/")]
)
def test_the_default_path_is_the_folder(path: str, folder: str) -> None:
    assert default_path(path) == folder


@given(st.lists(st.binary(max_size=60), max_size=6), st.text(max_size=20))
def test_no_header_raises(lines: list[bytes], path: str) -> None:
    made = Jar(HOST)
    made.store([(b"set-cookie", line) for line in lines], path, NOW)
    made.line("/owa/", NOW)


names = st.sampled_from(["a", "b", "c"])
paths = st.sampled_from(["/", "/owa", "/owa/", "/ecp"])
changes = st.lists(st.tuples(names, st.sampled_from(["1", "2", None]), paths), max_size=30)


@given(changes, st.sampled_from(["/", "/owa/", "/owa/x", "/ecp/y", "/owas"]))
def test_the_jar_is_a_map_from_name_and_path_to_the_last_value(
    changes: list[tuple[str, str | None, str]], asked: str
) -> None:
    made, model = Jar(HOST), dict[tuple[str, str], str]()
    for name, value, path in changes:
        made.line(asked, NOW)  # asking in between must not freeze anything
        end = f"{value}" if value else "; max-age=0"
        made.store([(b"set-cookie", f"{name}={end}; path={path}".encode())], "/", NOW)
        model.pop((name, path), None) if value is None else model.update({(name, path): value})
    wanted = sorted(
        f"{name}={value}" for (name, path), value in model.items() if path_matches(asked, path)
    )
    sent = made.line(asked, NOW).line
    assert sorted(sent.split("; ") if sent else []) == wanted


def test_paths_that_carry_other_cookies_have_another_line() -> None:
    jar = Jar("mail.example")
    jar.set("a", "1", "/owa/")
    jar.set("b", "2", "/")
    sent = [jar.line(path).line for path in ("/owa/", "/ecp/", "/", "/owa/service.svc")]
    assert sent == ["a=1; b=2", "b=2", "b=2", "a=1; b=2"]
