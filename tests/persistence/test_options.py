"""Where Redis is: what is read from a URL, what is refused, and what is never shown."""

import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from persistence.options import RedisOptions, TlsOptions
from persistence.redis_url import parse_redis_url
from tests.certified import certified, locked

URLS = {
    "redis://": RedisOptions(),
    "redis://localhost": RedisOptions(host="localhost"),
    "redis://10.1.2.3:7000": RedisOptions(host="10.1.2.3", port=7000),
    "redis://[::1]:7000/": RedisOptions(host="::1", port=7000),
    "redis://host/3": RedisOptions(host="host", db=3),
    "redis://host?db=4": RedisOptions(host="host", db=4),
    "redis://:secret@host": RedisOptions(host="host", password="secret"),
    "redis://mail:secret@host": RedisOptions(host="host", username="mail", password="secret"),
    "redis://mail@host": RedisOptions(host="host", username="mail"),
    "redis://mail:p%40ss%2Fw%3Ard@host": RedisOptions(host="host", username="mail", password="p@ss/w:rd"),
    "redis://host?username=mail&password=secret": RedisOptions(host="host", username="mail", password="secret"),
    "redis://host?client_name=mail": RedisOptions(host="host", client_name="mail"),
    "redis://host?socket_connect_timeout=2.5": RedisOptions(host="host", connect_timeout_seconds=2.5),
    "redis://host?socket_timeout=2": RedisOptions(host="host", silence_seconds=2.0),
    "redis://host?protocol=3&socket_keepalive=yes": RedisOptions(host="host"),
    "unix:///run/redis.sock": RedisOptions(unix_path="/run/redis.sock"),
    "unix:///run/redis.sock?db=2": RedisOptions(unix_path="/run/redis.sock", db=2),
    "unix://mail:secret@/run/redis.sock": RedisOptions(unix_path="/run/redis.sock", username="mail", password="secret"),
    "redis+cluster://one:7000,two:7001": RedisOptions(host="one", port=7000, cluster=(("one", 7000), ("two", 7001))),
    "redis+cluster://mail:secret@one,[::1]:7001/0?client_name=mail": RedisOptions(
        host="one", username="mail", password="secret", client_name="mail", cluster=(("one", 6379), ("::1", 7001))
    ),
    "rediss+cluster://one": RedisOptions(host="one", tls=TlsOptions(), cluster=(("one", 6379),)),
    "rediss://host": RedisOptions(host="host", tls=TlsOptions()),
    "rediss://host?ssl_cert_reqs=none": RedisOptions(host="host", tls=TlsOptions(cert_reqs=ssl.CERT_NONE)),
    "rediss://host?ssl_check_hostname=false": RedisOptions(host="host", tls=TlsOptions(check_hostname=False)),
}


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_read_as_redis_py_reads_it(url: str) -> None:
    assert parse_redis_url(url) == URLS[url]


WRONG_URLS = {
    "": "must begin with redis://, rediss:// or unix://",
    "host:6379": "must begin with redis://, rediss:// or unix://",
    "http://:hunter2@host": "must begin with redis://, rediss:// or unix://",
    "redis://host:hunter2": "is its port up to 65535",
    "redis://host:70000": "is its port up to 65535",
    "redis://mail:hunter2/2@host": "is its port up to 65535",
    "redis://:12/hunter2@host": "nothing but the number of a database",
    "redis://:hunter2@host/zero": "nothing but the number of a database",
    "redis://host/1/2": "nothing but the number of a database",
    "redis://host/-1": "nothing but the number of a database",
    "redis://mail:12#hunter2@host": "nothing but the number of a database",
    "redis://[::1": "cannot be read",
    "redis://host?db=-1": "db must be a number",
    "redis://host?db=hunter2": "Invalid value for 'db'",
    "redis://host?socket_connect_timeout=0": "socket_connect_timeout must be a number of seconds above 0",
    "redis://host?socket_connect_timeout=nan": "socket_connect_timeout must be a number of seconds above 0",
    "redis://host?socket_timeout=inf": "socket_timeout must be a number of seconds above 0",
    "redis://host?client_name=the%20mail": "client_name must be ASCII without blanks",
    "redis://host?protocol=2": "another protocol than 3",
    "redis://host?max_connections=10": "means nothing here: max_connections",
    "redis://host?ssl_cert_reqs=none": "ssl_cert_reqs needs rediss://",
    "redis+cluster://": "names the nodes of its cluster so",
    "redis+cluster://one,,two": "names the nodes of its cluster so",
    "redis+cluster://:hunter2@one,two/1": "a cluster has none but 0",
    "redis+cluster://one,two:hunter2": "is its port up to 65535",
    "redis+cluster://:12/hunter2@one,two": "nothing but the number of a database",
    "redis+cluster://one?ssl_cert_reqs=none": "ssl_cert_reqs needs rediss://",
    "unix://": "must name its socket by a full path",
    "unix://redis.sock": "must name its socket by a full path",
    "rediss://host?ssl_cert_reqs=maybe": "ssl_cert_reqs must be one of none, optional, required",
    "rediss://host?ssl_keyfile=/dev/null": "ssl_keyfile needs an ssl_certfile",
    "rediss://host?ssl_ca_certs=/no/such/file": "ssl_ca_certs=/no/such/file: No such file or directory",
    "rediss://host?ssl_ca_path=/no/such/folder": "ssl_ca_path=/no/such/folder: No such file or directory",
    "rediss://host?ssl_certfile=/dev/null": "TLS files cannot be used",
}


@pytest.mark.parametrize("url", WRONG_URLS)
def test_a_wrong_url_is_refused_in_one_line_that_shows_no_password(url: str) -> None:
    with pytest.raises(ValueError, match="Redis URL") as caught:
        parse_redis_url(url)
    text = str(caught.value)
    assert WRONG_URLS[url] in text
    assert "\n" not in text
    assert "hunter2" not in text
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_key_locked_by_a_password_is_opened_by_it_and_asks_nobody_for_one(tmp_path: Path) -> None:
    file = tmp_path / "client.pem"
    file.write_bytes(locked(certified().pem))
    TlsOptions(certfile=file, password="password").context()
    for password in (None, "wrong"):
        with pytest.raises(ssl.SSLError):
            TlsOptions(certfile=file, password=password).context()


def test_options_show_no_password() -> None:
    options = RedisOptions(password="hunter2", tls=TlsOptions(password="hunter2"))
    assert "hunter2" not in repr(options)
    assert "hunter2" not in options.address


def test_the_address_is_as_people_write_it() -> None:
    assert RedisOptions().address == "127.0.0.1:6379"
    assert RedisOptions(host="::1").address == "[::1]:6379"
    assert RedisOptions(unix_path="/run/redis.sock").address == "/run/redis.sock"


def test_the_files_of_a_tls_url_are_looked_at(tmp_path: Path) -> None:
    authority = trustme.CA()
    own = authority.issue_cert("client.example")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    url = f"rediss://host?ssl_ca_certs={tmp_path}/ca.pem&ssl_certfile={tmp_path}/own.pem"
    tls = parse_redis_url(url).tls
    assert tls is not None
    assert (tls.ca_certs, tls.certfile) == (tmp_path / "ca.pem", tmp_path / "own.pem")
    context = tls.context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_pipe_costs_no_import_of_redis_py() -> None:
    program = "import sys, persistence.pipe; print('redis' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
