-- leave.lua - takes an owner whose list is empty out of :owners.
--
-- KEYS[1] :owners
-- KEYS[2] :processing:<owner>
-- KEYS[3] :mark
-- KEYS[4] :last
-- KEYS[5] :lease:<instance>     of the owner's instance
-- ARGV[1] owner
-- ARGV[2] 'own', 'child' or 'other', see hold.lua
-- Returns 1: it is out (or was before), 0: it holds something, or lives.
if redis.call('EXISTS', KEYS[2]) == 1 then
	return 0
end
if ARGV[2] == 'other' and redis.call('EXISTS', KEYS[5]) == 1 then
	return 0
end
redis.call('SREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
return 1
