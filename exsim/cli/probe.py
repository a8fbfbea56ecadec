"""One OWA session at a target, hop by hop, without a load: is it served throughout, or thrown out by whom?

The target is a URL, or the [target] of a scenario, whose first account then logs on.  With --balancer, or where
the scenario names one, that file runs here in front of the nodes for as long as the session lasts.
One logon, and never a second one after a refusal.  With --transcript a plain-text dialogue is played
instead, and its answers are compared.  Exit 1 when the session was lost or an answer differs, 4 when no
test took place.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from exsim.conduct.assumptions import assumptions
from exsim.conduct.probe_place import said_by
from exsim.conduct.probe_target import Asked
from exsim.conduct.probing import Login, Stay, probe
from exsim.conduct.rehearsal import needs_login, read, rehearse
from exsim.runs.errors import OperatorError

MOST_POLLS = 1000
SCENARIO = ".toml"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "url", nargs="?", help="such as https://mail.example.com; or a scenario with a [target]"
    )
    parser.add_argument("--user", metavar="LOGON", help="exactly as it is typed on the logon page")
    parser.add_argument("--password-env", metavar="NAME", help="the environment variable with it")
    parser.add_argument("--mailbox", metavar="ADDRESS", default="", help="the user's own address")
    parser.add_argument("--confirm", metavar="HOST", default="", help="the URL's host, once more")
    where = parser.add_argument_group("where to connect")
    where.add_argument(
        "--address", metavar="HOST:PORT", default="", help="instead of the URL's own"
    )
    where.add_argument(
        "--node", metavar="NAME=ADDRESS", action="append", default=[], help="a node's own address"
    )
    where.add_argument("--ca", metavar="FILE", help="authorities to trust instead of the system's")
    where.add_argument("--insecure", action="store_true", help="do not check certificates")
    where.add_argument(
        "--balancer",
        type=Path,
        metavar="CFG",
        help="a HAProxy file to run here, in front of --node",
    )
    where.add_argument(
        "--map",
        metavar="SERVER=NAME",
        action="append",
        default=[],
        help="which of its servers is which node",
    )
    where.add_argument("--haproxy", metavar="PATH", help="the HAProxy to run it with")
    how = parser.add_argument_group("how long")
    how.add_argument("--polls", type=int, default=10, metavar="N", help="calls of the page (10)")
    how.add_argument(
        "--think", type=float, default=1.0, metavar="S", help="seconds between them (1)"
    )
    how.add_argument("--public", action="store_true", help="on a public computer")
    other = parser.add_argument_group("instead of a session")
    other.add_argument("--transcript", type=Path, metavar="FILE", help="play a dialogue")
    other.add_argument("--scale", type=float, default=1.0, help="of a dialogue's waits (1)")
    other.add_argument(
        "--assumptions", action="store_true", help="what nobody has confirmed about the wire"
    )


def act(options: argparse.Namespace) -> int:
    if options.assumptions:
        show("\n".join(assumptions()))
        return 0
    if options.url and options.url.endswith(SCENARIO):
        said = said_by(Path(options.url), options.user or "", options.haproxy)
        known = Login(said.account.logon, said.account.password, said.account.address)
        return int(probe(said.asked, known, stay(options), show))
    asked = target(options)
    if options.transcript is not None:
        dialogue = read(options.transcript)
        login = credentials(options) if needs_login(dialogue) else ("", "")
        return int(rehearse(dialogue, asked, login, options.scale, show))
    logon, password = credentials(options)
    login_of = Login(logon, password, options.mailbox)
    return int(probe(asked, login_of, stay(options), show))


def show(line: str) -> None:
    """Print one line at once: whoever waits is to see it come."""
    print(line, flush=True)


def target(options: argparse.Namespace) -> Asked:
    """What the command line says of the target.  Raises OperatorError."""
    if not options.url:
        raise OperatorError("probe: say which URL, such as https://mail.example.com")
    return Asked(
        url=options.url,
        address=options.address,
        nodes=named("--node", "NAME=ADDRESS", options.node),
        ca=options.ca,
        insecure=options.insecure,
        confirm=options.confirm,
        balancer=options.balancer,
        servers=named("--map", "SERVER=NAME", options.map),
        haproxy=options.haproxy,
    )


def named(option: str, form: str, texts: Sequence[str]) -> dict[str, str]:
    """Pairs as they are typed.  Raises OperatorError."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise OperatorError(f"{option} {text}: is not {form}")
        pairs[name] = value
    return pairs


def stay(options: argparse.Namespace) -> Stay:
    """How long the session is to last.  Raises OperatorError."""
    if not 0 <= options.polls <= MOST_POLLS:
        raise OperatorError(f"--polls {options.polls}: is not between 0 and {MOST_POLLS}")
    if options.think < 0:
        raise OperatorError(f"--think {options.think}: is less than nothing")
    return Stay(options.polls, options.think, not options.public)


def credentials(options: argparse.Namespace) -> tuple[str, str]:
    """What is typed to log on, and the password, which is never an argument.  Raises OperatorError."""
    if not options.user:
        raise OperatorError("probe: say who logs on: --user LOGON, exactly as it is typed")
    if options.password_env:
        password = os.environ.get(options.password_env, "")
        if not password:
            raise OperatorError(f"--password-env: the environment has no {options.password_env}")
        return options.user, password
    if not sys.stdin.isatty():
        raise OperatorError("probe: no terminal to ask for the password: use --password-env NAME")
    return options.user, getpass.getpass(f"password of {options.user}: ")
