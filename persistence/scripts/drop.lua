#!lua flags=allow-oom
-- drop: forget a function that holds no job: its name, its limits, its counters. What is needed to recognise a repeat
-- stays for a day, dead jobs and unread mail for as long as they would have stayed.
-- KEYS[1]   tag of the function
-- Returns   "dropped" | "unknown" | "busy"
-- @include fade
if redis.call("EXISTS", jobs_key) == 1 then return "busy" end
if redis.call("HEXISTS", function_key, "name") == 0 then return "unknown" end
redis.call("DEL", function_key)
for priority = 0, 2 do redis.call("UNLINK", queue_key(priority), swept_key(priority)) end
fade()
return "dropped"
