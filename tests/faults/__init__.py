"""Faults on purpose: brokers killed, connections cut, and a ledger outside that says what must not happen."""
