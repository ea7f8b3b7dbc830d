"""Measurements to repeat: one scenario per file, one question each. The README says what they cannot tell."""
