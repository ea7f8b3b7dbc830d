#!lua flags=allow-oom
-- cancel: an operator ends a job, whatever it is about. Who waits for it elsewhere is told by mail that it failed, who
-- runs it by a notice. A repeat finds nothing.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation  of the broker that asks; it tells its own clients itself
-- ARGV[2]   id
-- Returns   "cancelled" | "unknown"
-- @include record run notice listeners mail held unique forget
local incarnation, id = ARGV[1], ARGV[2]

local record = redis.call("HGET", jobs_key, id)
if not record then return "unknown" end
local run = run_of(id)
mail_others(id, incarnation, "failed", "")
-- Not a counter of its own: what runs is computed from these, by brokers of every release.
forget(id, record, run, "dropped")
if run.owner ~= "" then tell("c" .. id) end
return "cancelled"
