"""The text protocol: lines by which people and monitors ask, and operators steer. `commands` is the table."""
