#!lua flags=allow-oom
-- fence: a broker is lost. Nothing it may still send is obeyed; its runs go back to the head, what its clients
-- waited for is no longer heard there. In steps: called again until nothing remains.
-- KEYS[1]   tag of the function
-- ARGV[1]   lost         the incarnation
-- ARGV[2]   steps        how many jobs to treat at most
-- ARGV[3]   keep_seconds how long fences are remembered
-- Returns   {"fenced", remaining}
-- @include guard record run notice queue listeners forget requeue
local lost, steps, keep_seconds = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now = tonumber(redis.call("TIME")[1])

local refusal, entry = standing(lost, "0")
if refusal ~= "fenced" then
  redis.call("HSET", incarnations_key, lost, "fenced " .. string.format("%.0f", now) .. " " .. (entry or "0 0"))
  local entries = redis.call("HGETALL", incarnations_key)
  for at = 1, #entries, 2 do
    local since = string.match(entries[at + 1], "^fenced (%d+)")
    if since and now - tonumber(since) > keep_seconds then redis.call("HDEL", incarnations_key, entries[at]) end
  end
end

for _, id in ipairs(redis.call("ZREVRANGE", running_key(lost), 0, steps - 1)) do
  local record, run = redis.call("HGET", jobs_key, id), run_of(id)
  if record and run.owner == lost then requeue(id, record, run, "house", -1)
  else redis.call("ZREM", running_key(lost), id) end
end
for _, id in ipairs(redis.call("SRANDMEMBER", attending_key(lost), steps)) do
  local others = detach(id, lost)
  local record = others == 0 and redis.call("HGET", jobs_key, id)
  if record and not is_background(record) then
    local run = run_of(id)
    if run.owner == "" then forget(id, record, run, "dropped") end
  end
end
redis.call("DEL", mailbox_key(lost))
return { "fenced", redis.call("ZCARD", running_key(lost)) + redis.call("SCARD", attending_key(lost)) }
