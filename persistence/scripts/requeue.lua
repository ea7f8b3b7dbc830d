#!lua flags=allow-oom
-- requeue: runs of this broker ended without a result; their jobs go back, or are over.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation
-- ARGV[3]   manner       "suspect" (to the tail, charged) | "house" (to the head, not charged)
-- ARGV[4]   limit        attempts at most; below 0 for no end
-- ARGV[5..] runs         pairs of id and attempt, newest claim first
-- Returns   "fenced" | "stale" | {"returned", then per run "requeued" | "dead" | "dropped" | "gone"}
-- @include guard record run notice queue listeners mail held unique forget remains requeue
local incarnation, generation, manner, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local refusal = standing(incarnation, generation)
if refusal then return refusal end
local answer = { "returned" }
for at = 5, #ARGV, 2 do
  local id, attempt = ARGV[at], tonumber(ARGV[at + 1])
  local record, run = redis.call("HGET", jobs_key, id), run_of(id)
  if record and run.owner == incarnation and run.attempt == attempt then
    answer[#answer + 1] = requeue(id, record, run, manner, limit)
  else
    answer[#answer + 1] = "gone"
  end
end
return answer
