"""The command line: one file a verb.  Prints, and turns what happened into an exit code.

Operators' mistakes are one line each and exit 2; a lab or target that cannot be had is one line and
exit 4; what is ours is a traceback and exit 70.
"""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from types import FrameType, ModuleType

from exsim import __version__
from exsim.cli import (
    ab,
    accounts,
    analyze,
    cleanup,
    compare,
    demo,
    doctor,
    explain,
    gate,
    incident,
    init,
    lab,
    plan,
    probe,
    replay,
    report,
    run,
    runs,
    show,
)
from exsim.conduct.environment import EnvironmentProblem
from exsim.runs.errors import OperatorError
from exsim.runs.exits import MEANINGS, Exit

VERBS: tuple[ModuleType, ...] = (
    demo,
    incident,
    run,
    ab,
    lab,
    plan,
    accounts,
    cleanup,
    probe,
    doctor,
    show,
    replay,
    report,
    analyze,
    compare,
    gate,
    runs,
    explain,
    init,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code is its verdict."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a console that lacks a character shows another
            stream.reconfigure(errors="replace")
    try:
        try:
            return int(options.act(options))
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
    except Exception:
        traceback.print_exc()
        return _complain("this is a fault of exsim itself", Exit.BROKEN)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all verbs."""
    parser = argparse.ArgumentParser(
        prog="exsim",
        description="Which sessions does your load balancer lose, at which pair of Exchange "
        "servers, and which server threw them out.",
        epilog="exit codes: " + "; ".join(f"{int(code)} {what}" for code, what in MEANINGS.items()),
    )
    parser.add_argument("--version", action="version", version=f"exsim {__version__}")
    verbs = parser.add_subparsers(title="verbs", dest="verb", required=True, metavar="VERB")
    for module in VERBS:
        name = module.__name__.rpartition(".")[2]
        verb = verbs.add_parser(name, help=module.SUMMARY, description=module.__doc__)
        module.arguments(verb)
        verb.set_defaults(act=module.act)
    return parser


def _interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends a run as Ctrl-C does: with a partial report."""
    raise KeyboardInterrupt


def _leave() -> None:
    """The verb is over: who presses Ctrl-C once more gets the exit code that is due, and no other."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _complain(problem: object, code: Exit) -> int:
    print(f"exsim: {problem}", file=sys.stderr)
    return int(code)
