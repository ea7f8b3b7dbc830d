"""Random histories: what peers hear when they say anything, in any order, held against the rules of each server.

The dialogues say what is promised, one promise each; these look for what nobody thought of. What a server must answer
is foretold by `rules.py`, once with the habits of gearmand and once with ours: where they differ, and nowhere else,
docs/compatibility.md says why. `python -m tests.dialogues.histories` plays more of them than the tests do.
"""
