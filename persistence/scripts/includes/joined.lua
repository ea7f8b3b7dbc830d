-- joined: the incarnations that listen to these jobs, joined, each in the place of its id; nothing where nobody does.
local function joined_by(ids)
  if redis.call("EXISTS", listeners_key) == 0 then return {} end
  return redis.call("HMGET", listeners_key, unpack(ids))
end
