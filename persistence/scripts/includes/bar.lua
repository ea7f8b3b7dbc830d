-- bar: an incarnation is over. What it may still have on the way is refused; the bars of long ago are forgotten.
local function bar(incarnation, entry, keep_seconds)
  local now = tonumber(redis.call("TIME")[1])
  redis.call("HSET", incarnations_key, incarnation, string.format("fenced %.0f ", now) .. (entry or "0 0"))
  fade()
  local entries = redis.call("HGETALL", incarnations_key)
  for at = 1, #entries, 2 do
    local since = string.match(entries[at + 1], "^fenced (%d+)")
    if since and now - tonumber(since) > keep_seconds then redis.call("HDEL", incarnations_key, entries[at]) end
  end
end
