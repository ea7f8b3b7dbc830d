#!lua flags=no-writes
-- holder: what is known of the job of a function that holds a unique.
-- KEYS[1]   tag of the function
-- ARGV[1]   unique
-- Returns   "unknown" | {"waiting" or "running", since (7 bytes; the greater, the newer), id, numerator, denominator,
--           listeners}
-- @include held run
local unique = ARGV[1]

local held = redis.call("HGET", uniques_key, unique)
if not held then return "unknown" end
local id = id_in(held)
local run = run_of(id)
local listeners = redis.call("HGET", listeners_key, id) or ""
local since = string.sub(held, 1, STAMP_LENGTH)
return { run.owner == "" and "waiting" or "running", since, id, run.numerator, run.denominator, listeners }
