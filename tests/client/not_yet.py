"""Admin commands that our broker does not have yet; each is a strict xfail, so a line goes when its command comes."""

from typing import Final

__all__ = ["NOT_YET"]

NOT_YET: Final = frozenset(
    {
        "test_cancel_job_takes_a_queued_job_away",
        "test_create_and_drop_function",
        "test_drop_function_is_refused_while_there_is_a_worker",
        "test_getpid",
        "test_maxqueue_refuses_what_is_too_much",
        "test_prioritystatus_counts_queued_jobs_by_priority",
        "test_show_jobs",
        "test_show_unique_jobs",
        "test_verbose",
        "client.Admin.cancel_job",
        "client.Admin.create_function",
        "client.Admin.drop_function",
        "client.Admin.getpid",
        "client.Admin.maxqueue",
        "client.Admin.prioritystatus",
        "client.Admin.show_jobs",
        "client.Admin.show_unique_jobs",
        "client.Admin.verbose",
    }
)
"""Tests of tests/client/test_admin.py, and names whose docstring's example tests/docstrings runs."""
