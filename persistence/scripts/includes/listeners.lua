-- listeners: the incarnations at which clients wait for a job, joined (each is of the same length). Kept both ways
-- round, so that a lost broker's can be found.
local INCARNATION_LENGTH = 7

local function each_listener(joined)
  local at = 1 - INCARNATION_LENGTH
  return function()
    at = at + INCARNATION_LENGTH
    if at > #joined then return nil end
    return string.sub(joined, at, at + INCARNATION_LENGTH - 1)
  end
end

local function hears(joined, incarnation)
  for listener in each_listener(joined) do
    if listener == incarnation then return true end
  end
  return false
end

local function attach(id, incarnation)
  local joined = redis.call("HGET", listeners_key, id) or ""
  if hears(joined, incarnation) then return false end
  redis.call("HSET", listeners_key, id, joined .. incarnation)
  redis.call("SADD", attending_key(incarnation), id)
  return true
end

-- Returns how many brokers still listen.
local function detach(id, incarnation)
  redis.call("SREM", attending_key(incarnation), id)
  local joined = redis.call("HGET", listeners_key, id)
  if not joined then return 0 end
  local rest = {}
  for listener in each_listener(joined) do
    if listener ~= incarnation then rest[#rest + 1] = listener end
  end
  if #rest == 0 then redis.call("HDEL", listeners_key, id)
  else redis.call("HSET", listeners_key, id, table.concat(rest)) end
  return #rest
end
