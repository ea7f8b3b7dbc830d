#!lua flags=allow-oom
-- post: what a running job says on its way, to every listening broker but the one that runs it.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation
-- ARGV[3]   id
-- ARGV[4]   attempt      which run
-- ARGV[5]   kind         "data" | "warning" | "status"
-- ARGV[6]   payload
-- Returns   "posted" | "superseded" | "fenced" | "stale"
-- @include guard run notice listeners
local incarnation, generation, id, attempt, kind, payload = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]

local refusal = standing(incarnation, generation)
if refusal then return refusal end
local run = run_of(id)
if run.owner ~= incarnation or run.attempt ~= attempt then return "superseded" end
mail_others(id, incarnation, kind, payload)
return "posted"
