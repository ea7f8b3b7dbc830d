"""How `make docs` builds the pages: MyST for the pages, autodoc and napoleon for what the docstrings say."""

import re
from importlib.metadata import version as installed

from sphinx.application import Sphinx

project = "trio-gearman"
author = "trio-gearman contributors"
release = version = installed("trio-gearman")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"trio-gearman {version}"

myst_heading_anchors = 3
default_role = "py:obj"  # the docstrings' `single` backticks: a link where there is something to link to
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_use_ivar = True  # an "Attributes:" section and the attributes' own docstrings are not told twice

EXAMPLE = re.compile(r"^Example:$")


def show_examples_as_code(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """What stands under ``Example:`` is code; napoleon would take it for prose."""
    code = next((number for number, line in enumerate(lines) if EXAMPLE.match(line)), None)
    if code is not None:
        lines[code : code + 1] = [".. rubric:: Example", "", ".. code-block:: python", ""]


def setup(app: Sphinx) -> None:
    """Called by Sphinx; the hook must come before napoleon's, whose priority is 500."""
    app.connect("autodoc-process-docstring", show_examples_as_code, priority=400)
