"""Exit codes, which are an interface: pipelines decide by them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a verb ends with.  `BROKEN` is 70, as EX_SOFTWARE of sysexits."""

    PASS = 0
    FAIL = 1
    USAGE = 2
    INCONCLUSIVE = 3
    ENVIRONMENT = 4
    STOPPED = 5
    BROKEN = 70
    INTERRUPTED = 130


# Instead of a code, where nobody is left to say one
GONE = -1000
STILL = -1001  # it stood still, and was ended

BY_OUTCOME = {"pass": Exit.PASS, "fail": Exit.FAIL, "inconclusive": Exit.INCONCLUSIVE}
MEANINGS = {
    Exit.PASS: "pass, or nothing found",
    Exit.FAIL: "fail, or something found",
    Exit.USAGE: "the command line, a scenario or another file of yours cannot be used",
    Exit.INCONCLUSIVE: "could not tell",
    Exit.ENVIRONMENT: "no test took place: unreachable, or the lab would not start",
    Exit.STOPPED: "a safety stop",
    Exit.BROKEN: "exsim itself broke",
    Exit.INTERRUPTED: "interrupted; what was measured is kept, and marked",
}
