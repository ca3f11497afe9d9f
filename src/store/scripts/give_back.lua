-- give_back.lua - a message goes back to the head of the queue.
--
-- KEYS[1..4], ARGV[1..6]: see hold.lua
-- KEYS[5] :record
-- KEYS[6] :message
-- KEYS[7] queue
-- ARGV[7] record id, '' when the element goes back as it was
-- ARGV[8] record
-- Returns {1, how many the owner still holds}, or {0, 0}: not there.
--#include hold.lua
if not let_go() then
	return {0, 0}
end
if ARGV[7] == '' then
	redis.call('LPUSH', KEYS[7], ARGV[1])
else
	keep(KEYS[5], KEYS[6], ARGV[7], ARGV[8])
	redis.call('LPUSH', KEYS[7], '@' .. ARGV[7])
end
return {1, left()}
