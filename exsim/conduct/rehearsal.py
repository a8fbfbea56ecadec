"""A transcript played against a target with the driver: each request sent, each answer compared.

What the dialogue calls A, B, … are nodes with an address of their own; with a single one it is the URL's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from exsim.conduct.hop_lines import plain
from exsim.conduct.probe_client import ProbeClient
from exsim.conduct.probe_place import standing
from exsim.conduct.probe_target import Asked, Place
from exsim.protocols import flow, transcript
from exsim.protocols.conversation import Conversation
from exsim.protocols.flow import Flow
from exsim.protocols.transcript import Ask, Dialogue, TranscriptError, asks
from exsim.runs import document
from exsim.runs.errors import OperatorError
from exsim.runs.exits import Exit
from exsim.session.attribution import net_bios
from exsim.wire import message, names

Print = Callable[[str], None]
PATIENCE = 400.0  # seconds for one request: a notification channel stays open for 320
NEEDS_LOGON = re.compile(r"\{(user|password)%?\}")
OWN = frozenset(
    ("host", "content-length", "client-request-id", "cookie")
)  # of the driver's own making
STEP = "transcript"


def needs_login(dialogue: Dialogue) -> bool:
    """Whether a dialogue names a user or a password."""
    return any(
        NEEDS_LOGON.search(text)
        for ask in asks(dialogue)
        for text in (ask.target, ask.body, *(value for _, value in ask.headers))
    )


def read(path: Path) -> Dialogue:
    """The dialogue in a file.  Raises OperatorError."""
    try:
        return transcript.read(document.text_of(path, "utf-8"), path.name)
    except TranscriptError as problem:
        raise OperatorError(str(problem)) from None


def rehearse(
    dialogue: Dialogue, asked: Asked, login: tuple[str, str], scale: float, out: Print
) -> Exit:
    """Play `dialogue`: what was asked, and line by line where an answer differs.

    `login`: what is typed and the password.  `scale`: of the dialogue's waits.  Raises OperatorError and
    EnvironmentProblem.
    """
    with standing(asked) as place:
        return _rehearse(dialogue, stage(dialogue, place), login, scale, out)


def _rehearse(
    dialogue: Dialogue, place: Place, login: tuple[str, str], scale: float, out: Print
) -> Exit:
    for line in preface(dialogue):
        out(plain(f" {line}"))
    client = ProbeClient(place, lambda told: None)
    variables = {"host": place.host, "user": login[0], "password": login[1]}
    player = Player(dialogue, client, variables, scale, out)
    waits = sum(one.seconds for one in dialogue.steps if isinstance(one, transcript.Pause)) * scale
    steps = len(dialogue.steps) + len(dialogue.nodes)
    try:
        over, _ = client.run(player.flow(), waits + PATIENCE * steps)
    finally:
        client.close()
    problem = client.unreachable()
    if problem is not None:
        raise problem
    total = len(list(asks(dialogue)))
    if not over:
        out(" It had not ended when the time was over.")
    out(f" {player.same} of {total} answers are as written.")
    return Exit.PASS if over and player.same == total else Exit.FAIL


def stage(dialogue: Dialogue, place: Place) -> Place:
    """Where each of the dialogue's nodes is.  Raises OperatorError when one has no address."""
    targets = dict(place.targets)
    for node in dialogue.nodes:
        if node in targets:
            continue
        if len(dialogue.nodes) > 1:
            raise OperatorError(
                f"{dialogue.name} asks several nodes: say where {node} is, --node {node}=ADDRESS"
            )
        targets[node] = targets[None]
    for ask in asks(dialogue):
        if ask.node not in targets:
            raise OperatorError(f"{dialogue.name}:{ask.line}: there is no node {ask.node}")
        host = message.header(list(ask.headers), "Host")
        if host is not None and "{" not in host:
            there = targets[ask.node]
            other = replace(there, host=host, name=there.server_name)
            targets[_origin(ask.node, host)] = other
    return replace(place, targets=targets)


