-- bury.lua - it failed for good: record and message go to the dead store.
--
-- KEYS[1..4], ARGV[1..6]: see hold.lua
-- KEYS[5] :record
-- KEYS[6] :message
-- KEYS[7] :dead
-- ARGV[7] record id
-- ARGV[8] record
-- Returns {1, how many the owner still holds}, or {0, 0}: not there.
--#include hold.lua
if not let_go() then
	return {0, 0}
end
local now = redis.call('TIME')
keep(KEYS[5], KEYS[6], ARGV[7], ARGV[8])
redis.call('ZADD', KEYS[7], string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000)),
	ARGV[7])
return {1, left()}
