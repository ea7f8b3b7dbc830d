#!lua flags=allow-oom
-- attend: clients of this broker wait for these jobs; after a reconnect, for it may be a new incarnation, or Redis may
-- have come back with older data. Who runs one of them elsewhere may have begun when nobody listened, so it is told.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   generation
-- ARGV[3..] ids
-- Returns   "fenced" | "stale" | {"attended", then the ids of those that are gone}
-- @include guard run notice listeners
local incarnation, generation = ARGV[1], ARGV[2]

local refusal = standing(incarnation, generation)
if refusal then return refusal end
local answer = { "attended" }
for at = 3, #ARGV do
  local id = ARGV[at]
  if redis.call("HEXISTS", jobs_key, id) == 0 then answer[#answer + 1] = id
  elseif attach(id, incarnation) then
    local owner = run_of(id).owner
    if owner ~= "" and owner ~= incarnation then tell("a" .. id) end
  end
end
return answer
