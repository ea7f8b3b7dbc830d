"""What TLS takes, made once for all tests."""

import ssl
from functools import cache
from typing import NamedTuple

import trustme
from cryptography.hazmat.primitives import serialization


class Certified(NamedTuple):
    """A certificate for a broker, and who trusts it."""

    pem: bytes
    """With the key."""
    trusting: ssl.SSLContext


@cache
def certified() -> Certified:
    """The one there is."""
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return Certified(authority.issue_cert("localhost").private_key_and_cert_chain_pem.bytes(), trusting)


def locked(pem: bytes) -> bytes:
    """The same, its key locked by a password."""
    key, begin, certificates = pem.partition(b"-----BEGIN CERTIFICATE-----")
    locking = serialization.BestAvailableEncryption(b"password")
    form, encoding = serialization.PrivateFormat.TraditionalOpenSSL, serialization.Encoding.PEM
    return serialization.load_pem_private_key(key, None).private_bytes(encoding, form, locking) + begin + certificates
