"""The web application: a letter is queued by a form, and its way is told to the browser to its end."""

import json
import sys

import httpx

from tests.processes import BrokerProcess
from tests.programs import open_program


async def test_a_letter_is_queued_and_watched(broker: BrokerProcess) -> None:
    async with open_program(
        sys.executable, "-m", "examples.web_view", "--port", "0", "--server", broker.address
    ) as program:
        url = await program.wait_line("http://127.0.0.1:")
        async with httpx.AsyncClient(base_url=url, timeout=30) as browser:
            assert 'action="/letters"' in (await browser.get("/")).text
            queued = await browser.post("/letters", data={"text": "news"})
            assert queued.status_code == 303
            watched = queued.headers["location"]
            assert watched.startswith("/letters/H:")
            assert f'EventSource("{watched}/progress")' in (await browser.get(watched)).text
            told = await browser.get(f"{watched}/progress")
    events = [json.loads(line.removeprefix("data: ")) for line in told.text.splitlines() if line]
    assert told.headers["content-type"].startswith("text/event-stream")
    assert events[-1] == {"done": 1.0, "said": "sent"}
    assert {"queued", "being sent"} & {event["said"] for event in events[:-1]}
    assert sorted(event["done"] for event in events) == [event["done"] for event in events]
