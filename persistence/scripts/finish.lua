#!lua flags=allow-oom
-- finish: a run has ended with a result; the job is over. A success is believed from any run as long as the job is
-- not over; a failure only from its latest run.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation
-- ARGV[3]   id
-- ARGV[4]   attempt      which run
-- ARGV[5]   outcome      "completed" | "failed" | "raised"
-- ARGV[6]   payload      the result, for listeners at other brokers
-- ARGV[7]   known        "1" when the payload is given; "" when nobody elsewhere was known to listen
-- Returns   "finished" | "gone" | "superseded" | "heard" (somebody elsewhere listens: come again with the payload)
--           | "fenced" | "stale"
-- @include guard record run notice listeners mail unique forget
local incarnation, generation, id, attempt, outcome, payload, known =
  ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6], ARGV[7]

local refusal = standing(incarnation, generation)
if refusal then return refusal end
local record = redis.call("HGET", jobs_key, id)
if not record then return "gone" end
local run = run_of(id)
if outcome ~= "completed" and run.attempt ~= attempt then return "superseded" end

local joined = redis.call("HGET", listeners_key, id)
if joined and joined ~= incarnation then
  if known ~= "1" then return "heard" end
  mail_others(id, incarnation, outcome, payload)
end
forget(id, record, run, outcome == "completed" and "completed" or "failed")
return "finished"
