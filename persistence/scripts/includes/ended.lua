-- ended: take jobs that this incarnation runs, and that only it listens to, out of every place: what forget does, for
-- many at once.
local ENDS_AT = 3
local END_LENGTH = 6

-- What to take out where; and the places, in `ids`, of the jobs that are not of that kind.
local function plain_ends(ids, incarnation, ARGV)
  local runs, joined, seen = redis.call("HMGET", runs_key, unpack(ids)), joined_by(ids), {}
  local plain, others = { ids = {}, uniques = {}, holders = {}, joined = {}, payloads = {}, completed = 0 }, {}
  local over, uniques, holders = plain.ids, plain.uniques, plain.holders
  for place, id in ipairs(ids) do
    local at, heard = ENDS_AT + END_LENGTH * (place - 1), joined[place]
    if seen[id] then return nil end
    seen[id] = true
    if is_run_of(runs[place], incarnation, tonumber(ARGV[at + 1])) and (not heard or heard == incarnation) then
      local unique = ARGV[at + 3]
      over[#over + 1] = id
      if unique ~= "" then uniques[#uniques + 1], holders[#holders + 1] = unique, id end
      if heard then plain.joined[#plain.joined + 1] = id end
      -- 98 is "b": see `known` of finish.
      if string.byte(ARGV[at + 5], -1) == 98 then plain.payloads[#plain.payloads + 1] = payload_key(id) end
      if ARGV[at + 2] == "completed" then plain.completed = plain.completed + 1 end
    else others[#others + 1] = place end
  end
  return plain, others
end

local function release_all(uniques, holders)
  local held = {}
  for at, holder in ipairs(redis.call("HMGET", uniques_key, unpack(uniques))) do
    if id_in(holder) == holders[at] then held[#held + 1] = uniques[at] end
  end
  if #held > 0 then redis.call("HDEL", uniques_key, unpack(held)) end
end

local function take_out(plain, incarnation)
  local ids, completed = plain.ids, plain.completed
  redis.call("ZREM", running_key(incarnation), unpack(ids))
  redis.call("HDEL", jobs_key, unpack(ids))
  redis.call("HDEL", runs_key, unpack(ids))
  if #plain.payloads > 0 then redis.call("UNLINK", unpack(plain.payloads)) end
  if #plain.uniques > 0 then release_all(plain.uniques, plain.holders) end
  if #plain.joined > 0 then
    redis.call("SREM", attending_key(incarnation), unpack(plain.joined))
    redis.call("HDEL", listeners_key, unpack(plain.joined))
  end
  if completed > 0 then redis.call("HINCRBY", function_key, "completed", completed) end
  if completed < #ids then redis.call("HINCRBY", function_key, "failed", #ids - completed) end
end

-- Returns the places, in `ids`, of those that are still to end, one by one: where a job ends twice, these are all.
local function ended(ids, incarnation, ARGV)
  local plain, others = plain_ends(ids, incarnation, ARGV)
  if not plain then
    others = {}
    for place = 1, #ids do others[place] = place end
  elseif #plain.ids > 0 then take_out(plain, incarnation) end
  return others
end
