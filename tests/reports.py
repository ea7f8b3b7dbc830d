"""What is reported of a test can be sent and printed: what strangers say to a broker need not be."""

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write out the surrogates in what was captured: pytest-xdist could not send it, and would give up all tests."""
    report = yield
    report.sections = [(title, text.encode(errors="backslashreplace").decode()) for title, text in report.sections]
    return report
