#!lua flags=allow-oom
-- limit: how many jobs a function may hold, by the priority of the one that is submitted. A script, because the plain
-- command is refused at maxmemory, where a limit is wanted most.
-- KEYS[1]   tag of the function
-- ARGV[1]   limits       "<high> <normal> <low>", 0 for none; "" lifts them all
-- Returns   "limited" | "lifted"
local limits = ARGV[1]
if limits == "" then
  redis.call("HDEL", function_key, "limits")
  return "lifted"
end
redis.call("HSET", function_key, "limits", limits)
return "limited"
