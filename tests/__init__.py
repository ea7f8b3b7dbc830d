"""The tests; each package is one layer or one kind of proof."""
