-- held: what stands behind a unique. It is the microsecond of Redis's clock since when it is held, in 7 bytes, and the id.
-- With the time one can tell which of the jobs that hold the same unique in several functions is the newest: ids can be
-- compared only within one broker's life and one function.
local STAMP = ">I7"
local STAMP_LENGTH = 7

local function id_in(held) return held and string.sub(held, STAMP_LENGTH + 1) end
local function stamp_in(held) return (struct.unpack(STAMP, held)) end
