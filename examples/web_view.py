"""A web application that hands its slow work to a worker, and shows in the browser how far that has come.

usage: python -m examples.web_view [--port PORT] [--server HOST:PORT]

Open what it prints. Without a server it brings its own, and a worker in any case. The application itself is `make_app`:
it is Flask, and knows nothing of trio. Needs Flask: pip install -e '.[examples]'.
"""

import argparse
import json
import threading
import time
from collections.abc import Iterator

import trio
from flask import Flask, Response, abort, redirect, render_template_string, request, url_for
from werkzeug.serving import make_server
from werkzeug.wrappers import Response as AnyResponse

from client.blocking import Client
from examples.own_broker import given_or_own
from worker import Job, Worker

LOOK_SECONDS = 0.2

FORM = """<!doctype html><title>Newsletter</title>
<form method="post" action="{{ url_for('send') }}">
  <textarea name="text" required placeholder="What is new?"></textarea> <button>Send to all</button>
</form>"""

WATCH = """<!doctype html><title>Newsletter</title>
<progress id="bar" max="1" value="0"></progress> <span id="said">queued</span>
<script>
  const progress = new EventSource("{{ url_for('progress', handle=handle) }}");
  progress.onmessage = (event) => {
    const status = JSON.parse(event.data);
    document.getElementById("bar").value = status.done;
    document.getElementById("said").textContent = status.said;
    if (status.said === "sent") progress.close();
  };
</script>"""


def make_app(client: Client) -> Flask:
    """The application; a client of one process serves all its threads."""
    app = Flask(__name__)

    @app.get("/")
    def form() -> str:
        return render_template_string(FORM)

    @app.post("/letters")
    def send() -> AnyResponse:
        handle = client.submit_background("sendNewsletter", request.form["text"])
        return redirect(url_for("watch", handle=handle.decode()), 303)

    @app.get("/letters/<handle>")
    def watch(handle: str) -> str:
        return render_template_string(WATCH, handle=handle)

    @app.get("/letters/<handle>/progress")
    def progress(handle: str) -> Response:
        if len(handle) > 63:  # as long as a handle may be
            abort(404)
        return Response(events(client, handle), mimetype="text/event-stream")

    return app


def events(client: Client, handle: str) -> Iterator[str]:
    """What a browser's EventSource reads; a line for each change, until the job is over."""
    before = None
    while True:
        status = client.status(handle)
        done = 1.0 if not status.known else status.numerator / max(status.denominator, 1)
        said = "sent" if not status.known else "being sent" if status.running else "queued"
        if (done, said) != before:
            yield f"data: {json.dumps({'done': done, 'said': said})}\n\n"
        if said == "sent":
            return
        before = (done, said)
        time.sleep(LOOK_SECONDS)


worker = Worker(concurrency=4)


@worker.register("sendNewsletter")
async def send_newsletter(job: Job) -> None:
    """In real life it is elsewhere: a program of its own, on a machine that nobody's browser waits for."""
    readers = 10
    for reader in range(readers):
        await job.progress(reader, readers)
        await trio.sleep(0.1)  # here the mail server would be spoken to
    await job.progress(readers, readers)


async def main(port: int, server: str | None) -> None:
    """Serves until Ctrl-C."""
    async with given_or_own(server) as address, trio.open_nursery() as nursery:
        await nursery.start(worker.run, address)
        with Client(address) as client:
            web = make_server("127.0.0.1", port, make_app(client), threaded=True)
            threading.Thread(target=web.serve_forever, daemon=True).start()
            print(f"http://127.0.0.1:{web.server_port}/", flush=True)
            try:
                await trio.sleep_forever()
            finally:
                web.shutdown()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serves a form whose letters are sent by a worker.")
    parser.add_argument(
        "--port", type=int, default=8000, help="of 127.0.0.1; 0 takes a free one (default: %(default)s)"
    )
    parser.add_argument("--server", help="HOST:PORT of a Gearman server (default: a broker of its own)")
    given = parser.parse_args()
    try:
        trio.run(main, given.port, given.server, restrict_keyboard_interrupt_to_checkpoints=True)
    except* KeyboardInterrupt:
        pass  # it is ended so
