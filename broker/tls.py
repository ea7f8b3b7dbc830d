"""TLS on the listening port: who we are, who clients must be, and the handshake.

A certificate that was renewed is picked up by the next connection, so that whoever renews it need not know of us.
One that cannot be read then, perhaps because it is just being written, leaves the last one in force.
"""

import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

import trio

from broker.settings import Settings
from broker.switchboard import Switchboard
from broker.tls_transport import TlsTransport

log = logging.getLogger(__name__)

_VERIFY: Final = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
_RIGHT: Final = {
    "--ssl-certificate": "it must be PEM, and its key in --ssl-key or in the same file, without a password",
    "--ssl-ca-file": "it must hold certificates of authorities, in PEM",
}
TOGETHER: Final = 2
"""So many peers are let on in their handshakes between two looks at those who are served. A step is a millisecond of
arithmetic, and of a crowd that connects at once, as after an outage, all may take it in one turn of the scheduler."""

_Signature = tuple[tuple[int, int, int], ...]


class TlsError(Exception):
    """The files for TLS cannot be used: tell the line and end with status 1."""


class HandshakeError(Exception):
    """A peer did not come through its handshake; the line says why, and who would have to change what."""


class Certificates:
    """The files for TLS, and what was read from them last."""

    def __init__(self, settings: Settings) -> None:
        """Read them.

        Raises:
            TlsError: one of them cannot be used; the line names it.
        """
        self._settings = settings
        self._files = [
            path for path in (settings.ssl_certificate, settings.ssl_key, settings.ssl_ca_file) if path is not None
        ]
        self._signature: _Signature | None = self._look()
        self._told = ""
        self._context = _read(settings)
        self.turns = trio.Semaphore(TOGETHER)
        """To be had for each step of a handshake: who waits for one is let on in a later turn of the scheduler."""

    def context(self) -> ssl.SSLContext:
        """What the next connection is served with."""
        signature = self._look()
        if signature != self._signature:
            try:
                self._context = _read(self._settings)
            except TlsError as error:
                # None is like no file's: what mends this may not show there, as leave to read it, or a free descriptor.
                self._signature = None
                self._complain(str(error))
            else:
                self._signature, self._told = signature, ""
        return self._context

    def _complain(self, why: str) -> None:
        if why != self._told:
            log.error("%s. The certificate that was read before stays in use", why)
            self._told = why

    def _look(self) -> _Signature:
        """What changes when a file is written anew, or replaced; nothing for one that is away."""
        found = []
        for path in self._files:
            try:
                seen = path.stat()
            except OSError:
                continue
            found.append((seen.st_ino, seen.st_size, seen.st_mtime_ns))
        return tuple(found)


async def shake_hands(
    sock: socket.socket,
    certificates: Certificates,
    peer: str,
    switchboard: Switchboard | None,
    seconds: float,
) -> TlsTransport:
    """Agree on keys with a peer that has just connected, in so many seconds.

    Raises:
        HandshakeError: it did not come to that, and somebody should know.
        OSError: it hung up, as those do who only want to know whether the port is open.
    """
    transport = TlsTransport(sock, certificates.context(), peer, switchboard)
    try:
        with trio.fail_after(seconds):
            await transport.shake_hands(certificates.turns)
    except trio.TooSlowError:
        raise HandshakeError("it did not end its TLS handshake in time") from None
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        raise ConnectionResetError("it hung up in its TLS handshake") from error
    except ssl.SSLError as error:
        raise HandshakeError(_why(error)) from error
    return transport


def _why(error: ssl.SSLError) -> str:
    reason = error.reason or ""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate that it showed is not accepted ({error.verify_message}); "
            "give that client one that an authority in --ssl-ca-file vouches for"
        )
    if reason == "UNSUPPORTED_PROTOCOL":
        return "it speaks no TLS that is as new as 1.2; that client needs a newer one"
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL"):
        return "it does not speak TLS, and this port does (--ssl); turn TLS on at that client"
    if reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return "it showed no certificate, and --ssl-verify-client=required asks for one"
    if "_ALERT_" in reason and reason.endswith(("UNKNOWN_CA", "_CERTIFICATE", "CERTIFICATE_EXPIRED")):
        return (
            f"it does not accept our certificate ({reason}); let that client trust the authority of --ssl-certificate"
        )
    return f"its TLS handshake failed: {reason or error}"


def _read(settings: Settings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Tickets come unasked for, behind the handshake of TLS 1.3: who waits for an answer in select() and then reads
    # would hang there, and who hangs up without having read them has the kernel throw away what it sent us last.
    context.num_tickets = 0
    # Keys are agreed on once: to do it again costs us most, may be asked for at any time, and is no part of TLS 1.3.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.verify_mode = _VERIFY[settings.ssl_verify_client]
    authorities, certificate, key = settings.ssl_ca_file, settings.ssl_certificate, settings.ssl_key
    if certificate is None:
        raise TlsError("--ssl needs --ssl-certificate, the PEM file of the certificate to show to clients")
    if key is not None:
        _open("--ssl-key", key)
    # An encrypted key would ask for its password at the terminal; with an empty one it is refused.
    _use("--ssl-certificate", certificate, lambda: context.load_cert_chain(certificate, key, password=""), key)
    if authorities is not None:
        _use("--ssl-ca-file", authorities, lambda: context.load_verify_locations(authorities))
    return context


def _open(flag: str, path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise _unreadable(flag, path, error) from error


def _use(flag: str, path: Path, use: Callable[[], None], key: Path | None = None) -> None:
    _open(flag, path)
    try:
        use()
    except ssl.SSLError as error:
        what = error.reason or _missing(path, key)
        raise TlsError(f"{flag}: {path} cannot be used ({what}); {_RIGHT[flag]}") from error
    except OSError as error:  # it was there a moment ago
        raise _unreadable(flag, path, error) from error


def _missing(certificate: Path, key: Path | None) -> str:
    """What is wrong where OpenSSL says no more than that it is something with the PEM."""
    try:
        certified, keyed = certificate.read_bytes(), (key or certificate).read_bytes()
    except OSError:  # renewed at this very moment
        return "it is just being written"
    place = key or "it"
    if b"CERTIFICATE-----" not in certified:
        return "it holds no certificate"
    if b"PRIVATE KEY-----" not in keyed:
        return f"{place} holds no key"
    return f"the key in {place} is damaged, or locked by a password"


def _unreadable(flag: str, path: Path, error: OSError) -> TlsError:
    todo = "name a PEM file that is there"
    if isinstance(error, PermissionError):
        todo = "let the broker's user read it, or name another"
    return TlsError(f"{flag}: {path} cannot be read ({error.strerror}); {todo}")
