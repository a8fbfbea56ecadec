"""Falls if: a preset makes a node that the organisation cannot read, names a setting that it does not
have, or its table of who reads whom is not what its settings say."""

from __future__ import annotations

import typing
from typing import Any

import msgspec
import pytest

from exsim.org import settings
from exsim.runs import organisation, sections
from exsim.runs.organisation import certificate_names, organisation_nodes
from exsim.runs.presets import BUILDS, PRESETS
from exsim.runs.sections import Lab, Node
from exsim.wire import names
from exsim.wire.standing import SOURCES
from tests.runs.opening import expected_matrix

PLAIN = (("EXCH16-1", "2016"), ("EXCH16-2", "2016"), ("EXCH13", "2013"))
E14 = (("EXCH10-1", "2010"), ("EXCH10-2", "2010"))
ALL_VERSIONS = tuple((f"EXCH-{version}".upper(), version) for version in names.VERSIONS)


def lab(nodes: tuple[tuple[str, str], ...], *presets: str) -> Lab:
    made = [msgspec.convert({"name": name, "version": version}, Node) for name, version in nodes]
    return Lab(balancer="none", nodes=tuple(made), preset=presets or ("healthy",))


def farm_for(preset: str) -> tuple[tuple[str, str], ...]:
    return E14 if preset == "e14_no_affinity" else PLAIN


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_makes_nodes_that_the_organisation_can_read(preset: str) -> None:
    made = organisation_nodes(lab(farm_for(preset), preset))
    nodes = msgspec.convert(made, tuple[settings.Node, ...])
    assert [node.name for node in nodes] == [name for name, _ in farm_for(preset)]
    assert all(node.build == BUILDS[node.version] for node in nodes)


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "healthy"])
def test_a_preset_changes_something(preset: str) -> None:
    if preset == "e14_no_affinity":  # what is wrong there is the version
        assert not all(expected_matrix(lab(E14, preset)).values())
        return
    assert organisation_nodes(lab(PLAIN, preset)) != organisation_nodes(lab(PLAIN))


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_a_preset_is_a_sentence_with_a_source(preset: Any) -> None:
    assert preset.sentence.endswith(".")
    assert preset.source == "assumed" or all(key in SOURCES for key in preset.source.split())


def lost(nodes: tuple[tuple[str, str], ...], *presets: str, public: bool = False) -> set[str]:
    matrix = expected_matrix(lab(nodes, *presets), public)
    return {f"{issuer}>{reader}" for (issuer, reader), ok in matrix.items() if not ok}


@pytest.mark.parametrize(
    ("presets", "expected"),
    [
        ((), ""),
        (("authcert_asymmetry",), "EXCH16-1>EXCH13 EXCH16-2>EXCH13"),
        (("cert_split",), "EXCH16-1>EXCH13 EXCH16-2>EXCH13 EXCH13>EXCH16-1 EXCH13>EXCH16-2"),
        (("cert_split@EXCH16-1",), "EXCH16-1>EXCH13 EXCH16-1>EXCH16-2 EXCH13>EXCH16-1 EXCH16-2>EXCH16-1"),
        (("stale_cert",), "EXCH16-1>EXCH13 EXCH16-2>EXCH13 EXCH13>EXCH16-1 EXCH13>EXCH16-2"),
        (("cng_node",), "EXCH16-1>EXCH13 EXCH16-2>EXCH13 EXCH13>EXCH13"),
        (("hmac_skew",), "EXCH16-1>EXCH13 EXCH16-2>EXCH13 EXCH13>EXCH16-1 EXCH13>EXCH16-2"),
        (("clock_skew",), ""),
        (("short_public_ttl", "late_wipe"), ""),
        (("authcert_asymmetry", "cng_node@EXCH16-2"), "EXCH16-1>EXCH13 EXCH16-2>EXCH13 EXCH16-1>EXCH16-2 EXCH16-2>EXCH16-2 EXCH13>EXCH16-2"),
    ],
)  # fmt: skip
def test_who_cannot_read_whom_is_as_the_facts_say(presets: tuple[str, ...], expected: str) -> None:
    assert lost(PLAIN, *presets) == set(expected.split())


def test_a_clock_ahead_refuses_sessions_of_public_computers_only() -> None:
    assert lost(PLAIN, "clock_skew", public=True) == {"EXCH16-1>EXCH13", "EXCH16-2>EXCH13"}


