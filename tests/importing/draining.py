"""Workers of imported jobs."""

from protocol import GrabJobAll, JobAssignUniq, NoJob, WorkComplete
from tests.broker.peers import open_peer
from tests.processes import ServerProcess


async def drain(server: ServerProcess, *functions: bytes, most: int | None = None) -> list[JobAssignUniq]:
    """Do what there is to do, in its order; at most so many jobs."""
    jobs: list[JobAssignUniq] = []
    async with open_peer((server.host, server.port)) as worker:
        await worker.can_do(*functions)
        while most is None or len(jobs) < most:
            job = await worker.ask(GrabJobAll())
            if job == NoJob():
                break
            assert isinstance(job, JobAssignUniq)
            jobs.append(job)
            await worker.say(WorkComplete(job.handle, b""))
        assert await worker.heard() == []
    return jobs
