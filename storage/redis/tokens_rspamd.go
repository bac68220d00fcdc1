package redis

import (
	"context"
	"slices"
	"strings"
)

// Rspamd's layout of a table, as of 4.1.6: the hash TABLE has learns_spam and
// learns_ham and the version 2; the hash TABLE_ID of a token, whose id is in
// decimal, has S and H; the sets BAYES_SPAM_keys and BAYES_HAM_keys name the
// tables. Classes of other names are fields of their name, and learns_NAME.
// What Rspamd has learned of a message is not known here and can't be moved or
// taken back.

// luaRspamdCounts: tokens. Returns as luaCounts does.
const luaRspamdCounts = `
local classes, fields, lessons, counts = {}, {}, {}, {}
local sums = redis.call('HGETALL', KEYS[1])
for i = 1, #sums, 2 do
  local class = string.match(sums[i], '^learns_(.+)$')
  if class then
    classes[#classes + 1] = class
    lessons[#lessons + 1] = sums[i + 1]
    fields[#fields + 1] = class == 'spam' and 'S' or class == 'ham' and 'H' or class
    counts[#counts + 1] = {}
  end
end
if #classes == 0 then
  return {}
end
for id in string.gmatch(ARGV[1], '%d+') do
  local got = redis.call('HMGET', KEYS[1] .. '_' .. id, unpack(fields))
  for i = 1, #classes do
    local of = counts[i]
    of[#of + 1] = got[i] or '0'
  end
end
local answer = {}
for i = 1, #classes do
  counts[i][#counts[i] + 1] = ''
  answer[#answer + 1] = classes[i]
  answer[#answer + 1] = lessons[i]
  answer[#answer + 1] = table.concat(counts[i], ' ')
end
return answer
`

// luaRspamdLearn: as luaLearn, and at last what the names of the notes begin with.
const luaRspamdLearn = `
local table, base, message, class, weight, ids, messages = KEYS[1], ARGV[8], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[7]

local function add(class, by, ids, upto)
  local field = class == 'spam' and 'S' or class == 'ham' and 'H' or class
  local count = 0
  for id in string.gmatch(ids, '%d+') do
    if count == upto then
      return
    end
    local key = table .. '_' .. id
    local n = redis.pcall('HINCRBY', key, field, by)
    if type(n) == 'table' then
      return count, n
    end
    count = count + 1
    if n <= 0 then
      redis.call('HDEL', key, field)
    end
  end
end

local function lessons(class, by)
  redis.call('HINCRBY', table, 'learns_' .. class, by)
  if by < 0 then
    return
  end
  redis.call('HSETNX', table, 'version', '2')
  if class == 'spam' or class == 'ham' then
    redis.call('SADD', 'BAYES_' .. string.upper(class) .. '_keys', table)
  end
end
`

// dropRspamd removes a table of Rspamd's layout.
func (s *Store) dropRspamd(ctx context.Context, table string) error {
	base := s.table(table)
	cursor := ""
	for {
		found, next, err := s.scan(ctx, "DropTable", base+"_", "hash", cursor, scanKeys)
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(key string) bool {
			id := key[len(base)+1:]
			return id == "" || strings.Trim(id, "0123456789") != ""
		})
		if err := s.unlink(ctx, found...); err != nil {
			return err
		}
		if next == "" {
			break
		}
		cursor = next
	}
	for _, set := range []string{"BAYES_SPAM_keys", "BAYES_HAM_keys"} {
		if err := s.do(ctx, &command{op: "DropTable", key: set, args: []any{"srem", set, base}, write: true, repeat: true}); err != nil {
			return err
		}
	}
	notes := s.notes(table)
	return s.unlink(ctx, base, notes+"m", notes+"o", notes+"s")
}

func (s *Store) unlink(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	args := []any{"unlink"}
	for _, key := range keys {
		args = append(args, key)
	}
	return s.do(ctx, &command{op: "DropTable", key: keys[0], args: args, write: true, repeat: true})
}
