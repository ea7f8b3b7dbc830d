"""The library `pygearman`; see `bench.programs`."""

import sys
import time

import gearman

VERB, HOST, PORT, FUNCTION = sys.argv[1:5]
JOBS, PAYLOAD = int(sys.argv[5]), "x" * int(sys.argv[6])


class CountingWorker(gearman.GearmanWorker):
    """It ends after so many jobs."""

    left = JOBS

    def on_job_complete(self, current_job: gearman.job.GearmanJob, job_result: str) -> bool:
        done = super().on_job_complete(current_job, job_result)
        self.left -= 1
        return done

    def after_poll(self, any_activity: bool) -> bool:
        return self.left > 0


def run(server: str) -> float:
    worker = CountingWorker([server])
    worker.register_task(FUNCTION.encode(), lambda worker, job: job.data)
    began = time.perf_counter()
    worker.work(poll_timeout=1.0)
    return began


def ask(server: str, background: bool) -> float:
    client = gearman.GearmanClient([server])
    client.establish_connection(client.connection_list[0])
    began = time.perf_counter()
    for _ in range(JOBS):
        request = client.submit_job(
            FUNCTION, PAYLOAD, background=background, wait_until_complete=not background, poll_timeout=60.0
        )
        assert request.state == (gearman.JOB_CREATED if background else gearman.JOB_COMPLETE), request.state
    return began


began = run(f"{HOST}:{PORT}") if VERB == "run" else ask(f"{HOST}:{PORT}", VERB == "queue")
print(time.perf_counter() - began)
