#!lua flags=allow-oom
-- probe: try every command the scripts use, on keys nobody else uses, so that a user who may not is found out before
-- the first job: a command that is refused in the middle of a script leaves the first half of it done.
-- KEYS[1]   tag of no function
-- Returns   "allowed"
-- @include notice
redis.call("TIME")
redis.call("HSET", function_key, "a", 1)
redis.call("HINCRBY", function_key, "a", 1)
redis.call("HGET", function_key, "a")
redis.call("HMGET", function_key, "a", "b")
redis.call("HGETALL", function_key)
redis.call("HKEYS", function_key)
redis.call("HEXISTS", function_key, "a")
redis.call("HDEL", function_key, "b")
redis.call("RPUSH", queue_key(0), "a")
redis.call("LPUSH", queue_key(0), "b")
redis.call("LLEN", queue_key(0))
redis.call("LRANGE", queue_key(0), 0, 0)
redis.call("RENAME", queue_key(0), queue_key(1))
redis.call("LPOP", queue_key(1))
redis.call("ZADD", scheduled_key, 1, "a")
redis.call("ZCARD", scheduled_key)
redis.call("ZRANGE", scheduled_key, 0, 0)
redis.call("ZREVRANGE", scheduled_key, 0, 0)
redis.call("ZRANGEBYSCORE", scheduled_key, 0, 0)
redis.call("ZREM", scheduled_key, "a")
redis.call("SADD", attending_key(""), "a")
redis.call("SCARD", attending_key(""))
redis.call("SRANDMEMBER", attending_key(""), 1)
redis.call("SREM", attending_key(""), "a")
redis.call("XADD", mailbox_key(""), "*", "a", "")
redis.call("XLEN", mailbox_key(""))
redis.call("XTRIM", mailbox_key(""), "MAXLEN", 0)
redis.call("SETNX", dead_key, "a")
redis.call("EXISTS", dead_key)
redis.call("DEL", function_key, queue_key(1), mailbox_key(""), dead_key)
tell("")
return "allowed"
