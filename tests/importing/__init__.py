"""The import of a queue that a real gearmand left behind, by `python -m broker import`, and what workers get of it."""
