"""Falls if: a mistake in a scenario is not one line with file, key, value and what was expected; a
default is lost; or a resolved scenario, read again, is another one."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from exsim.protocols import PROTOCOLS
from exsim.runs.clients import CLIENTS
from exsim.runs.errors import ScenarioError
from exsim.runs.resolved import as_toml
from exsim.runs.scenario import balancer_file, load_scenario, parse_scenario, schema
from exsim.runs.sections import Population, Protocol, Session
from tests.runs.scenarios import LAB, TARGET

FOLDER = Path(__file__).parents[2] / "scenarios"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            'mailbox = "2013"',
            'mailbox = "exch13"',
            'population[0].mailbox: "exch13" is not a version; one of 2010, 2013, 2016, 2019, se',
        ),
        ('mailbox = "2013"', "mailbox = 2013", 'population[0].mailbox: must be text in quotes: "2013", not 2013'),
        ('mailbox = "2013"', 'mailbox = "2019"', 'population[0].mailbox: "2019": no node of this version is there to hold the mailbox'),
        ('mailbox = "2013"', "", "population[0].mailbox: is missing"),
        ("users = 20", "users = -3", "population[0].users: must be a positive whole number, not -3"),
        ("users = 20", "users = true", "population[0].users: must be a positive whole number, not true"),
        ("users = 20", "users = 2.5", "population[0].users: must be a positive whole number, not 2.5"),
        ('"owa"', '"imap"', 'population[0].protocol: "imap" is not a protocol; one of activesync, autodiscover, ews, mapi_http, oab, outlook_anywhere, owa'),
        ("polls = 30", "pols = 30", "population[0].session.pols: is not a key; did you mean polls?"),
        ('"2s"', '"soon"', 'population[0].session.think: "soon" is not a duration such as "90", "2s", "1.5m" or "8h"'),
        ('"2s"', "-1", 'population[0].session.think: -1 is not a duration such as "90", "2s", "1.5m" or "8h"'),
        ('think = "2s"', 'private = "no"', 'population[0].session.private: must be true or false, not "no"'),
        ("polls = 30", "background = 2", "population[0].session.background: must be a number from 0 to 1, not 2"),
        ("polls = 30", 'change_mailbox = ["2016", "2019"]', 'population[0].session.change_mailbox[1]: "2019": no node of this version is there to hold the mailbox'),
        ("users = 20", 'users = 20\nnode = "EXCH10"', 'population[0].node: "EXCH10" is not a node; one of EXCH16-SYD-01, EXCH16-SYD-02, EXCH13'),
        ("[lab]", "[labb]", "labb: is not a key; did you mean lab?"),
        ("title", "zzzz", "zzzz: is not a key; there are title, population, seed, lab, target, load, limits, expect, ab, assumed"),
        ('title = "1x2013 + 2x2016, round robin, no persistence"', "", "title: is missing"),
        ("seed = 7", 'seed = "x"', 'seed: must be a whole number, not "x"'),
        ('preset = "authcert_asymmetry"', "preset = 3", "lab.preset: must be text in quotes, not 3"),
        ('preset = "authcert_asymmetry"', 'preset = ["healthy", 3]', "lab.preset[1]: must be text in quotes, not 3"),
        ('"authcert_asymmetry"', '"e14_no_affinity"', 'lab.preset: "e14_no_affinity" needs a node of version 2010'),
        ('"authcert_asymmetry"', '"cng_node@EXCH99"', 'lab.preset: "cng_node@EXCH99": not a node for it; one of EXCH16-SYD-01, EXCH16-SYD-02, EXCH13'),
        ('"authcert_asymmetry"', '["hmac_skew", "auth_cert_expired"]', 'lab.preset: "auth_cert_expired" and "hmac_skew" contradict each other: both set signature of EXCH13'),
        ('"authcert_asymmetry"', '["drained", "drained"]', 'lab.preset: "drained" is there twice'),
        ('"EXCH13"', '"exch13"', 'lab.nodes[2].name: "exch13" is not a server\'s name: 1 to 15 capitals, digits and hyphens'),
        ('"EXCH16-SYD-02"', '"EXCH16-SYD-01"', 'lab.nodes[1].name: "EXCH16-SYD-01" is there twice'),
        ('name = "EXCH13"', 'name = "EXCH13", build = "15"', 'lab.nodes[2].build: "15" is not a build such as "15.1.669.32"'),
        ('name = "EXCH13"', 'name = "EXCH13", front_end = { key = "ksp" }', 'lab.nodes[2].front_end.key: "ksp" is not known; one of cng, csp'),
        ('name = "EXCH13"', 'name = "EXCH13", front_end = { answer_delay = { "/owa/x" = "x" } }', 'lab.nodes[2].front_end.answer_delay."/owa/x": "x" is not a duration such as "90", "2s", "1.5m" or "8h"'),
        ('name = "EXCH13"', 'name = "EXCH13", front_end = { broken_back_ends = ["X"] }', 'lab.nodes[2].front_end.broken_back_ends: "X" is not a node; one of EXCH16-SYD-01, EXCH16-SYD-02, EXCH13'),
        ("[lab]", "[lab]\ntime_scale = 0.01", "lab.time_scale: must be a number from 0.05 to 1, not 0.01"),
        ("[lab]", "[lab]\ntime_scale = nan", "lab.time_scale: must be a number from 0.05 to 1, not nan"),
        ("[lab]", "[lab]\nport = 70000", "lab.port: must be a whole number from 0 to 65535, not 70000"),
        ("[lab]", '[lab]\nhaproxy = "new"', 'lab.haproxy: "new" is not a version such as "2.8"'),
        ("[lab]", '[lab]\ntls = "none"', 'lab.tls: "none" is not a place where TLS ends; one of nodes, offload'),
        ('name = "EXCH13"', 'name = "EXCH13", fqdn = "a\\nb"', 'lab.nodes[2].fqdn: "a\nb" is not the name of a host'),
        ('name = "EXCH13"', f'name = "EXCH13", front_end = {{ ssl = "{"x" * 65}" }}', f'lab.nodes[2].front_end.ssl: "{"x" * 65}" is not a certificate\'s name: 1 to 64 letters, digits, dots and hyphens'),
        ('name = "EXCH13"', 'name = "EXCH13", front_end = { stale_ssl = "" }', 'lab.nodes[2].front_end.stale_ssl: "" is not a certificate\'s name: 1 to 64 letters, digits, dots and hyphens'),
        ('name = "EXCH13"', 'name = "EXCH13", front_end = { inactive = ["activesync"] }', 'lab.nodes[2].front_end.inactive[0]: "activesync" is not known; one of autodiscover, ecp, ews, mapi, microsoft-server-activesync, oab, owa, powershell, rpc'),
        ('name = "EXCH13"', 'name = "EXCH13", front_end = { answer_delay = { owa = 1 } }', 'lab.nodes[2].front_end.answer_delay.owa: "owa" is not a path such as /owa/'),
        ('protocol = "owa"', 'protocol = "oab"\noab = { path = "OAB/" }', 'population[0].oab.path: "OAB/" is not a path such as /owa/'),
        ('protocol = "owa"', 'protocol = "outlook_anywhere"\noutlook_anywhere = { server = "a b" }', 'population[0].outlook_anywhere.server: "a b" is not the name of a host'),
        ("[lab]", '[lab]\nhost = "a b"', 'lab.host: "a b" is not the name of a host'),
        ('"haproxy/roundrobin.cfg"', '""', 'lab.balancer: is empty; write the HAProxy file, or "none"'),
        ('"haproxy/roundrobin.cfg"', '"none"', "population[0].node: is missing: without a balancer each population says its node"),
        ("[expect]", '[target]\nurl = "https://x"\naccounts = "a"\n[expect]', "lab: there is both [lab] and [target]; a scenario has exactly one of them"),
        ("[load]", "[[load]]", "load: must be a table, not a list"),
        ("spawn_rate = 5", "spawn_rate = 0", "load.spawn_rate: must be a number above 0, not 0"),
        ("spawn_rate = 5", "workers = 21", "load.workers: 21 for 20 users"),
        ('"60s"', '"0.5s"', "load.duration: must be a number, 1 or more, not 0.5"),
        ("spawn_rate = 5", 'source_addresses = "10.0.0.1"', 'load.source_addresses: "10.0.0.1": in the lab they begin with 127.'),
        ("spawn_rate = 5", 'source_addresses = ["x"]', 'load.source_addresses: "x" is neither an address nor a range of addresses'),
        ("spawn_rate = 5", 'source_addresses = "127.0.0.9-127.0.0.1"', 'load.source_addresses: "127.0.0.9-127.0.0.1" is not a range: its end is before its beginning'),
        ("max_lost_sessions = 0", 'persistence = "hold"', 'expect.persistence: "hold" is not a kind of persistence; one of held, none'),
    ],
)  # fmt: skip
def test_a_mistake_in_a_lab_is_one_line(old: str, new: str, line: str) -> None:
    assert old in LAB
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(LAB.replace(old, new), "scenarios/x.toml")
    assert str(caught.value) == f"scenarios/x.toml: {line}"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('confirm = "mail.example.com"', "", 'target.confirm: is missing: mail.example.com is not this machine; repeat it, confirm = "mail.example.com"'),
        ('confirm = "mail.example.com"', 'confirm = "mail"', 'target.confirm: "mail" is not the host of url, "mail.example.com"'),
        ('confirm = "mail.example.com"', 'address = "127.0.0.1:8443"', 'target.confirm: is missing: mail.example.com is not this machine; repeat it, confirm = "mail.example.com"'),
        ('"https://mail.example.com"', '"mail.example.com"', 'target.url: "mail.example.com" is not an address such as "https://mail.example.com"'),
        ('"https://mail.example.com"', '"https://mail.example.com/owa"', 'target.url: "https://mail.example.com/owa" is not an address such as "https://mail.example.com"'),
        ('"10.0.1.13:443"', '"http://10.0.1.13:80"', 'target.nodes.EX13-01: "http://10.0.1.13:80": passwords would cross this wire in clear; set target.cleartext = true if that is meant'),
        ('"10.0.1.13:443"', '"10.0.1.13:x"', 'target.nodes.EX13-01: "10.0.1.13:x" is not an address such as "10.0.1.13:443"'),
        ('"10.0.1.13:443"', "3", "target.nodes.EX13-01: must be text in quotes, not 3"),
        ('EX13-01 =', 'ex13 =', 'target.nodes.ex13: "ex13" is not a server\'s name: 1 to 15 capitals, digits and hyphens'),
        ('accounts = "accounts.csv"', "", "target.accounts: is missing"),
        ('confirm = ', 'balancer = "a.cfg"\naddress = "10.0.0.50:443"\nconfirm = ', "target.address: pins the balancer that is there, and target.balancer is run here in its place; leave one out"),
        ('confirm = ', 'map = {exch13 = "EX19"}\nconfirm = ', 'target.map.exch13: "EX19" is none of target.nodes (EX13-01)'),
        ("users = 2", "users = 2\n[load]\nforce = true", "load.force: needs at least two nodes that the scenario names"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_target_is_one_line(old: str, new: str, line: str) -> None:
    assert old in TARGET
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(TARGET.replace(old, new), "x.toml")
    assert str(caught.value) == f"x.toml: {line}"


@pytest.mark.parametrize(
    ("client", "line"),
    [
        ('protocol = "ews"\news = {writes = true}\n', r"ews\.writes: in a \[lab\] alone"),
        (
            'protocol = "activesync"\nactivesync = {mail_every = "5m"}\n',
            r"activesync\.mail_every: in a \[lab\] alone",
        ),
    ],
)
def test_what_no_ledger_lists_is_not_written_on_a_target(client: str, line: str) -> None:
    free = TARGET.replace("[target]", '[target]\nwrites = "own-mailbox"')
    assert "writes" in free
    with pytest.raises(ScenarioError, match=line):
        parse_scenario(free.replace("users = ", f"{client}users = "), "x")


def test_the_stand_in_for_kerberos_is_for_simulated_servers_alone() -> None:
    ews = 'ews = {authentication = "negotiate", channel_binding = "wrong"}\nusers = '
    text = TARGET.replace("users = ", 'protocol = "ews"\n' + ews)
    with pytest.raises(ScenarioError, match=r'ews\.authentication: "negotiate" stands in for'):
        parse_scenario(text, "x.toml")
    lab = LAB.replace('protocol = "owa"', 'protocol = "ews"').replace("users = ", ews)
    made = parse_scenario(re.sub("session = .*", "", lab), "x.toml")
    assert made.population[0].ews.channel_binding == "wrong"


def test_a_scenario_without_lab_and_target_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"^x: lab: there is neither \[lab\] nor \[target\];"):
        parse_scenario('title = "t"\n[[population]]\nmailbox = "2013"\nusers = 1\n', "x")


def test_what_is_not_toml_says_where() -> None:
    with pytest.raises(ScenarioError, match=r"^x\.toml: is not TOML: .*line 2") as caught:
        parse_scenario("title = 'a'\nseed = \n", "x.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("address", ["127.0.0.1:8443", "[::1]:8443", "localhost:8443"])
def test_a_target_on_this_machine_needs_no_confirmation(address: str) -> None:
    text = TARGET.replace('confirm = "mail.example.com"', f'address = "{address}"')
    text = text.replace("10.0.1.13:443", "127.0.0.1:1")
    assert parse_scenario(text, "x").target is not None


@pytest.mark.parametrize("text", [LAB, TARGET], ids=["lab", "target"])
def test_a_resolved_scenario_read_again_is_the_same(text: str) -> None:
    scenario = parse_scenario(text, "x")
    again = parse_scenario(as_toml(scenario), "y")
    assert again == scenario
    assert as_toml(again) == as_toml(scenario)


def test_every_default_stands_in_the_resolved_scenario() -> None:
    resolved = as_toml(parse_scenario(LAB, "x"))
    for field in msgspec.structs.fields(Session):
        if field.name != "relogin_after" or "relogin_after" in LAB:
            assert f"{field.name} = " in resolved
    assert 'build = "15.1.669.32"' in resolved
    assert 'preset = ["authcert_asymmetry"]' in resolved


def test_a_title_with_quotes_and_odd_characters_survives() -> None:
    scenario = msgspec.structs.replace(
        parse_scenario(LAB, "x"), title='a "b" \\ \n\t\x7f\x01 ünï ❄ ]'
    )
    assert parse_scenario(as_toml(scenario), "y") == scenario


def test_durations_are_seconds_whatever_they_were_written_in() -> None:
    text = LAB.replace('"60s"', '"1.5m"').replace('"8s"', '"250ms"')
    scenario = parse_scenario(text, "x")
    assert scenario.load.duration == 90.0
    assert scenario.population[0].session.relogin_after == 0.25


def test_a_range_of_source_addresses_is_written_out() -> None:
    text = LAB.replace("spawn_rate = 5", 'source_addresses = ["127.0.9.8-127.0.9.10", "127.0.9.9"]')
    found = parse_scenario(text, "x").load.source_addresses
    assert found == ("127.0.9.8", "127.0.9.9", "127.0.9.10")


def test_files_that_a_scenario_names_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(LAB)
    with pytest.raises(
        ScenarioError, match=r"x\.toml: lab\.balancer: there is no file .*roundrobin"
    ):
        load_scenario(path)
    (tmp_path / "haproxy").mkdir()
    (tmp_path / "haproxy" / "roundrobin.cfg").touch()
    assert balancer_file(load_scenario(path), path) == tmp_path / "haproxy" / "roundrobin.cfg"


@pytest.mark.parametrize(
    ("data", "line"),
    [(None, "cannot be read: No such file or directory"), (b"\xff", "is not UTF-8 text")],
)
def test_a_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, data: bytes | None, line: str
) -> None:
    path = tmp_path / "x.toml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    assert str(caught.value) == f"{path}: {line}"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_scenario_of_the_project_can_be_read(path: Path) -> None:
    scenario = parse_scenario(path.read_text(), path.name)
    assert parse_scenario(as_toml(scenario), "y") == scenario


def test_the_scenarios_of_the_project_are_all_there() -> None:
    wanted = {"roundrobin", "roundrobin-today", "cookie", "healthy", "direct", "demo", "e14"}
    assert wanted <= {path.stem for path in FOLDER.glob("*.toml")}


def test_the_schema_allows_a_duration_as_text_and_as_a_number() -> None:
    made = schema()
    think = made["$defs"]["Session"]["properties"]["think"]
    assert [each["type"] for each in think["anyOf"]] == ["number", "string"]
    assert made["$defs"]["Population"]["additionalProperties"] is False
    assert json.loads(json.dumps(made)) == made


def test_a_client_opens_as_many_connections_as_the_real_one_unless_the_scenario_says() -> None:
    unsaid = parse_scenario(LAB.replace("connections = 6, ", ""), "x.toml")
    said = parse_scenario(LAB.replace("connections = 6", "connections = 2"), "x.toml")
    assert unsaid.population[0].session.connections == PROTOCOLS["owa"].connections
    assert said.population[0].session.connections == 2


def test_a_table_of_another_client_is_a_mistake_and_none_of_them_is_written_out() -> None:
    text = LAB.replace("users", 'ews = {authentication = "none"}\nusers', 1)
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "x.toml")
    assert str(caught.value) == (
        'x.toml: population[0].ews: is for clients of ews, and these speak "owa"'
    )
    assert "activesync" not in as_toml(parse_scenario(LAB, "x.toml"))


def test_every_protocol_has_a_client_and_its_table_or_is_owa() -> None:
    assert {"owa", *CLIENTS} == set(get_args(Protocol)) == set(PROTOCOLS)


@pytest.mark.parametrize("name", sorted(set(PROTOCOLS) - {"owa"}))
def test_every_word_of_a_clients_table_is_a_setting_of_its_flow(name: str) -> None:
    known = {one.name for one in dataclasses.fields(PROTOCOLS[name].settings)}
    common = {"logons", "think", "connections", "private", "origin", "population"}
    assert common | set(CLIENTS[name].__struct_fields__) <= known


def test_a_population_can_be_made_in_code() -> None:
    assert Population(mailbox="2013", users=1).session == Session()
