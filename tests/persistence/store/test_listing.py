"""Listings: every job and every unique, page by page."""

import time

from persistence.listing import MOST_JOBS, PAGE_RECORD_BYTES, ListedJob, RecordPages, UniquePages
from persistence.records import JobId
from tests.persistence.store.standin import FUNCTION, Standin


async def all_jobs(pages: RecordPages[ListedJob]) -> list[list[ListedJob]]:
    read = []
    while (page := await pages.jobs()) is not None:
        read.append(page)
    return read


async def all_uniques(pages: UniquePages) -> list[bytes]:
    read: list[bytes] = []
    while (page := await pages.uniques()) is not None:
        read += page
    return read


async def submit_many(broker: Standin, count: int, payload: bytes = b"x") -> set[JobId]:
    answers = [broker.submit_soon(payload, unique=b"%d %b" % (at, payload[:8])) for at in range(count)]
    await broker.settled()
    return {answer[0].id for answer in answers}


async def test_a_function_that_nobody_knows_has_one_empty_page(broker: Standin) -> None:
    assert await all_jobs(broker.store.listing.jobs(b"nobody knows it")) == [[]]
    assert await all_uniques(broker.store.listing.uniques(b"nobody knows it")) == []


async def test_what_is_queued_delayed_running_or_retried_is_listed_with_what_is_known_of_it(broker: Standin) -> None:
    retried = await broker.submit(unique=b"u")
    await broker.requeue(await broker.claim())
    running = await broker.submit(background=False)
    delayed = await broker.submit(run_at=int(time.time()) + 1000)
    ended = await broker.submit()
    jobs = {job.id: job for job in [await broker.claim() for _ in range(3)]}
    await broker.finish(jobs[ended.id])
    abandoned = await broker.submit(background=False)
    jobs[abandoned.id] = await broker.claim()
    await broker.detach(abandoned.id)
    (page,) = await all_jobs(broker.store.listing.jobs(FUNCTION))
    assert sorted(page) == sorted(
        [
            ListedJob(broker.handle(retried.id), 1, b"background"),
            ListedJob(broker.handle(running.id), 0, b"waited for"),
            ListedJob(broker.handle(delayed.id), 0, b"background"),
            ListedJob(broker.handle(abandoned.id), 0, b"abandoned"),
        ]
    )


async def test_many_jobs_are_on_pages_of_bounded_length(broker: Standin) -> None:
    submitted = await submit_many(broker, 3000)
    pages = await all_jobs(broker.store.listing.jobs(FUNCTION))
    assert {job.handle for page in pages for job in page} == {broker.handle(job) for job in submitted}
    assert len(pages) > 3000 / MOST_JOBS
    assert max(map(len, pages)) < 2 * MOST_JOBS
    assert sorted(await all_uniques(broker.store.listing.uniques(FUNCTION))) == sorted(
        b"%d x" % at for at in range(3000)
    )


async def test_large_jobs_make_short_pages(broker: Standin) -> None:
    payload = bytes(PAGE_RECORD_BYTES // 5)
    submitted = await submit_many(broker, 200, payload)
    pages = await all_jobs(broker.store.listing.jobs(FUNCTION))
    assert {job.handle for page in pages for job in page} == {broker.handle(job) for job in submitted}
    assert max(map(len, pages)) < 50


async def test_what_stays_is_listed_whatever_comes_and_goes_meanwhile(broker: Standin) -> None:
    await submit_many(broker, 1000)
    claimed = [await broker.claim() for _ in range(500)]
    staying = await submit_many(broker, 1000, b"other")
    pages = broker.store.listing.jobs(FUNCTION)
    listed: set[bytes] = set()
    while (page := await pages.jobs()) is not None:
        listed.update(job.handle for job in page)
        for _ in range(min(50, len(claimed))):
            await broker.finish(claimed.pop())
        await broker.submit(b"new")
    assert listed >= {broker.handle(job) for job in staying}


async def test_a_listing_that_is_given_up_asks_for_one_more_page_at_most(broker: Standin) -> None:
    await submit_many(broker, 1000)
    pages = broker.store.listing.jobs(FUNCTION)
    before = broker.store.bulk.statistics().commands
    await pages.next()
    await broker.settled()
    assert broker.store.bulk.statistics().commands - before == 2
