-- mail: what is said of a job to the brokers elsewhere that listen, a stream per listening broker. How many bytes
-- stand in it unread is counted: "<bytes>", or "<bytes> <unix seconds since when it is full>".
local FULL_BYTES = 16777216
local TOO_FULL_BYTES = 67108864
local FULL_SECONDS = 5
local ENTRY_BYTES = 64

local function mail_held(incarnation)
  local bytes, since = string.match(redis.call("HGET", mail_key, incarnation) or "0", "^(%d+) ?(%d*)$")
  return tonumber(bytes), since ~= "" and tonumber(since) or nil
end

local function hold_mail(incarnation, bytes, since)
  local noted = string.format("%.0f", bytes)
  if since and bytes > FULL_BYTES then noted = noted .. string.format(" %.0f", since) end
  redis.call("HSET", mail_key, incarnation, noted)
end

local function put_mail(incarnation, id, kind, payload, bytes, since)
  redis.call("XADD", mailbox_key(incarnation), "*", "id", id, "kind", kind, "data", payload)
  hold_mail(incarnation, bytes, since)
  tell("m" .. incarnation)
end

-- An empty mailbox takes any one piece. One that is full for too long, or far too full, belongs to a broker that
-- does not keep up: it listens to this job no more, and its clients hear that the job failed.
local function mail(incarnation, id, kind, payload)
  local held, since = mail_held(incarnation)
  local bytes = held + #payload + ENTRY_BYTES
  if bytes <= FULL_BYTES then since = nil
  else
    local now = tonumber(redis.call("TIME")[1])
    since = since or now
    if held > 0 and (bytes > TOO_FULL_BYTES or now - since >= FULL_SECONDS) then
      detach(id, incarnation)
      put_mail(incarnation, id, "failed", "", held + ENTRY_BYTES, since)
      return
    end
  end
  put_mail(incarnation, id, kind, payload, bytes, since)
end

local function mail_others(id, incarnation, kind, payload)
  for listener in each_listener(redis.call("HGET", listeners_key, id) or "") do
    if listener ~= incarnation then mail(listener, id, kind, payload) end
  end
end

local function drop_mailbox(incarnation)
  redis.call("DEL", mailbox_key(incarnation))
  redis.call("HDEL", mail_key, incarnation)
end
