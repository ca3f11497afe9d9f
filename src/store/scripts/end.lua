-- end.lua - the end of an instance: its lease goes, and who ends it.
--
-- KEYS[1] :lease:<instance>
-- KEYS[2] :owners
-- KEYS[3] :processing:<owner>
-- KEYS[4] :mark
-- KEYS[5] :last
-- ARGV[1] owner that ends it; it stays in :owners while it holds something
-- Returns 1: there was a lease, 0: there was none.
local there = redis.call('DEL', KEYS[1])
if redis.call('EXISTS', KEYS[3]) == 0 then
	redis.call('SREM', KEYS[2], ARGV[1])
	redis.call('HDEL', KEYS[4], ARGV[1])
	redis.call('HDEL', KEYS[5], ARGV[1])
end
return there
