"""The Gearman protocol as conversations, held with our broker and with Debian's gearmand.

Read `subjects/` as the specification, `notation.py` for how it is written down.
"""
