"""The store against real servers: every verb, repeated, refused, interrupted, and with another broker beside it."""
