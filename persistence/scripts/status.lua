#!lua flags=no-writes
-- status: what is known of a job.
-- KEYS[1]   tag of the function
-- ARGV[1]   id
-- Returns   "unknown" | {"waiting" or "running", numerator, denominator}
-- @include run
local id = ARGV[1]
if redis.call("HEXISTS", jobs_key, id) == 0 then return "unknown" end
local run = run_of(id)
return { run.owner == "" and "waiting" or "running", run.numerator, run.denominator }
