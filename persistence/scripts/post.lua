#!lua flags=allow-oom
-- post: what a running job says on its way, to every listening broker but the one that runs it.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation
-- ARGV[3]   id
-- ARGV[4]   attempt      which run
-- ARGV[5]   piece        a number that rises; one not above the last is a repeat, and posted already
-- ARGV[6]   kind         "data" | "warning" | "status"
-- ARGV[7]   payload
-- Returns   "posted" | "superseded" | "fenced" | "stale"
-- @include guard run notice listeners mail
local incarnation, generation, id, attempt = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local piece, kind, payload = tonumber(ARGV[5]), ARGV[6], ARGV[7]

local refusal = standing(incarnation, generation)
if refusal then return refusal end
local run = run_of(id)
if run.owner ~= incarnation or run.attempt ~= attempt then return "superseded" end
if piece <= run.said then return "posted" end
mail_others(id, incarnation, kind, payload)
run.said = piece
keep_run(id, run)
return "posted"
