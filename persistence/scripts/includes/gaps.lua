-- gaps: the numbers below the highest that an incarnation may still use (see numbers).
-- Higher than any that a broker comes to.
local NO_GENERATION = "9007199254740991"

-- An incarnation that is over was told that a submit of its was not stored, and submits it under its new name: what an
-- old connection still delivers must not store it after all. It may hold more here, so it is not fenced by that.
local function let_no_more_come(incarnation, entry)
  if entry and string.byte(entry) == 102 then return end
  local highest, gaps = numbers_of(entry)
  redis.call("HSET", incarnations_key, incarnation, NO_GENERATION .. string.format(" %.0f", highest) .. gaps)
end

local function within(gaps, number)
  if gaps == "" then return false end
  for first, last in string.gmatch(gaps, "(%d+)-(%d+)") do
    if number >= tonumber(first) and number <= tonumber(last) then return true end
  end
  return false
end

-- The entry after this number: what was skipped on the way up becomes a gap (it was refused, and may be repeated),
-- what fills a gap is taken out of it, what lies below the floor is forgotten.
local function advanced(generation, highest, gaps, number, floor)
  local kept = {}
  local function keep(first, last)
    if last >= floor and first <= last then kept[#kept + 1] = " " .. math.max(first, floor) .. "-" .. last end
  end
  if gaps ~= "" then
    for first, last in string.gmatch(gaps, "(%d+)-(%d+)") do
      first, last = tonumber(first), tonumber(last)
      if number >= first and number <= last then
        keep(first, number - 1)
        keep(number + 1, last)
      else
        keep(first, last)
      end
    end
  end
  if number > highest + 1 then keep(highest + 1, number - 1) end
  return generation .. " " .. string.format("%.0f", math.max(number, highest)) .. table.concat(kept)
end
