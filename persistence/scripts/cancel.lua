#!lua flags=allow-oom
-- cancel: an operator ends a job, whatever it is about. Who waits for it elsewhere is told by mail that it failed, who
-- runs it by a notice. What is kept of one that was given up goes for good. A repeat finds nothing.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation  of the broker that asks; it tells its own clients itself
-- ARGV[2]   id
-- Returns   "cancelled" | "unknown"
-- @include record run notice listeners mail held unique forget remains
local incarnation, id = ARGV[1], ARGV[2]

local record = redis.call("HGET", jobs_key, id)
if not record then
  local remains = redis.call("HGET", remains_key, id)
  if not remains then return "unknown" end
  if is_beside(record_in(remains)) then redis.call("UNLINK", payload_key(id)) end
  if take_remains(id) then redis.call("HINCRBY", function_key, "dropped", 1) end
  return "cancelled"
end
local run = run_of(id)
mail_others(id, incarnation, "failed", "")
-- Not a counter of its own: what runs is computed from these, by brokers of every release.
forget(id, record, run, "dropped")
if run.owner ~= "" then tell("c" .. id) end
return "cancelled"
