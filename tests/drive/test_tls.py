"""TLS as a scenario asks for it, handshaken in memory.

Falls if: an old or a weak server is refused though the scenario allows it, or accepted though it does not; a
client certificate is not shown; or OpenSSL's refusal reaches an administrator in OpenSSL's own words.
"""

from __future__ import annotations

import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from exsim.drive.tls import context, words
from exsim.lab.certificates import Authority

HOST = "mail.example.com"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("an authority")


@pytest.fixture(scope="module")
def files(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The authority's certificate, and a certificate with its key, of server and client alike."""
    folder: Path = tmp_path_factory.mktemp("tls")
    (folder / "ca.pem").write_text(authority.pem)
    (folder / "host.pem").write_text(authority.host_certificate([HOST]))
    return str(folder / "ca.pem"), str(folder / "host.pem")


def server(
    pem: str, oldest: ssl.TLSVersion | None = None, newest: ssl.TLSVersion | None = None
) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if newest is not None:
            made.set_ciphers("DEFAULT:@SECLEVEL=0")
            made.minimum_version = oldest or newest
            made.maximum_version = newest
    return made


def handshake(client: ssl.SSLContext, other: ssl.SSLContext) -> str:
    """The version that is spoken.  Raises what the client's side raises."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there, server_hostname=HOST)
    theirs = other.wrap_bio(there, back, server_side=True)
    done: set[str] = set()
    refused: ssl.SSLError | None = None
    for _ in range(10):
        for name, side in (("ours", ours), ("theirs", theirs)):
            try:
                side.do_handshake()
                done.add(name)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                if name == "ours":
                    raise
                refused = error
        if len(done) == 2:
            return ours.version() or ""
    raise refused or AssertionError("no handshake")


def test_an_old_server_is_spoken_to_when_the_scenario_says_so(files: tuple[str, str]) -> None:
    ca, pem = files
    old = server(pem, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
    assert handshake(context(ca, minimum="1.0"), old) == "TLSv1.1"
    with pytest.raises(ssl.SSLError) as caught:
        handshake(context(ca), old)
    assert 'set target.tls = { min = "1.0" }' in words(caught.value)


def test_a_newer_minimum_is_kept(files: tuple[str, str]) -> None:
    ca, pem = files
    assert handshake(context(ca, minimum="1.3"), server(pem)) == "TLSv1.3"
    with pytest.raises(ssl.SSLError):
        handshake(context(ca, minimum="1.3"), server(pem, newest=ssl.TLSVersion.TLSv1_2))


def test_a_private_authority_is_trusted_by_its_file_alone(files: tuple[str, str]) -> None:
    ca, pem = files
    assert handshake(context(ca), server(pem))
    with pytest.raises(ssl.SSLError) as caught:
        handshake(context(), server(pem))
    assert "an authority of your own is named by target.ca" in words(caught.value)


def own_certificate(folder: Path) -> str:
    """A certificate of the client's own with its key, which vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a jump host")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "own.pem"
    path.write_bytes(
        made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + private
    )
    return str(path)


def test_a_client_certificate_is_shown_to_whoever_asks(
    files: tuple[str, str], tmp_path: Path
) -> None:
    ca, pem = files
    own = own_certificate(tmp_path)
    asking = server(pem, newest=ssl.TLSVersion.TLSv1_2)
    asking.verify_mode = ssl.CERT_REQUIRED
    asking.load_verify_locations(own)
    assert handshake(context(ca, certificate=own), asking) == "TLSv1.2"
    with pytest.raises(ssl.SSLError) as caught:
        handshake(context(ca), asking)
    assert "client certificate" in words(caught.value)


@pytest.mark.parametrize("legacy", [True, False])
def test_servers_without_rfc_5746_only_when_asked_for(legacy: bool) -> None:
    assert bool(context(legacy=legacy).options & 0x4) is legacy


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("UNSAFE_LEGACY_RENEGOTIATION_DISABLED", "browsers accept it, OpenSSL 3 does not: set target.tls = { legacy = true }"),
        ("WRONG_VERSION_NUMBER", "does not speak TLS on this port"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "an older TLS only"),
        ("UNSUPPORTED_PROTOCOL", "an older TLS only"),
        ("DH_KEY_TOO_SMALL", "shorter than OpenSSL accepts"),
        ("CA_MD_TOO_WEAK", "a hash that OpenSSL calls too weak"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "set target.client_cert"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "no cipher that both sides accept"),
        ("SOMETHING_NEW", "something new"),
    ],
)  # fmt: skip
def test_openssls_refusals_in_words(reason: str, said: str) -> None:
    error = ssl.SSLError(1, f"[SSL: {reason}] …")
    error.reason = reason
    assert said in words(error)
