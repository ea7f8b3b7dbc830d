"""The flags that say where servers are: a file of TLS that cannot be used is told, and asks nothing at the terminal."""

import argparse
from pathlib import Path

import pytest

from peer.server_options import add_server_options, tls_context
from tests.certified import certified, locked


def flags(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_server_options(parser)
    return parser.parse_args(words)


def test_a_certificate_with_its_key_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "client.pem"
    file.write_bytes(certified().pem)
    assert tls_context(flags(f"--tls-cert={file}")) is not None


def test_a_locked_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "client.pem"
    file.write_bytes(locked(certified().pem))
    with pytest.raises(ValueError, match=r"--tls-cert: .*client\.pem cannot be used: .* locked by no password"):
        tls_context(flags(f"--tls-cert={file}"))
