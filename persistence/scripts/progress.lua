#!lua flags=allow-oom
-- progress: remember how far a running job has come. The latest wins.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation
-- ARGV[3]   id
-- ARGV[4]   attempt      which run
-- ARGV[5]   numerator
-- ARGV[6]   denominator
-- Returns   "noted" | "superseded" | "fenced" | "stale"
-- @include guard run
local incarnation, generation, id, attempt, numerator, denominator =
  ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local refusal = standing(incarnation, generation)
if refusal then return refusal end
local run = run_of(id)
if run.owner ~= incarnation or run.attempt ~= attempt then return "superseded" end
run.numerator, run.denominator = numerator, denominator
keep_run(id, run)
return "noted"
