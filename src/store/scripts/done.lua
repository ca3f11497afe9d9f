-- done.lua - all was delivered: the message, its record and mark go.
--
-- KEYS[1..4], ARGV[1..6]: see hold.lua
-- KEYS[5] :record
-- KEYS[6] :message
-- ARGV[7] record id, '' for none
-- Returns {1, how many the owner still holds}, or {0, 0}: not there.
--#include hold.lua
if not let_go() then
	return {0, 0}
end
if ARGV[7] ~= '' then
	redis.call('HDEL', KEYS[5], ARGV[7])
	redis.call('HDEL', KEYS[6], ARGV[7])
end
return {1, left()}