def _origin(node: str, host: str | None) -> str:
    """The origin that stands for a node under another name in Host."""
    return node if host is None else f"{node} as {host}"


def preface(dialogue: Dialogue) -> Iterator[str]:
    """What the dialogue shows, and what it wants the nodes to be like."""
    yield dialogue.title or dialogue.name
    yield from dialogue.facts
    for node, version in dialogue.nodes.items():
        yield f"node {node}: Exchange {version}"
    if dialogue.home:
        yield f"the user's mailbox must be on node {dialogue.home}"
    for node, setting, value in dialogue.settings:
        yield f"node {node} must have {setting}={value} (look it up first)"


class Player:
    """Plays one dialogue.  `same`: answers so far that were as written."""

    def __init__(
        self,
        dialogue: Dialogue,
        client: ProbeClient,
        variables: dict[str, str],
        scale: float,
        out: Print,
    ) -> None:
        self.dialogue = dialogue
        self.client = client
        self.variables = variables
        self.scale = scale
        self.out = out
        self.same = 0
        self.ids = Ids(client.client.ids)
        client.client.ids = self.ids

    def flow(self) -> Flow[None]:
        """The whole dialogue, request after request."""
        for node in self.dialogue.nodes:
            yield from self._introduce(node)
        conversation = Conversation(self.variables, self.dialogue.scheme)
        for step in self.dialogue.steps:
            if isinstance(step, transcript.Pause):
                yield flow.Pause(step.seconds * self.scale)
            elif isinstance(step, Ask):
                yield from self._ask(conversation, step)
            else:
                conversation.change(step)

    def _introduce(self, node: str) -> Flow[None]:
        """Ask a node who it is: what a transcript calls {A}.  Its full name and build may be anything."""
        response = yield from flow.Request("GET", names.OWA, step=STEP, origin=node)
        said = response.header(b"x-feserver") or response.header(b"x-diaginfo") or ""
        self.variables |= {node: net_bios(said) or "*", f"{node}.fqdn": "*", f"{node}.build": "*"}

    def _ask(self, conversation: Conversation, ask: Ask) -> Flow[None]:
        made = conversation.request(ask)
        host = message.header(list(ask.headers), "Host")
        other = host if host is not None and "{" not in host else None
        self.ids.wanted = made.header("client-request-id")
        response = yield from as_flow(made, _origin(ask.node, other))
        differences = conversation.compare(ask, answer_in(response))
        self.same += not differences
        word = "as written" if not differences else "DIFFERS"
        self.out(
            plain(
                f" {self.dialogue.name}:{ask.line}: {ask.node}: {ask.method} {ask.target}: {word}"
            )
        )
        for difference in differences:
            self.out(plain(f"     {difference}"))


class Ids:
    """Request ids as before, but for the one that a transcript itself wants to be sent."""

    def __init__(self, ids: Iterator[str]) -> None:
        self._ids = ids
        self.wanted: str | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        wanted, self.wanted = self.wanted, None
        return wanted if wanted is not None else next(self._ids)


def as_flow(made: message.Request, origin: str) -> flow.Request:
    """A transcript's request as the driver takes it: Host, length and id are the driver's own."""
    cookies = made.cookies
    kept = tuple(pair for pair in made.headers if pair[0].lower() not in OWN)
    length = made.header("content-length")
    body = made.body if made.body or length == "0" else None
    return flow.Request(
        made.method, made.target, kept, body, STEP,
        cookies=flow.CookieLine(cookies) if cookies else flow.NO_COOKIES, origin=origin, timeout=PATIENCE,
    )  # fmt: skip


def answer_in(response: flow.Response) -> message.Answer | None:
    """What came back as a transcript compares it; None when the connection ended without an answer."""
    if response.status is None:
        return None
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers
    ]
    return message.Answer(response.status, response.reason, headers, response.body)
