#!lua flags=allow-oom
-- leave: a broker has given back all it had in this function and goes for good.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- Returns   "left" | "busy" (something is still its own: let it be fenced)
local incarnation = ARGV[1]
if redis.call("EXISTS", running_key(incarnation), attending_key(incarnation)) > 0 then return "busy" end
redis.call("HDEL", incarnations_key, incarnation)
redis.call("DEL", mailbox_key(incarnation))
return "left"
