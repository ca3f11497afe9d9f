-- version.lua - whether a record is of the version that this postrider knows.
-- Included by promote, trim and requeue.
--
-- A record is never parsed here (cjson would change it): "v" is its first
-- key.  One that is not there at all is known, so that its reference reaches
-- somebody who says so.
local function known(record)
	return not record or string.find(record, '^%s*{%s*"v"%s*:%s*1%s*[,}]') ~= nil
end
