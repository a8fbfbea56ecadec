"""RSA keys are slow to make: once for all tests of the organisation."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from exsim.org.settings import Organisation
from tests.org.farm import Browser, Farm, incident

NAMES = ("ssl", "auth", "ssl-2")


def make_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture(scope="session")
def certificates() -> dict[str, str]:
    return {name: make_pem() for name in NAMES}


@pytest.fixture
def organisation(certificates: dict[str, str]) -> Organisation:
    return incident(certificates)


@pytest.fixture
def farm(organisation: Organisation) -> Farm:
    return Farm(organisation)


@pytest.fixture
def browser(farm: Farm) -> Browser:
    return Browser(farm)
