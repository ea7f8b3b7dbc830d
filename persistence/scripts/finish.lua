#!lua flags=allow-oom
-- finish: runs have ended with a result; the jobs are over. A success is believed from any run as long as the job is
-- not over; a failure only from its latest run.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation
-- ARGV[3..] ends         six each:
--             id, attempt (which run), outcome ("completed" | "failed" | "raised"), unique (of the job, "" for none),
--             payload (the result, for listeners at other brokers),
--             known: "1" when the payload is given, "" when nobody elsewhere was known to listen; with a "b" behind
--             it when what the job was about is a key of its own
-- Returns   "fenced" | "stale"
--           | {"ended", then for each "finished" | "gone" | "superseded" | "heard"}
--             heard: somebody elsewhere listens; come again with the payload
-- @include guard run joined held ended
local incarnation, generation = ARGV[1], ARGV[2]

local refusal = standing(incarnation, generation)
if refusal then return refusal end

local ids, answer = {}, { "ended" }
for at = 3, #ARGV, 6 do
  ids[#ids + 1] = ARGV[at]
  answer[#answer + 1] = "finished"
end
local others = ended(ids, incarnation, ARGV)
if #others == 0 then return answer end

-- @include record notice listeners mail unique forget
local function finish(id, attempt, outcome, payload, known)
  local record = redis.call("HGET", jobs_key, id)
  if not record then return "gone" end
  local run = run_of(id)
  if outcome ~= "completed" and run.attempt ~= attempt then return "superseded" end
  local joined = redis.call("HGET", listeners_key, id)
  if joined and joined ~= incarnation then
    -- 49 is "1".
    if string.byte(known) ~= 49 then return "heard" end
    mail_others(id, incarnation, outcome, payload)
  end
  forget(id, record, run, outcome == "completed" and "completed" or "failed")
  return "finished"
end

for _, place in ipairs(others) do
  local at = 6 * place - 3
  answer[place + 1] = finish(ids[place], tonumber(ARGV[at + 1]), ARGV[at + 2], ARGV[at + 4], ARGV[at + 5])
end
return answer
