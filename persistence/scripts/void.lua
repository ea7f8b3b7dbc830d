#!lua flags=allow-oom
-- void: a broker was handed a job and could not fetch what it is about. If that is truly gone, as under a policy that
-- evicts, the job has failed, and everybody who waits for it hears so by mail, at the asking broker, too.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation
-- ARGV[3]   id
-- ARGV[4]   attempt      which run
-- Returns   "void" (it is over) | "there" (it can be fetched after all) | "gone" (that run is over) | "fenced" | "stale"
-- @include guard record beside run notice listeners mail held unique forget
local incarnation, generation, id, attempt = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local refusal = standing(incarnation, generation)
if refusal then return refusal end
local record, run = redis.call("HGET", jobs_key, id), run_of(id)
if not record or run.owner ~= incarnation or run.attempt ~= attempt then return "gone" end
if not is_beside(record) or has_payload(id) then return "there" end
mail_others(id, "", "failed", "")
forget(id, record, run, "failed")
return "void"
