"""A program for each library that `bench.libraries` compares. All take the same words and say one line.

usage: PROGRAM VERB HOST PORT FUNCTION JOBS PAYLOAD_BYTES

VERB is `queue` (so many background jobs), `run` (so many jobs, of whoever queued them) or `call` (so many, each of
them waited for). The line is how many seconds that took, from the moment the library was ready.
"""
