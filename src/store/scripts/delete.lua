-- delete.lua - deletes a message from retry or dead, with its record.
--
-- KEYS[1] :retry
-- KEYS[2] :dead
-- KEYS[3] :record
-- KEYS[4] :message
-- ARGV[1] record id
-- Returns 1, or 0: it is in neither.
if redis.call('ZREM', KEYS[1], ARGV[1]) + redis.call('ZREM', KEYS[2], ARGV[1]) == 0 then
	return 0
end
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
return 1
