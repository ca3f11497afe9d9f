-- peek.lua - the first message that an owner holds, with all that belongs to it.
-- Writes nothing.
--
-- KEYS[1] :processing:<owner>
-- KEYS[2] :mark
-- KEYS[3] :record
-- KEYS[4] :message
-- ARGV[1] owner
-- Returns nil, or {element, mark, record, message}; the mark is nil when it is
-- not this element's, record and message are nil unless it is a reference.
local element = redis.call('LINDEX', KEYS[1], 0)
if not element then
	return false
end
local mark = redis.call('HGET', KEYS[2], ARGV[1])
if mark and string.sub(mark, 1, 40) == redis.sha1hex(element) then
	mark = string.sub(mark, 41)
else
	mark = false
end
if string.sub(element, 1, 1) ~= '@' then
	return {element, mark, false, false}
end
local id = string.sub(element, 2)
return {element, mark, redis.call('HGET', KEYS[3], id), redis.call('HGET', KEYS[4], id)}
