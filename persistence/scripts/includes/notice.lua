-- notice: tell every broker that listens on the function's channel. A notice is one letter and what it concerns:
--   q<priority><count>  so many jobs (1 when not said) may have become claimable at that priority
--   s                   a scheduled job may be due earlier than known
--   m<incarnation>      there is mail for that broker
--   a<id>               somebody new listens to that running job
--   c<id>               that running job was cancelled
local function tell(message)
  redis.call("SPUBLISH", KEYS[1], message)
end
