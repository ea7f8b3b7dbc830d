#!lua flags=allow-oom
-- leave: a broker has given back all it had in this function and goes for good.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation
-- ARGV[2]   keep_seconds how long it is remembered that it is over
-- Returns   "left" | "busy" (something is still its own: let it be fenced)
-- @include guard fade bar notice listeners mail
local incarnation, keep_seconds = ARGV[1], tonumber(ARGV[2])
if redis.call("EXISTS", running_key(incarnation), attending_key(incarnation)) > 0 then return "busy" end
local refusal, entry = standing(incarnation, "0")
if refusal ~= "fenced" then bar(incarnation, entry, keep_seconds) end
drop_mailbox(incarnation)
return "left"