def test_a_node_of_2010_reads_its_own_cookies_only() -> None:
    assert lost(E14, "e14_no_affinity") == {"EXCH10-1>EXCH10-2", "EXCH10-2>EXCH10-1"}
    assert all("EXCH-2010" in pair for pair in lost(ALL_VERSIONS))
    assert len(lost(ALL_VERSIONS)) == 8


@pytest.mark.parametrize("preset", ["healthy", "authcert_asymmetry", "cert_split", "stale_cert", "cng_node", "hmac_skew"])  # fmt: skip
def test_the_table_is_what_the_settings_of_the_nodes_say(preset: str) -> None:
    """The reading rule said once more, over the settings: sealed with X, does the reader hold X?"""
    made = msgspec.convert(organisation_nodes(lab(PLAIN, preset)), tuple[settings.Node, ...])

    def key(node: settings.Node, kind: str) -> str | None:
        front = node.front_end
        return front.auth if kind == "auth" else front.stale_ssl or front.ssl

    for (issuer, reader), ok in expected_matrix(lab(PLAIN, preset)).items():
        a, b = (next(node for node in made if node.name == name) for name in (issuer, reader))
        held = {key(b, kind) for kind in b.front_end.decrypt_with}
        reads = key(a, a.front_end.encrypt_with) in held and b.front_end.key != "cng"
        assert (reads and a.front_end.signature == b.front_end.signature) is ok, (issuer, reader)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (sections.FrontEndChange, settings.FrontEnd),
        (sections.BackEndChange, settings.BackEnd),
    ],
)
def test_a_scenario_can_change_exactly_the_settings_that_there_are(ours: Any, theirs: Any) -> None:
    assert set(ours.__struct_fields__) == set(theirs.__struct_fields__)
    assert set(typing.get_type_hints(ours)) == set(ours.__struct_fields__)


def test_the_scenarios_own_settings_of_a_node_win_over_the_preset() -> None:
    node = Node(
        name="EXCH13", version="2013", front_end=sections.FrontEndChange(key="csp", wipes=False)
    )
    made = organisation_nodes(Lab(balancer="none", nodes=(node,), preset="cng_node"))
    assert made[0]["front_end"]["key"] == "csp"
    assert made[0]["front_end"]["wipes"] is False
    assert "ssl" not in made[0]["front_end"]


def test_a_broken_back_end_is_another_node() -> None:
    made = organisation_nodes(lab(PLAIN, "be_kerberos_broken"))
    assert made[2]["front_end"]["broken_back_ends"] == ["EXCH16-1"]


def test_a_pool_with_a_node_of_the_subscription_edition_signs_alike() -> None:
    made = organisation_nodes(lab(ALL_VERSIONS))
    assert {node["front_end"]["signature"] for node in made} == {"hmac"}


@pytest.mark.parametrize(
    ("builds", "signature"),
    [
        ({"2013": "", "2016": ""}, "rsa"),  # the months before March 2017
        ({"2019": ""}, "hmac"),  # CU15, February 2025
        ({"2016": "", "2019": ""}, "hmac"),  # a healthy pool signs alike
        ({"2016": "15.1.2507.12"}, "hmac"),
        ({"2019": "15.2.858.5"}, "rsa"),
        ({"2016": "15.1.2176.9", "2013": "15.0.1497.10"}, "rsa"),
    ],
)
def test_a_build_later_than_july_2021_signs_as_builds_do_since_then(
    builds: dict[str, str], signature: str
) -> None:
    nodes = tuple(Node(name=f"EX{v}", version=v, build=build) for v, build in builds.items())
    made = organisation_nodes(Lab(balancer="none", nodes=nodes, preset="healthy"))
    assert {node["front_end"]["signature"] for node in made} == {signature}


def test_the_certificates_that_are_spoken_of_are_named() -> None:
    assert certificate_names(organisation_nodes(lab(PLAIN))) == ["auth", "ssl"]
    assert "ssl-2" in certificate_names(organisation_nodes(lab(PLAIN, "cert_split")))
    assert "ssl-old" in certificate_names(organisation_nodes(lab(PLAIN, "stale_cert")))
    assert "auth" in certificate_names(organisation_nodes(lab(PLAIN, "auth_cert_expired")))


def test_presets_are_said_in_words() -> None:
    assert organisation.sentences(["healthy", "cng_node@EXCH13"])[0] == "Nothing is wrong."
