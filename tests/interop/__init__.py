"""Programs that nobody here wrote (PHP, libgearman's commands) against our broker and against gearmand.

A test that passes on gearmand too expects what those programs rely on, and not what we happen to do.
"""
