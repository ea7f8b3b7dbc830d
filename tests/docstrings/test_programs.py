"""The whole programs that the pages show, run as processes, as their readers run them."""

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from client import open_client
from tests.docstrings.pages import write_program
from tests.processes import ServerProcess
from tests.programs import open_program, require_program, run_program


async def test_the_tutorial(server_kind: str, own_server: ServerProcess, tmp_path: Path) -> None:
    submit, worker, call = (
        write_program("tutorial.md", name, tmp_path, own_server) for name in ("submit.py", "mails.py", "call.py")
    )
    assert (await run_program(sys.executable, submit)).count("queued as H:") == 3
    if server_kind == "broker":  # gearmand forgets, as the tutorial does not promise otherwise
        await trio.to_thread.run_sync(own_server.kill9)
        await trio.to_thread.run_sync(own_server.start)
    async with open_program(sys.executable, worker) as working:
        for name in ("ann", "ben", "cleo"):
            await working.wait_line(f"sending to: {name}@example.org")
        said = await run_program(sys.executable, call)
        working.send_signal(signal.SIGTERM)
        assert await working.wait() == 0
    assert said.startswith("b'HELLO THERE !'")
    assert said.endswith("2 of 3\nso far THREE \nb'!'")


async def test_a_worker_that_is_told_to_stop_ends_its_job_first(server: ServerProcess, tmp_path: Path) -> None:
    program = write_program("how-to/stop-cleanly.md", "reports.py", tmp_path, server)
    async with open_client(server.address) as client, open_program(sys.executable, program) as working:
        await client.submit_background("report", b"")
        await working.wait_line("begun")
        working.send_signal(signal.SIGTERM)
        assert await working.wait() == 0
        assert working.lines[-2:] == ["done", "no job is left here"]


async def test_the_tests_shown_pass(tmp_path: Path) -> None:
    program = write_program("how-to/test-your-program.md", "test_mails.py", tmp_path)
    assert "2 passed" in await run_program(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", program)


async def test_a_mail_queued_in_php_is_sent_by_the_worker(server: ServerProcess, tmp_path: Path) -> None:
    require_program("php", "php-cli, with php-gearman,")
    queue, worker = (
        write_program("how-to/send-mail-from-php.md", name, tmp_path, server)
        for name in ("queue.php", "mail_worker.py")
    )
    async with mail_server() as (port, mails), open_program(sys.executable, worker, "127.0.0.1", str(port)) as sending:
        handle = (await run_program("php", queue)).removeprefix("queued as ").strip()
        await sending.wait_line("sent to ann@example.org")
    (mail,) = mails
    assert f"Message-ID: <{handle.replace(':', '.')}@example.org>" in mail
    assert "Subject: The minutes of Monday" in mail
    assert "They are attached." in mail


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[int, list[str]]]:
    """Takes any mail; gives its port, and the list that the mails come to."""
    mails: list[str] = []
    async with trio.open_nursery() as nursery:

        async def serve(stream: trio.SocketStream) -> None:
            mails.append(await take_mail(stream))

        listeners = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        yield listeners[0].socket.getsockname()[1], mails
        nursery.cancel_scope.cancel()


ANSWERS = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


async def take_mail(stream: trio.SocketStream) -> str:
    """SMTP as far as it is needed: every other command is fine, and a mail ends with a dot."""
    await stream.send_all(b"220 here\r\n")
    text: list[bytes] = []
    command = unread = b""
    while command != b"QUIT":
        unread += await stream.receive_some()
        *lines, unread = unread.split(b"\r\n")
        for line in lines:
            if command == b"DATA" and line != b".":
                text.append(line)
            else:
                command = line.upper()
                await stream.send_all(ANSWERS.get(command, b"250 fine\r\n"))
    return b"\n".join(text).decode()
