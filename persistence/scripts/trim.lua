#!lua flags=allow-oom
-- trim: throw away the mail that was read.
-- KEYS[1]   tag of the function
-- ARGV[1]   incarnation  whose mailbox it is
-- ARGV[2]   first_kept   the stamp of the first entry that stays, if there is one
-- ARGV[3]   bytes        how long the payloads are that were read
-- ARGV[4]   entries      how many they are
-- Returns   how many entries went
-- @include notice listeners mail
local incarnation, first_kept, bytes, entries = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local gone = redis.call("XTRIM", mailbox_key(incarnation), "MINID", first_kept)
if gone == 0 then return 0 end
if redis.call("XLEN", mailbox_key(incarnation)) == 0 then
  redis.call("HDEL", mail_key, incarnation)
else
  local held, since = mail_held(incarnation)
  hold_mail(incarnation, math.max(0, held - bytes - entries * ENTRY_BYTES), since)
end
return gone
