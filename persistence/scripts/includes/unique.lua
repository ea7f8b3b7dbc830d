-- unique: which job holds a unique of this function (see held).

-- The id, or false.
local function holder_of(unique) return unique ~= "" and id_in(redis.call("HGET", uniques_key, unique)) end

-- All that one script stores is of one moment.
local moment
local function holding_now(id)
  if not moment then
    local time = redis.call("TIME")
    moment = struct.pack(STAMP, time[1] * 1000000 + time[2])
  end
  return moment .. id
end

local function hold(unique, id) redis.call("HSET", uniques_key, unique, holding_now(id)) end

-- A small hash is a list to Redis, and each look into it goes through it, up to `hash-max-listpack-entries`: with some
-- hundred uniques a job costs Redis a sixth more. It is none any more, until it is empty, once a field was longer than
-- `hash-max-listpack-value`. No job has a unique of that length: 64 bytes are the most.
local MANY_UNIQUES = 32
local TOO_LONG_FOR_A_LIST = string.rep("-", 65)

-- So many jobs were queued, and so many are now: whether it is the moment to do so.
local function stop_listing_uniques(length, count)
  if length >= MANY_UNIQUES and length - count < MANY_UNIQUES and redis.call("EXISTS", uniques_key) == 1 then
    redis.call("HSET", uniques_key, TOO_LONG_FOR_A_LIST, "")
    redis.call("HDEL", uniques_key, TOO_LONG_FOR_A_LIST)
  end
end

local function release(unique, id)
  if holder_of(unique) == id then redis.call("HDEL", uniques_key, unique) end
end
