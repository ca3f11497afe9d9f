-- trim.lua - removes what is too old in the dead store, and the oldest of too many.
--
-- KEYS[1] :dead
-- KEYS[2] :record
-- KEYS[3] :message
-- ARGV[1] how long one is kept, ms
-- ARGV[2] how many are kept
-- ARGV[3] how many to remove at most
-- ARGV[4] how many to look at, at most: those of an unknown version stay
-- Returns the ids that were removed.
--#include version.lua
local time = redis.call('TIME')
local old = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[1]
local surplus = redis.call('ZCARD', KEYS[1]) - ARGV[2]
local most, look = tonumber(ARGV[3]), tonumber(ARGV[4])
local removed, stay = {}, 0

while #removed < most and stay < look do
	local page = redis.call('ZRANGE', KEYS[1], stay, stay + most - #removed - 1, 'WITHSCORES')
	local wanted = 0
	for i = 1, #page, 2 do
		local id = page[i]
		if tonumber(page[i + 1]) >= old and #removed >= surplus then
			break
		end
		wanted = wanted + 1
		if known(redis.call('HGET', KEYS[2], id)) then
			redis.call('ZREM', KEYS[1], id)
			redis.call('HDEL', KEYS[2], id)
			redis.call('HDEL', KEYS[3], id)
			removed[#removed + 1] = id
		else
			stay = stay + 1
		end
	end
	if wanted == 0 then
		break
	end
end
return removed
