#!lua flags=no-writes
-- status_unique: what is known of the job that holds a unique.
-- KEYS[1]   tag of the function
-- ARGV[1]   unique
-- Returns   "unknown" | {"waiting" or "running", id, numerator, denominator, listeners}
-- @include run
local unique = ARGV[1]
local id = redis.call("HGET", uniques_key, unique)
if not id then return "unknown" end
local run = run_of(id)
local joined = redis.call("HGET", listeners_key, id) or ""
return { run.owner == "" and "waiting" or "running", id, run.numerator, run.denominator, joined }
