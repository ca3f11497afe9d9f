-- hold.lua - ends a holding: takes the element out of its owner's list, once.
-- Included by done, defer, bury and give_back, which begin with these:
--
-- KEYS[1] :processing:<owner>   list that the element is in
-- KEYS[2] :mark                 hash, owner -> sha1 of the element, then the record
-- KEYS[3] :lease:<instance>     of the owner's instance
-- KEYS[4] :last                 hash, who acted -> the holding that it ended last
-- ARGV[1] element, exactly
-- ARGV[2] owner
-- ARGV[3] who acts: the owner, or the one that recovers its messages
-- ARGV[4] the holding's number
-- ARGV[5] 'own': the owner acts;  'child': another, for an owner of its own instance;
--         'other': another, for an owner whose instance must not have a lease
-- ARGV[6] the mark as it was read, '' for none (not looked at with 'own')
--
-- let_go() is true when the element was there and is the caller's now.  Its
-- first write is LREM, so it passes when Redis is out of memory, and it does
-- nothing when that finds nothing.  The same holding ends only once: the step
-- repeated after a lost reply must not act on an identical twin in the list.
local function let_go()
	if redis.call('HGET', KEYS[4], ARGV[3]) == ARGV[4] then
		return false
	end
	local mark = redis.call('HGET', KEYS[2], ARGV[2])
	if mark and string.sub(mark, 1, 40) ~= redis.sha1hex(ARGV[1]) then
		mark = false	-- it is of another element in the list
	end
	if ARGV[5] == 'other' and redis.call('EXISTS', KEYS[3]) == 1 then
		return false
	end
	if ARGV[5] ~= 'own' and (mark and string.sub(mark, 41) or '') ~= ARGV[6] then
		return false
	end
	if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then
		return false
	end
	if mark then
		redis.call('HDEL', KEYS[2], ARGV[2])
	end
	redis.call('HSET', KEYS[4], ARGV[3], ARGV[4])
	return true
end

-- Keeps record and message under their id.  What is a reference to this id
-- already has its message there.
local function keep(records, messages, id, record)
	redis.call('HSET', records, id, record)
	if ARGV[1] ~= '@' .. id then
		redis.call('HSET', messages, id, ARGV[1])
	end
end

-- How many the owner's list still holds: what it does not know of, perhaps.
local function left()
	return redis.call('LLEN', KEYS[1])
end
