-- promote.lua - moves messages that are due to the tail of the queue.
--
-- KEYS[1] :retry
-- KEYS[2] queue
-- KEYS[3] :record
-- ARGV[1] how many at most
-- ARGV[2] how many to look at, at most: those of an unknown version stay
-- Returns {how many were moved, ms until the next is due}: 0 when more are
-- due, -1 when none is left.
--#include version.lua
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local most, look = tonumber(ARGV[1]), tonumber(ARGV[2])
local moved, stay = 0, 0

while moved < most and stay < look do
	local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', stay, most - moved)
	if #ids == 0 then
		break
	end
	for _, id in ipairs(ids) do
		if known(redis.call('HGET', KEYS[3], id)) then
			redis.call('ZREM', KEYS[1], id)
			redis.call('RPUSH', KEYS[2], '@' .. id)
			moved = moved + 1
		else
			stay = stay + 1
		end
	end
end
if #redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', stay, 1) > 0 and stay < look then
	return {moved, 0}
end
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
if #due == 0 then
	return {moved, -1}
end
return {moved, math.max(1, math.ceil(due[2] - now))}
