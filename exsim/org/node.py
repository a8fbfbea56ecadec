"""One Exchange server: a front end, a back end, and the confession of what the front end did.

Both sides are generators over `work`.  They share no memory but settings: between them lies a real hop.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from exsim.org.back_end import BackEnd
from exsim.org.confession import Confession, confided_in
from exsim.org.e14 import E14
from exsim.org.entropy import Entropy
from exsim.org.front_end import FrontEnd
from exsim.org.incoming import Incoming
from exsim.org.moment import iso_millisecond
from exsim.org.outcome import Outcome
from exsim.org.settings import Organisation
from exsim.org.work import Begin, Peer, Wait, Work
from exsim.wire import names
from exsim.wire.message import Answer, Request

Clock = Callable[[], float]  # UTC seconds since 1970


class Node:
    """`clock` tells true time; the node adds its own offset.  `confess` is called once an answer."""

    def __init__(
        self,
        organisation: Organisation,
        name: str,
        clock: Clock,
        confess: Callable[[Confession], None],
    ) -> None:
        self._settings = organisation.node(name)
        self._clock = clock
        self._confess = confess
        self._scale = organisation.time_scale
        self._offset = self._settings.front_end.clock_offset * self._scale
        self._delays = self._settings.front_end.answer_delay
        # The time of start is part of it: a process begun anew does not repeat its ids and keys.
        start = (organisation.seed, name, clock())
        if self._settings.version == "2010":
            e14 = E14(organisation, self._settings, Entropy(*start, "e14"))
            self._front: FrontEnd | E14 = e14
            self._back: BackEnd | E14 = e14
        else:
            self._front = FrontEnd(organisation, self._settings, Entropy(*start, "front"))
            self._back = BackEnd(organisation, self._settings, Entropy(*start, "back"))

    def recycle(self) -> None:
        """The front end's application pool ends and starts anew."""
        self._front.recycle()

    def change_passwords(self) -> None:
        """Whoever has a next password has it now."""
        self._front.directory.change_passwords()

    @property
    def monitoring(self) -> float:
        """Real seconds between two requests of the server's own health monitoring; 0: none is simulated."""
        return self._settings.front_end.monitoring * self._scale

    def monitored(self) -> None:
        """One PowerShell request of that monitoring, which fails: a line of this node's own record."""
        self._confess(
            Confession(
                utc=iso_millisecond(self._clock()) + "Z",
                node=self._settings.name,
                client_request_id="",
                method="POST",
                path=names.POWERSHELL,
                status=500,
                class_="noise",
            )
        )

    def front(self, request: Request, peer: Peer) -> Work:
        """A client's request.  Confessed once, when the answer, or the head of its stream, goes out."""
        incoming = Incoming(request, self._clock() + self._offset)
        outcome = yield from self._front.answer(incoming, peer)
        confided = confided_in(outcome.answer)
        if confided is not None:
            outcome.class_, outcome.cause = confided
        delay = self._delays.get(incoming.raw_path) if self._delays else None
        if delay:
            yield Wait(delay * self._scale)
        self._confess(self._confession(incoming, outcome))
        result = yield from _deliver(outcome.answer, outcome.stream)
        return result

    def back(self, request: Request, peer: Peer) -> Work:
        """A front end's request."""
        incoming = Incoming(request, self._clock())
        answer, stream = yield from self._back.behind(incoming)
        result = yield from _deliver(answer, stream)
        return result

    def _confession(self, incoming: Incoming, outcome: Outcome) -> Confession:
        answer = outcome.answer
        benign = answer.status == names.LOGIN_TIMEOUT and outcome.class_ == "served"
        return Confession(
            utc=iso_millisecond(self._clock()) + "Z",
            node=self._settings.name,
            client_request_id=incoming.header(names.CLIENT_REQUEST_ID),
            method=incoming.method,
            path=incoming.raw_path,
            status=answer.status,
            class_="benign" if benign else outcome.class_,
            cause="manifest" if benign else outcome.cause,
            user=outcome.user,
            back_end=outcome.back_end,
            wiped=outcome.wiped,
            bad_passwords=self._front.directory.take_bad(),
        )


def _deliver(
    answer: Answer, stream: Generator[Any, Any, None] | None
) -> Generator[Any, Any, Answer | None]:
    if stream is None:
        return answer
    yield Begin(answer)
    yield from stream
    return None
