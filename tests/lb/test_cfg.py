"""Reading a configuration.

Falls if: a quote, a backslash or a comment is taken for what it is not, or a line that nobody changes is
changed by reading it.
"""

import pytest

from exsim.lb.cfg import mode_of, read, split


@pytest.mark.parametrize(
    ("text", "words", "comment"),
    [
        ("  mode http # as L7", ["mode", "http"], "# as L7"),
        (r"http-check expect string 200\ OK", ["http-check", "expect", "string", r"200\ OK"], ""),
        (r"log-format {%[x]}\"%r\ y", ["log-format", r"{%[x]}\"%r\ y"], ""),
        ('acl a path "/a # b" x', ["acl", "a", "path", '"/a # b"', "x"], ""),
        ("acl a path '\\' # c", ["acl", "a", "path", "'\\'"], "# c"),
        (r"acl a path \# b", ["acl", "a", "path", r"\#", "b"], ""),
        ("", [], ""),
        ("# only words", [], "# only words"),
        ("timeout client 1s#x", ["timeout", "client", "1s"], "#x"),
    ],
)
def test_words_and_comments(text, words, comment):
    assert split(text) == (words, comment)


def test_sections_hold_their_lines_and_numbers():
    sections = read("# top\nglobal\n  nbthread 2\n\ndefaults\n  mode http\nbackend b\n  server s\n")
    assert [(one.kind, one.name) for one in sections] == [
        ("", ""),
        ("global", ""),
        ("defaults", ""),
        ("backend", "b"),
    ]
    assert [line.number for line in sections[1].lines] == [2, 3, 4]
    assert mode_of(sections[3], sections[2]) == "http"
    assert mode_of(sections[3], None) == "tcp"
