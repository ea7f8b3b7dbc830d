#!lua
-- enqueue: store a job, or join the one that holds its unique; then, if a worker sleeps at this broker, hand out
-- the oldest job of the function. Safe to repeat: a number not above the highest known stores nothing. The payload of
-- a large job has been handed in before, beside the record.
-- Many at a time, each answered by itself.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation   0: this incarnation is over and only asks whether this submit of it was stored
-- ARGV[3]   number       counts this incarnation's submits to this function, from 1
-- ARGV[4]   floor        every number below it has been answered, so gaps below are forgotten
-- ARGV[5]   id
-- ARGV[6]   record
-- ARGV[7]   run_at       unix seconds, or "" for at once
-- ARGV[8]   waits        "1" when the submitter waits for the end
-- ARGV[9]   handoff      a claim number, or "" when no worker sleeps here
-- ARGV[10]  room         the bytes up to which a record is handed out whole
-- Returns   "queued" | "scheduled" | "full" | "gone" (a repeat whose job is over) | "fenced" | "stale"
--           | "unmet" (nobody knows this function: introduce it and come again)
--           | "bare" (the payload is not there: hand in both again)
--           | {"joined", id, "running" or "waiting"}
--           | {"handed" or "limited", id, attempt, listeners, "whole" or "fetch", record}
--             limited: handed, too, and the next may find the function full
-- @each     number id record run_at waits handoff
-- @include  guard record beside held unique run joined notice queue claim numbers together
-- @first    together
-- @include  gaps listeners join
local incarnation, generation, number, floor = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local id, record, run_at, waits, handoff, room = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], tonumber(ARGV[10])

local refusal, entry = standing(incarnation, generation)
if generation == "0" then refusal = "fenced" end
if refusal == "stale" then return refusal end
local highest, gaps = numbers_of(entry)
local repeated = number <= highest and not within(gaps, number)
local unique, beside = unique_of(record), is_beside(record)
if repeated and beside then discard_payload(id) end
if repeated then return answer_repeat(id, unique, incarnation, refusal and "" or waits) end
if refusal then
  if generation == "0" then let_no_more_come(incarnation, entry) end
  return refusal
end
local known = redis.call("HMGET", function_key, "name", "limits")
if not known[1] then return "unmet" end

local holder = holder_of(unique)
local full = not holder and is_full(known[2], priority_of(record))
if beside and (holder or full) then discard_payload(id) end
if full then return "full" end
if beside and not holder and not has_payload(id) then return "bare" end
redis.call("HSET", incarnations_key, incarnation, advanced(generation, highest, gaps, number, floor))
if holder then return join(holder, record, incarnation, waits) end

redis.call("HSET", jobs_key, id, record)
if beside then keep_payload(id) end
if unique ~= "" then hold(unique, id) end
if waits == "1" then attach(id, incarnation) end
redis.call("HINCRBY", function_key, "submitted", 1)
if run_at ~= "" and tonumber(run_at) > tonumber(redis.call("TIME")[1]) then
  schedule(id, run_at)
  return "scheduled"
end

local priority = priority_of(record)
local length = push(id, priority)
if handoff ~= "" then
  for level = 0, 2 do
    local answer = { known[2] and "limited" or "handed" }
    local taken, empty = take(incarnation, tonumber(handoff), level, 1, room, answer)
    if taken > 0 then
      if level ~= priority then announce(priority, length, 1) end
      return answer
    end
    if not empty then break end
  end
end
announce(priority, length, 1)
stop_listing_uniques(length, 1)
return "queued"
