-- guard: who may still write. An incarnation's entry reads "<generation> <highest> <gaps>", or the same behind
-- "fenced <unix seconds> ". No entry: this function has never met it, or Redis was emptied; it may write.
local function standing(incarnation, generation)
  local entry = redis.call("HGET", incarnations_key, incarnation)
  if not entry then return nil end
  if string.byte(entry) == 102 then return "fenced", entry end
  local known = tonumber(string.match(entry, "^%d+"))
  if tonumber(generation) < known then return "stale", entry end
  return nil, entry
end
