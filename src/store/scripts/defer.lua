-- defer.lua - it failed for now: record and message are kept, to be tried again.
--
-- KEYS[1..4], ARGV[1..6]: see hold.lua
-- KEYS[5] :record
-- KEYS[6] :message
-- KEYS[7] :retry
-- ARGV[7] record id
-- ARGV[8] record
-- ARGV[9] delay, ms
-- Returns {1, how many the owner still holds}, or {0, 0}: not there.
--#include hold.lua
if not let_go() then
	return {0, 0}
end
local now = redis.call('TIME')
local due = now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[9]
keep(KEYS[5], KEYS[6], ARGV[7], ARGV[8])
redis.call('ZADD', KEYS[7], string.format('%.0f', due), ARGV[7])
return {1, left()}
