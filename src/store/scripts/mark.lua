-- mark.lua - the fence before the final dot.
--
-- KEYS[1] :lease:<instance>
-- KEYS[2] :processing:<owner>
-- KEYS[3] :mark
-- ARGV[1] lease, ms
-- ARGV[2] element, exactly
-- ARGV[3] owner
-- ARGV[4] record as it is to be written if the owner dies now
-- Returns 1: the mark is left, the dot may be sent.  0: the lease has run out
-- or the element is no longer the owner's.
--
-- The mark begins with the sha1 of its element, because an owner's list may
-- hold another one that it does not know of (BLMOVE answered a connection
-- that was lost).
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then
	return 0
end
if not redis.call('LPOS', KEYS[2], ARGV[2]) then
	return 0
end
redis.call('HSET', KEYS[3], ARGV[3], redis.sha1hex(ARGV[2]) .. ARGV[4])
return 1
