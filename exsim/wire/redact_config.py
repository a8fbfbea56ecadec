"""The redactor's part for configurations: a balancer's file as it may be kept beside a run and shown.

Line by line, so that line numbers stay.  Generous: after a word that smells of a secret the rest of the
line goes, in comments too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from exsim.wire.redact import REMOVED, redact_url

LONGEST = 8192  # characters of a line that is read at all; a longer one would take minutes, and goes whole

# Words after which the rest of the line is taken out.  The group that stays is everything before it.
_REST = re.compile(
    r"""^(.*?(?:
        \bstats\s+auth\b
      | \b(?:insecure-)?password\b
      | (?:passwo?r?d|passwd|passphrase|secret|token|credential|api[-_]?key|canary)[\w-]*+
      | \bdynamic-cookie-key\b
      | \b(?:set|add|replace)-header\s+"?(?:[\w-]*auth[\w-]*|cookie|x-[\w-]*key[\w-]*)"?
      | \bhdr\s+"?(?:[\w-]*auth[\w-]*|cookie)"?
      | \b(?:proxy-)?authorization\b
      | \b(?:proxy_set_header|add_header|more_set_headers)\s+"?(?:[\w-]*auth[\w-]*|cookie)\b"?
      | \bagent-send\b
      | \btcp-check\s+send(?:-binary|-lf|-binary-lf)?\b
      | \b(?:preset|set)env\s+\S+
      | \blua-load(?:-per-thread)?\s+\S+
      | \bpwd\b
    ))(?P<gap>\\?[\s:="'()]+)(?P<secret>\S.*)$""",
    re.IGNORECASE | re.VERBOSE,
)
_KEYED = re.compile(
    r"\b(hmac|digest_hmac|jwt_verify|aes_\w+|sha2_hmac|protobuf_key|url_param_key)\([^)]*\)", re.IGNORECASE
)  # fmt: skip
_MATCHED = re.compile(
    r"(\b(?:http_auth\w*|(?:req\.)?hdr\(\s*(?:authorization|cookie)[^)]*\)|req\.cook\w*\([^)]*\)|urlp?\([^)]*\)|url_param\([^)]*\))"
    r"(?:\s+-\w+(?:\s+(?:str|beg|end|sub|reg|dir|dom|len|found|bool|int|bin|ip))?)*\s+)(?!\{)(\S.*)$",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(basic|bearer|ntlm|negotiate)((?:\\?[ \t])+)[\w+/=.~-]{6,}", re.IGNORECASE)
_USER_AT = re.compile(r"(://)[^/\s@\"']+@")
_URL = re.compile(r"(?:\w+://|/)[^\s\"'\\]*\?[^\s\"'\\]*")
_KEY_BEGINS = re.compile(r"-----BEGIN [^-]*KEY-----")
_KEY_ENDS = re.compile(r"-----END [^-]*KEY-----")
_LONG = re.compile(
    r"(?<![\w/.+=-])(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[A-Za-z0-9+/]{40,}={0,2}(?![\w/.+-])"
)


def redact_config(text: str) -> str:
    """`text` without passwords, keys and tokens; as many lines as before."""
    ending = "\n" if text.endswith("\n") else ""
    return "\n".join(_lines(text.removesuffix("\n").split("\n"))) + ending


def _lines(lines: list[str]) -> Iterator[str]:
    in_key = goes_on = False
    for line in lines:
        if in_key:
            in_key = not _KEY_ENDS.search(line)
            yield REMOVED
            continue
        if goes_on:  # the rest of a line whose secret began before the backslash
            goes_on = line.rstrip().endswith("\\")
            yield REMOVED + (" \\" if goes_on else "")
            continue
        if _KEY_BEGINS.search(line):
            in_key = not _KEY_ENDS.search(line)
            yield REMOVED
            continue
        made, cut = _line(line)
        goes_on = cut and line.rstrip().endswith("\\")
        yield made + (" \\" if goes_on else "")


def _line(line: str) -> tuple[str, bool]:
    """The line redacted, and whether its end was cut off."""
    if len(line) > LONGEST:
        return REMOVED, True
    if match := _REST.match(line) or _MATCHED.search(line):
        kept = line[: match.start(match.re.groups)]
        return _parts(kept) + REMOVED, True
    return _parts(line), False


def _parts(line: str) -> str:
    line = _KEYED.sub(rf"\1({REMOVED})", line)
    line = _SCHEME.sub(rf"\1\2{REMOVED}", line)
    line = _USER_AT.sub(rf"\1{REMOVED}@", line)
    line = _URL.sub(lambda match: redact_url(match.group()), line)
    return _LONG.sub(REMOVED, line)
