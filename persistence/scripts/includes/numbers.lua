-- numbers: which submits of an incarnation are known, by an entry of its (see guard).
local function numbers_of(entry)
  if not entry then return 0, "" end
  local highest, gaps = string.match(entry, "^%d+ (%d+)(.*)$")
  if not highest then highest, gaps = string.match(entry, "^fenced %d+ %d+ (%d+)(.*)$") end
  return tonumber(highest), gaps
end
