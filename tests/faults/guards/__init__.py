"""The table of guards, in files by what they guard against; `tests.faults.mutations` takes each out."""
