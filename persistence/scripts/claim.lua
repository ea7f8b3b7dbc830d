#!lua flags=allow-oom
-- claim: hand the oldest jobs of the best priority to a broker. Never repeated: what an answer lost is given back.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation
-- ARGV[3]   number       the first claim number; further jobs of this call take the next ones
-- ARGV[4]   lowest       the lowest priority that may be handed out (0 high, 1 normal, 2 low)
-- ARGV[5]   count        how many jobs at most
-- ARGV[6]   room         the bytes up to which a record is answered whole
-- Returns   "fenced" | "stale"
--           | {"claimed", empty, left, then per job: id, attempt, listeners, "whole" or "fetch", record}
--             empty: bit 2^priority set for each queue found empty; left: ids left in the queue last looked at
-- @include guard record run joined notice queue claim
local incarnation, generation, number, lowest, count, room =
  ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local refusal = standing(incarnation, generation)
if refusal then return refusal end

local answer = { "claimed", 0, 0 }
local taken = 0
for priority = 0, lowest do
  local more, empty = take(incarnation, number + taken, priority, count - taken, room, answer)
  taken = taken + more
  if taken < count and not empty then
    answer[3] = 1
    return answer
  end
  local left = empty and 0 or redis.call("LLEN", queue_key(priority))
  if left == 0 then answer[2] = answer[2] + 2 ^ priority end
  if taken == count then
    answer[3] = left
    return answer
  end
end
return answer
