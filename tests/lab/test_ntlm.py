"""Connection-bound logons through real proxies, by clients that nobody here wrote and by some of a dozen lines.

Falls if: requests-ntlm or curl is refused with correct credentials, served with wrong ones, or told of
another's mailbox; or a proxy's options do to these logons something else than was measured of them.
"""

import re
import shutil
import subprocess
from contextlib import ExitStack

import pytest
import requests
from requests_ntlm import HttpNtlmAuth

from exsim.lab.balancers import BalancerPlan
from exsim.lab.lab import Lab
from exsim.runs.assignment import lab_accounts
from exsim.runs.dice import Source
from exsim.runs.organisation import organisation_nodes
from exsim.runs.scenario import parse_scenario
from tests.lab.dialling import adapter_to
from tests.lab.legs import SOAP, Caller, owner
from tests.lab.rig import SCENARIOS

pytestmark = pytest.mark.lab
HOST = "exchange.isp.com.au"
MODES = ("never", "safe", "aggressive", "always")
ROUNDS = 20  # of logging on and of strangers, at most
SCENARIO = """
title = "made by hand"

[lab]
balancer = "none"
nodes = [
  {name = "EXCH16-SYD-01", version = "2016", front_end = {auth_persist_non_ntlm = true, authentication = {ews = ["negotiate", "ntlm", "basic"]}}},
  {name = "EXCH16-SYD-02", version = "2016", front_end = {extended_protection = "require", authentication = {ews = ["negotiate", "ntlm", "basic"]}}},
]

[[population]]
mailbox = "2016"
node = "EXCH16-SYD-01"
users = 2
"""
OPEN, PROTECTED = "EXCH16-SYD-01", "EXCH16-SYD-02"
HERE = {"exch16_syd_01": OPEN, "exch16_syd_02": OPEN, "192.0.2.21:80": OPEN}
PROTECTED_ONLY = {"exch16_syd_01": PROTECTED}


def plans():
    reuse = (SCENARIOS / "ntlm-reuse-safe.cfg").read_text()
    for mode in MODES:
        text = reuse.replace("http-reuse safe", f"http-reuse {mode}")
        yield BalancerPlan(mode, text, "reuse.cfg", HERE)
    yield BalancerPlan("protected", reuse, "reuse.cfg", PROTECTED_ONLY)
    close = (SCENARIOS / "ntlm-server-close.cfg").read_text()
    yield BalancerPlan("close", close, "close.cfg", HERE)
    for kept in ("keepalive-16", "keepalive-0"):
        text = (SCENARIOS.parent / "nginx" / f"{kept}.conf").read_text()
        yield BalancerPlan(kept, text, f"{kept}.conf", HERE)


def new_lab(directory, balancers):
    section = parse_scenario(SCENARIO, "made").lab
    accounts = lab_accounts(3, section.nodes, Source(7))
    mailboxes = [account.as_mailbox() for account in accounts]
    nodes = organisation_nodes(section)
    return Lab(directory, nodes, mailboxes, balancers, redact=lambda line: line), accounts


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    made, accounts = new_lab(tmp_path_factory.mktemp("lab"), list(plans()))
    with made:
        yield made, accounts


def place_of(lab, way):
    """Scheme and host:port of a balancer, or of a node itself ("…/http", "…/https")."""
    name, _, scheme = way.partition("/")
    return ("https", lab.addresses[name]) if not scheme else (scheme, lab.nodes[name][scheme])


class Requests:
    """requests with requests-ntlm."""

    def __init__(self, lab, way, account, password=None, **more):
        scheme, place = place_of(lab, way)
        host, _, port = place.rpartition(":")
        self.url = f"{scheme}://{HOST}/EWS/Exchange.asmx"
        self.session = requests.Session()
        self.session.mount(f"{scheme}://", adapter_to((host, int(port)), lab.ca_pem_path)())
        self.session.auth = HttpNtlmAuth(account.logon, password or account.password, **more)

    def ask(self):
        """Status, whose inbox it was, and how many answers came before the last."""
        answer = self.session.post(self.url, SOAP, headers={"Content-Type": "text/xml"}, timeout=5)
        told = owner(answer.text) if answer.status_code == 200 else ""
        return answer.status_code, told, len(answer.history)


