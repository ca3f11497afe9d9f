-- renew.lua - renews an instance's lease, or sets it, and enters who does.
--
-- KEYS[1] :lease:<instance>
-- KEYS[2] :owners
-- ARGV[1] lease, ms
-- ARGV[2] owner
-- Returns 1: renewed, 0: there was none, it was set.
local there = redis.call('PEXPIRE', KEYS[1], ARGV[1])
if there == 0 then
	redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
end
redis.call('SADD', KEYS[2], ARGV[2])
return there
