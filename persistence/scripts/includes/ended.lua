-- ended: take jobs that this incarnation runs, and that only it listens to, out of every place: what forget does, for
-- many at once. Each has an id, its unique ("" for none), what joined it, and whether it was completed and has a payload
-- beside its record.
local function holding(ends)
  local uniques, ids = {}, {}
  for _, one in ipairs(ends) do
    if one.unique ~= "" then
      uniques[#uniques + 1] = one.unique
      ids[#ids + 1] = one.id
    end
  end
  local held = {}
  if #uniques > 0 then
    for at, holder in ipairs(redis.call("HMGET", uniques_key, unpack(uniques))) do
      if id_in(holder) == ids[at] then held[#held + 1] = uniques[at] end
    end
  end
  return held
end

local function ended(ends, incarnation)
  local ids, joined, payloads, completed = {}, {}, {}, 0
  for at, one in ipairs(ends) do
    ids[at] = one.id
    if one.joined then joined[#joined + 1] = one.id end
    if one.beside then payloads[#payloads + 1] = payload_key(one.id) end
    if one.completed then completed = completed + 1 end
  end
  redis.call("ZREM", running_key(incarnation), unpack(ids))
  redis.call("HDEL", jobs_key, unpack(ids))
  redis.call("HDEL", runs_key, unpack(ids))
  if #payloads > 0 then redis.call("UNLINK", unpack(payloads)) end
  local held = holding(ends)
  if #held > 0 then redis.call("HDEL", uniques_key, unpack(held)) end
  if #joined > 0 then
    redis.call("SREM", attending_key(incarnation), unpack(joined))
    redis.call("HDEL", listeners_key, unpack(joined))
  end
  if completed > 0 then redis.call("HINCRBY", function_key, "completed", completed) end
  if completed < #ends then redis.call("HINCRBY", function_key, "failed", #ends - completed) end
end
