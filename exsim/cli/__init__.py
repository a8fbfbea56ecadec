"""The command line: one file a verb.  Prints, and turns what happened into an exit code.

Operators' mistakes are one line each and exit 2; a lab or target that cannot be had is one line and
exit 4; what is ours is a traceback and exit 70.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import traceback
from collections.abc import Container, Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from types import FrameType
from typing import Any, TextIO

from exsim import __version__
from exsim.conduct.environment import EnvironmentProblem
from exsim.runs.errors import OperatorError
from exsim.runs.exits import MEANINGS, Exit

VERBS = {  # -> one line of help; a verb is loaded when it is called, since together they load for a second
    "demo": "see it lose sessions, and why, without an Exchange",
    "incident": "reproduce what was seen in the incident, one observation after the other",
    "run": "run a scenario and judge it",
    "worker": "carry a part of the load of a run whose master is on another machine",
    "ab": "two balancer configurations side by side, until it is decided which loses more",
    "lab": "keep a simulated organisation and its balancer up",
    "plan": "what a run would send, and the paragraph for a change ticket",
    "accounts": "make, remove and check test mailboxes",
    "cleanup": "remove what a run left in mailboxes",
    "probe": "one session, hop by hop",
    "doctor": "who can read whose logon, and what is wrong",
    "show": "show one session hop by hop",
    "replay": "play a lost session again: always lost, or a race?",
    "report": "print a run's report",
    "analyze": "judge a run anew from its history",
    "compare": "compare two runs: losses, combinations, latencies, set-ups",
    "gate": "decide whether a change may go on",
    "runs": "list the runs of a folder, with outcome and losses",
    "explain": "print what is known of a cause",
    "init": "write a pipeline that gates your HAProxy file",
}


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}  # the disk, and no name


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code is its verdict."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    _ready()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        _writable(words)
        options = build_parser({*words}).parse_args(words)  # loads the verb, for half a second
        try:
            code = int(options.act(options))
            sys.stdout.flush()  # what cannot be written is noticed while something can be said of it
            return code
        finally:
            if arguments is None:  # the process's own verb, and not one that a test calls
                _leave()
    except OperatorError as mistake:
        return _complain(mistake, Exit.USAGE)
    except EnvironmentProblem as problem:
        return _complain(problem, Exit.ENVIRONMENT)
    except KeyboardInterrupt:
        return _complain("interrupted", Exit.INTERRUPTED)
    except BrokenPipeError:  # whoever read our output went away
        sys.stderr.close()
        return int(Exit.INTERRUPTED)
    except OSError as problem:
        return _refused(problem)
    except Exception:
        return _broken()


def build_parser(words: Container[str] = VERBS) -> argparse.ArgumentParser:
    """The parser of all verbs; what a verb takes is there for those among `words`."""
    parser = argparse.ArgumentParser(
        prog="exsim",
        description="Which sessions does your load balancer lose, at which pair of Exchange "
        "servers, and which server threw them out.",
        epilog="exit codes: " + "; ".join(f"{int(code)} {what}" for code, what in MEANINGS.items()),
    )
    parser.add_argument("--version", action="version", version=f"exsim {__version__}")
    verbs = parser.add_subparsers(
        title="verbs", dest="verb", required=True, metavar="VERB", parser_class=_Verb
    )
    for name, summary in VERBS.items():
        verb = verbs.add_parser(name, help=summary)
        if name in words:
            module = import_module(f"exsim.cli.{name}")
            verb.description = module.__doc__
            module.arguments(verb)
            verb.set_defaults(act=module.act)
    return parser


class _Verb(argparse.ArgumentParser):
    """The parser of one verb: its options may stand between its words, `exsim show 7.1 --curl RUN`."""

    _within = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._within or self._subparsers is not None:
            return super().parse_known_args(args, namespace)
        self._within = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._within = False


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends a run as Ctrl-C does: with a partial report."""
    raise KeyboardInterrupt


def _leave() -> None:
    """The verb is over: who presses Ctrl-C once more gets the exit code that is due, and no other."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _ready() -> None:
    """Somewhere to write to, whatever we were started with."""
    if sys.stdout is None:  # closed by whoever started us
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # until the end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a console that lacks a character shows another
            stream.reconfigure(errors="replace")


def _writable(words: Sequence[str]) -> None:
    """Raises OperatorError for a name that could not be written down: what we write is UTF-8."""
    for word in words:
        if any("\ud800" <= sign <= "\udfff" for sign in word):
            raise OperatorError(f"{word}: is not UTF-8; a file of another name is expected")


def _refused(problem: OSError) -> int:
    """What this machine refused: a file of a name, which is to be put right, or room on its disk."""
    place = "" if problem.filename is None else f"{problem.filename}: "
    if problem.errno in FULL:
        if not place:
            _drop(sys.stdout)
        return _complain(f"{place or 'output: '}{problem.strerror}", Exit.ENVIRONMENT)
    return _complain(f"{place}{problem.strerror}", Exit.USAGE) if place else _broken()


def _broken() -> int:
    """Ours: the whole traceback."""
    with suppress(OSError):
        traceback.print_exc()
    return _complain("this is a fault of exsim itself", Exit.BROKEN)


def _complain(problem: object, code: Exit) -> int:
    text = "".join(map(_visible, str(problem)))
    if code is Exit.USAGE:  # a mistake is one line; a balancer's own words may be several
        text = text.replace("\n", "\\n")
    try:
        print(f"exsim: {text}", file=sys.stderr, flush=True)
    except OSError:  # nobody can be told but by the code
        _drop(sys.stderr)
    return int(code)


def _visible(sign: str) -> str:
    """A sign that neither steers the terminal nor turns writing around."""
    return sign if sign.isprintable() or sign == "\n" else repr(sign)[1:-1]


def _drop(stream: TextIO) -> None:
    """Let what could not be written go, or the interpreter tries once more and ends with a code of its own."""
    with suppress(OSError, ValueError):
        stream.close()
