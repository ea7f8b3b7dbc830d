-- beside: the payload of a large job is a key of its own, for a script that touched it would copy and hash all of it. It
-- is handed in right before the job, by a plain SET that lets it expire; the script that stores the job makes it stay.
-- So whose payload expires is no job (yet), and one that stays belongs to a job that lives, or is dead and kept.

-- Whether it is there.
local function has_payload(id) return redis.call("EXISTS", payload_key(id)) == 1 end

local function keep_payload(id) redis.call("PERSIST", payload_key(id)) end

-- The job was not stored, or not by this submit. A job that has it keeps it.
local function discard_payload(id)
  if redis.call("PTTL", payload_key(id)) >= 0 then redis.call("UNLINK", payload_key(id)) end
end
