"""Programs and libraries that nobody here wrote, against our broker and against gearmand.

A test that passes on gearmand too expects what those programs rely on, and not what we happen to do.
"""
