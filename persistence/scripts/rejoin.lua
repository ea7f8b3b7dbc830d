#!lua flags=allow-oom
-- rejoin: after a reconnect. Whatever the old connection may still deliver is refused from now on; the broker learns
-- what Redis believes it runs, and listens again to what its clients wait for. Who runs one of those elsewhere may have
-- begun when nobody listened, so it is told.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation   the new one
-- ARGV[3..] ids          jobs that clients here wait for
-- Returns   "fenced" | "stale"
--           | {running: {id, attempt, listeners, ...} newest claim first, gone: {id, ...} of those waited for,
--              known: whether the function is}
-- @include guard fade run notice listeners
local incarnation, generation = ARGV[1], ARGV[2]

local refusal, entry = standing(incarnation, generation)
if refusal then return refusal end
local numbers = entry and string.match(entry, "^%d+ (.*)$") or "0"
redis.call("HSET", incarnations_key, incarnation, generation .. " " .. numbers)
fade()

local running = {}
for _, id in ipairs(redis.call("ZREVRANGE", running_key(incarnation), 0, -1)) do
  running[#running + 1] = id
  running[#running + 1] = run_of(id).attempt
  running[#running + 1] = redis.call("HGET", listeners_key, id) or ""
end
local gone = {}
for at = 3, #ARGV do
  local id = ARGV[at]
  if redis.call("HEXISTS", jobs_key, id) == 0 then gone[#gone + 1] = id
  elseif attach(id, incarnation) then
    local owner = run_of(id).owner
    if owner ~= "" and owner ~= incarnation then tell("a" .. id) end
  end
end
return { running, gone, redis.call("HEXISTS", function_key, "name") }
