"""The flags by which programs are told where their servers are, and whom to trust there."""

import argparse
import ssl
from collections.abc import Sequence

from peer.address import DEFAULT_PORT, parse_addresses

__all__ = ["add_server_options", "parsed_with_servers", "tls_context"]


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Adds them."""
    group = parser.add_argument_group("servers")
    group.add_argument(
        "--server",
        action="append",
        metavar="HOST[:PORT]",
        help=f"may be given several times; 127.0.0.1:{DEFAULT_PORT} unless told otherwise",
    )
    group.add_argument("--tls", action="store_true", help="speak TLS, and trust the authorities the system trusts")
    group.add_argument("--tls-ca", metavar="FILE", help="speak TLS, and trust the authorities in this PEM file instead")
    group.add_argument("--tls-cert", metavar="FILE", help="PEM file with a certificate to show, and its key")
    group.add_argument("--tls-key", metavar="FILE", help="PEM file with the certificate's key, if that has not")


def parsed_with_servers(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Namespace:
    """What the words ask for; of the servers, those given, or the one that is meant if none is.

    Exits as the parser does when they cannot be right: also if a server is no address, or a file of TLS of no use.
    """
    options = parser.parse_args(words)
    options.server = options.server or [f"127.0.0.1:{DEFAULT_PORT}"]
    try:
        parse_addresses(options.server)
        tls_context(options)
    except ValueError as error:
        parser.error(str(error))
    return options


def tls_context(options: argparse.Namespace) -> ssl.SSLContext | None:
    """As the flags say; None speaks plainly. ValueError says which file cannot be used, and why."""
    if options.tls_key and not options.tls_cert:
        raise ValueError("--tls-key: there is no --tls-cert that it could belong to")
    if not (options.tls or options.tls_ca or options.tls_cert):
        return None
    try:
        context = ssl.create_default_context(cafile=options.tls_ca)
    except OSError as error:
        raise ValueError(f"--tls-ca: {options.tls_ca} cannot be used: {error}") from error
    if options.tls_cert:
        try:
            # An encrypted key would ask for its password at the terminal; with an empty one it is refused.
            context.load_cert_chain(options.tls_cert, options.tls_key, password="")
        except ssl.SSLError as error:
            right = "PEM is wanted, the key in the same file or in --tls-key, and locked by no password"
            raise ValueError(f"--tls-cert: {options.tls_cert} cannot be used: {error}; {right}") from error
        except OSError as error:
            raise ValueError(f"--tls-cert: {options.tls_cert} cannot be used: {error}") from error
    return context
