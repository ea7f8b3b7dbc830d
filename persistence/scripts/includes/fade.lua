-- fade: what is noted of the brokers of a function that nobody knows (it was dropped, or lost with all of Redis) is
-- needed for as long as something that was sent before may arrive. Who introduces the function again makes it stay.
local UNKNOWN_SECONDS = 86400

local function fade()
  if redis.call("HEXISTS", function_key, "name") == 0 then redis.call("EXPIRE", incarnations_key, UNKNOWN_SECONDS) end
end
