#!lua flags=allow-oom
-- renew: a broker raises its presence, and says of itself what others may know. A script, because the plain commands
-- are refused at maxmemory.
-- KEYS[1]   root of the prefix
-- ARGV[1]   incarnation
-- ARGV[2]   description
-- ARGV[3]   schema       the version of it, written down where none is, as after Redis was emptied
-- Returns   how often this presence was raised by now
local incarnation, description, schema = ARGV[1], ARGV[2], ARGV[3]
redis.call("SETNX", schema_key, schema)
redis.call("HSET", brokers_key, incarnation, description)
return redis.call("HINCRBY", beats_key, incarnation, 1)
