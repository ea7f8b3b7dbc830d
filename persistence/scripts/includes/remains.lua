-- remains: what is kept of a job that was given up: attempts (every claim counts), charged (see run), and its record. Its
-- payload stays where it is.
local REMAINS = ">I4I2"
local REMAINS_LENGTH = 6

local function attempts_in(remains) return (struct.unpack(REMAINS, remains)) end
local function record_in(remains) return string.sub(remains, REMAINS_LENGTH + 1) end

local function keep_remains(id, record, run)
  redis.call("ZADD", dead_key, redis.call("TIME")[1], id)
  redis.call("HSET", remains_key, id, struct.pack(REMAINS, run.attempt, run.charged) .. record)
end

-- Returns whether it was counted among the dead: one of a function that was dropped since is not, for the counters went.
local function take_remains(id)
  redis.call("ZREM", dead_key, id)
  redis.call("HDEL", remains_key, id)
  if tonumber(redis.call("HGET", function_key, "dead") or 0) < 1 then return false end
  redis.call("HINCRBY", function_key, "dead", -1)
  return true
end
