#!lua flags=allow-oom
-- fence: a broker is lost. Nothing it may still send is obeyed; what its clients waited for is no longer heard there;
-- its runs go back to the head. In steps: called again until nothing remains.
-- KEYS[1]   tag of the function
-- ARGV[1]   lost         the incarnation
-- ARGV[2]   steps        how many jobs to treat at most
-- ARGV[3]   keep_seconds how long fences are remembered
-- Returns   {"fenced", remaining}
-- @include guard fade bar record run notice queue listeners mail held unique forget remains requeue
local lost, steps, keep_seconds = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local refusal, entry = standing(lost, "0")
if refusal ~= "fenced" then bar(lost, entry, keep_seconds) end

-- Ears first: a run of this broker that only its own clients waited for is dropped, not handed out once more.
local awaited = redis.call("SRANDMEMBER", attending_key(lost), steps)
for _, id in ipairs(awaited) do stop_waiting(id, lost) end
if #awaited < steps then
  for _, id in ipairs(redis.call("ZREVRANGE", running_key(lost), 0, steps - #awaited - 1)) do
    local record, run = redis.call("HGET", jobs_key, id), run_of(id)
    if record and run.owner == lost then requeue(id, record, run, "house", -1)
    else redis.call("ZREM", running_key(lost), id) end
  end
end
drop_mailbox(lost)
return { "fenced", redis.call("ZCARD", running_key(lost)) + redis.call("SCARD", attending_key(lost)) }
