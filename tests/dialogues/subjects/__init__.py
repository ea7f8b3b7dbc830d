"""The dialogues, a file for each subject. How they are written down stands in `tests/dialogues/notation.py`."""
