"""``python -m client``: what the `gearman` command does, and more, for terminals, for pipes and for programs.

Where the output is a terminal, `watch`, `top` and `call` draw with rich; everywhere else they write plain lines, or
with ``--json`` one JSON object a line, and need nothing but the client.
"""
