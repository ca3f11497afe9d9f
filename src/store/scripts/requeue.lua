-- requeue.lua - from retry or dead to the queue's tail, now.
--
-- KEYS[1] :retry
-- KEYS[2] :dead
-- KEYS[3] :record
-- KEYS[4] queue
-- ARGV[1] record id
-- ARGV[2] record in place of the old one, '' to keep that
-- Returns 1, or 0: it is in neither; -1: its record is of an unknown version.
--#include version.lua
if ARGV[2] == '' and not known(redis.call('HGET', KEYS[3], ARGV[1])) then
	return -1
end
if redis.call('ZREM', KEYS[1], ARGV[1]) + redis.call('ZREM', KEYS[2], ARGV[1]) == 0 then
	return 0
end
if ARGV[2] ~= '' then
	redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
end
redis.call('RPUSH', KEYS[4], '@' .. ARGV[1])
return 1