def curl(lab, way, account, password=None):
    """curl --ntlm: status, whose inbox, and how many requests it took."""
    scheme, place = place_of(lab, way)
    host, _, port = place.rpartition(":")
    command = [
        *(
            "curl",
            "--silent",
            "--ntlm",
            "--user",
            f"{account.logon}:{password or account.password}",
        ),
        *("--data", SOAP, "--header", "Content-Type: text/xml", "--cacert", str(lab.ca_pem_path)),
        *("--resolve", f"{HOST}:{port}:{host}", "--max-time", "5", "--verbose"),
        *("--write-out", "\n%{http_code}", f"{scheme}://{HOST}:{port}/EWS/Exchange.asmx"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    body, _, status = done.stdout.rpartition("\n")
    sent = len(re.findall(r"^> POST ", done.stderr, re.MULTILINE))
    return int(status), owner(body), sent


WAYS = [f"{OPEN}/http", f"{OPEN}/https", "never", "safe", "always"]


@pytest.mark.parametrize("way", WAYS)
def test_requests_ntlm_is_let_in_and_keeps_its_connection(lab, way):
    for account in lab[1][:2]:
        client = Requests(lab[0], way, account)
        assert client.ask() == (200, account.address, 2), "two challenges before the answer"
        assert client.ask() == (200, account.address, 0), "none on the same connection"
    assert Requests(lab[0], way, lab[1][0], "not it").ask()[0] == 401


@pytest.mark.skipif(shutil.which("curl") is None, reason="its legs are in tests/vectors/ntlm")
@pytest.mark.parametrize("way", WAYS)
def test_curl_is_let_in(lab, way):
    account = lab[1][1]
    assert curl(lab[0], way, account) == (200, account.address, 2)
    assert curl(lab[0], way, account, "not it")[0] == 401


def test_nobody_who_needs_two_legs_gets_in_behind_server_close(lab):
    account = lab[1][0]
    assert Requests(lab[0], "close", account).ask()[:2] == (401, "")
    client = Requests(lab[0], "close", account)
    client.session.auth = (account.logon, account.password)
    assert client.ask() == (200, account.address, 0), "Basic does not notice"


PROTECTION = [  # the way to the node, what is named of the certificate, the status
    (f"{PROTECTED}/https", True, 200),
    (f"{PROTECTED}/https", False, 401),
    (f"{PROTECTED}/http", True, 401),
    ("protected", True, 401),
]


@pytest.mark.parametrize(("way", "named", "status"), PROTECTION)
def test_extended_protection_wants_the_nodes_own_certificate(lab, way, named, status):
    """requests-ntlm names the certificate that it was shown; behind TLS offload that is another's."""
    client = Requests(lab[0], way, lab[1][0], send_cbt=named)
    assert client.ask()[0] == status


def callers(lab, way, count):
    _, place = place_of(lab[0], way)
    return [Caller(place, str(lab[0].ca_pem_path)) for _ in range(count)]


def crossed(lab, way, sign_in):
    """Two users and a stranger by turns, six times: who was served as somebody else, and whom a stranger saw."""
    users, (stranger,) = callers(lab, way, 2), callers(lab, way, 1)
    accounts = lab[1][:2]
    others, seen = set(), set()
    for caller, account in zip(users, accounts, strict=True):
        assert sign_in(caller, account) == (200, account.address)
    for _ in range(6):
        for caller, account in zip(users, accounts, strict=True):
            status, served = caller.bare()
            if status == 401:
                status, served = sign_in(caller, account)
            others |= {served} - {account.address, ""}
        seen |= {stranger.bare()[1]} - {""}
    for caller in (*users, stranger):
        caller.close()
    return bool(others), bool(seen)


@pytest.mark.parametrize("mode", MODES)
def test_ntlm_with_its_first_leg_unasked_crosses_in_no_mode(lab, mode):
    def sign_in(caller, account):
        return caller.ntlm(account.logon, account.password)

    assert crossed(lab, mode, sign_in) == (False, False)


@pytest.mark.parametrize(
    ("mode", "found"),
    [("never", (False, False)), ("safe", (True, False)), ("always", (True, True))],
)
def test_a_token_without_a_401_is_bound_to_nobody(lab, mode, found):
    def sign_in(caller, account):
        return caller.token(account.logon, account.password)

    assert crossed(lab, mode, sign_in) == found


def rounds(made, accounts, way):
    """Rounds of logging on (until accepted) and of strangers; the one that found a crossing, or 0."""
    _, place = place_of(made, way)
    ca = str(made.ca_pem_path)
    with ExitStack() as lines:

        def caller():
            one = Caller(place, ca)
            lines.callback(one.close)
            return one

        for number in range(1, ROUNDS + 1):
            account = accounts[number % len(accounts)]
            user = caller()
            for _ in range(3):
                status, served = user.ntlm(account.logon, account.password)
                if status == 200:
                    break
            if status == 200 and served != account.address:
                return number
            if any(caller().bare()[1] for _ in range(4)):
                return number
    return 0


def test_nginx_serves_strangers_on_a_connection_that_it_kept(lab):
    assert 1 <= rounds(*lab, "keepalive-16") <= ROUNDS


def test_nobody_gets_in_behind_an_nginx_that_keeps_none(lab):
    made, accounts = lab
    for account in accounts[:2]:
        assert Requests(made, "keepalive-0", account).ask()[:2] == (401, "")


@pytest.mark.slow
def test_twenty_times_out_of_twenty(tmp_path):
    """Each time an nginx of its own."""
    text = (SCENARIOS.parent / "nginx" / "keepalive-16.conf").read_text()
    found = []
    for time in range(20):
        plan = BalancerPlan("nginx", text, "keepalive-16.conf", HERE)
        made, accounts = new_lab(tmp_path / str(time), [plan])
        with made:
            found.append(rounds(made, accounts, "nginx"))
    assert all(found), found
    print("rounds until the first crossing:", found)
