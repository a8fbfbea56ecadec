"""Falls if: a telephone that is led elsewhere, or told something new, asks as it asked before, or goes on for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest

from exsim.protocols.activesync.device import Device
from exsim.protocols.activesync.phone import Phone
from exsim.protocols.activesync.settings import Settings
from exsim.protocols.agent import Account, Agent
from exsim.protocols.flow import Flow, Request, Response
from exsim.protocols.negotiate import Signer
from exsim.wire.wbxml import Element, encode
from tests.protocols.scripted import Scripted, answer

ACCOUNT = Account("user01@example.com", "LAB\\user01", "x")
WELL, POLICY, REFUSED, ERROR = answer(200), answer(449), answer(401), answer(500)
DOCUMENT = answer(200, body=encode(Element("AirSync:Sync", (Element("AirSync:Status", ("1",)),))))


def telephone(**settings: bool) -> Phone:
    device = Device("user01@example.com", "EXSIM01", 60.0, "14.1")
    client, signer = (
        Agent("mail.example", Random(1), ACCOUNT),
        Signer(ACCOUNT, "basic", preemptive=True),
    )
    return Phone(client, ACCOUNT, Settings(**settings), signer, device, 1)


def led(place: str) -> Response:
    return answer(451, ("X-MS-Location", f"https://{place}"))


def asked(phone: Phone, answers: Iterable[Response], times: int = 1) -> tuple[list[str], list[str]]:
    """What a telephone sent, command and path, that asked so often for the same; and the marks that it made."""
    waiting: Iterator[Response] = iter(answers)

    def asking() -> Flow[None]:
        for _ in range(times):
            if not phone.gone():
                yield from phone.ask("Sync", None)

    rig = Scripted(lambda request, now: next(waiting))
    rig.run(asking())
    assert next(waiting, None) is None, "fewer were asked for"
    return [shown(request) for _, request, _ in rig.hops], [what for what, _ in rig.marks]


def shown(request: Request) -> str:
    url = urlsplit(request.target)
    return f"{parse_qs(url.query)['Cmd'][0]} {url.path}"


def test_a_telephone_is_led_twice_and_no_further() -> None:
    phone = telephone()
    sent, marks = asked(phone, [led("mail.example/a"), led("mail.example/b"), WELL])
    assert (sent[1:], marks, phone.ended) == (["Sync /a", "Sync /b"], [], "")
    phone = telephone()
    sent, marks = asked(
        phone, [led("mail.example/a"), led("mail.example/b"), led("mail.example/c")]
    )
    assert (sent[1:], marks, phone.ended) == (["Sync /a", "Sync /b"], ["redirect_loop"], "gave_up")


@pytest.mark.parametrize("where", [led("elsewhere.example/a"), answer(451)])
def test_a_telephone_that_is_led_away_ends(where: Response) -> None:
    phone = telephone()
    sent, marks = asked(phone, [where])
    assert (len(sent), marks, phone.ended) == (1, ["other_host"], "gave_up")


def test_with_a_new_policy_a_telephone_lets_itself_be_led_anew() -> None:
    phone = telephone()
    way = [led("mail.example/a"), led("mail.example/b"), POLICY, WELL, led("mail.example/c")]
    sent, marks = asked(phone, [*way, led("mail.example/d"), WELL])
    assert (sent[-2:], marks, phone.ended) == (["Sync /c", "Sync /d"], [], "")


def test_a_policy_may_change_as_often_as_it_is_accepted_in_between() -> None:
    phone = telephone()
    _, marks = asked(phone, [POLICY, WELL, WELL] * 5, times=5)
    assert (marks, phone.ended) == ([], "")
    phone = telephone()  # an error lets nobody through
    _, marks = asked(phone, [*[POLICY, WELL, ERROR] * 3, POLICY], times=5)
    assert (marks, phone.ended) == (["policy_loop"], "gave_up")


def test_a_telephone_whose_password_is_refused_on_the_way_sends_nothing_more() -> None:
    phone = telephone()
    sent, _ = asked(phone, [POLICY, REFUSED])
    assert phone.ended == "refused" and [each.split()[0] for each in sent] == ["Sync", "Provision"]


@pytest.mark.parametrize("well", [WELL, DOCUMENT])
def test_errors_of_the_server_count_in_a_row_alone(well: Response) -> None:
    phone = telephone()
    asked(phone, [ERROR, ERROR], times=2)
    assert (phone.errors, phone.accepted) == (2, False)
    asked(phone, [well])
    assert (phone.errors, phone.accepted) == (0, True)
    asked(phone, [ERROR])
    assert phone.errors == 1


def test_what_is_asked_again_is_asked_anew_where_anything_changed() -> None:
    phone = telephone(binary_query=True)
    device = phone.device
    targets = [phone.request("Sync", None).target]
    for change in ("path", "policy_key", "version"):
        if change == "path":
            phone.path = "/elsewhere"
        else:
            setattr(device, change, {"policy_key": 77, "version": "16.1"}[change])
        targets += [phone.request("Sync", None).target, phone.request("Sync", None).target]
    assert targets[1].startswith("/elsewhere?") and not targets[0].startswith("/elsewhere?")
    assert targets[1] == targets[2] and targets[3] == targets[4] and targets[5] == targets[6]
    assert len(set(targets)) == 4 and phone.request("FolderSync", None).target not in targets
