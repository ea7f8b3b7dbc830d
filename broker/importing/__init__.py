"""``python -m broker import``: take over the queue that a gearmand left in SQLite or Redis.

`command` is the way from words to an exit status, `moving` takes the jobs from there to here, `tally` says what came
of it. How gearmand writes its queue is known in `persistence.gearmand`, how a job is taken over once and not twice in
`persistence.adopting`.
"""
