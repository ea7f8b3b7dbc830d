"""The wire: bytes to packets and back, whole, in pieces, cut short and spoilt."""
