-- claim.lua - takes the first message of the queue when Redis is out of memory
-- (BLMOVE is refused then; after a first write that removes, Lua may write).
--
-- KEYS[1] queue
-- KEYS[2] :processing:<owner>
-- KEYS[3] :owners
-- ARGV[1] owner
-- Returns the element, or nil when the queue is empty.
local element = redis.call('LPOP', KEYS[1])
if not element then
	return false
end
redis.call('RPUSH', KEYS[2], element)
redis.call('SADD', KEYS[3], ARGV[1])
return element
