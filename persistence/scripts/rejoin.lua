#!lua flags=allow-oom
-- rejoin: after a reconnect. Whatever the old connection may still deliver is refused from now on, and the broker learns
-- what Redis believes it runs. In steps: called again, each time from where the last one ended.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation   the new one
-- ARGV[3]   before       only runs of claims below this number; "" for the newest
-- ARGV[4]   most         runs to tell of
-- Returns   "fenced" | "stale"
--           | {running: {id, attempt, listeners, ...} newest claim first, rest: the `before` of the next step, "" when
--              there is none, known: whether the function is}
-- @include guard fade run
local incarnation, generation, before, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local refusal, entry = standing(incarnation, generation)
if refusal then return refusal end
local numbers = entry and string.match(entry, "^%d+ (.*)$") or "0"
redis.call("HSET", incarnations_key, incarnation, generation .. " " .. numbers)
fade()

local below = before == "" and "+inf" or "(" .. before
local claims = redis.call(
  "ZRANGE", running_key(incarnation), below, "-inf", "BYSCORE", "REV", "LIMIT", 0, most, "WITHSCORES")
local running = {}
for at = 1, #claims, 2 do
  local id = claims[at]
  running[#running + 1] = id
  running[#running + 1] = run_of(id).attempt
  running[#running + 1] = redis.call("HGET", listeners_key, id) or ""
end
local rest = #claims == 2 * most and claims[#claims] or ""
return { running, rest, redis.call("HEXISTS", function_key, "name") }
