"""What is wrong with what somebody gives for TLS, said before it is used."""

import ssl

__all__ = ["must_be_a_context"]


def must_be_a_context(tls: ssl.SSLContext | None) -> None:
    """TypeError if it is anything else, such as True."""
    if not isinstance(tls, ssl.SSLContext | None):
        raise TypeError(f"tls is an ssl.SSLContext, such as ssl.create_default_context(), or None, not {tls!r}")
