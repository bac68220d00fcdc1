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
// The hash learned_ids has what Rspamd has learned: see luaRspamdLearned.

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

// luaRspamdLearned reads and writes what Rspamd notes of a message that it has learned.
// 3.4 has the whole digest (103 characters) in the hash learned_ids, with 1 for spam and
// -1 for ham. Later ones have its first 32 characters, with 1, 0 or the class, in up to
// six hashes of 10,000: learned_ids, learned_idsX and so on, of which the first goes
// when all are full.
const luaRspamdLearned = `
local function hash(i)
  return 'learned_ids' .. string.rep('X', i)
end

local function learned(alias)
  for i = 0, 5 do
    local v = redis.call('HGET', hash(i), alias)
    if v then
      return v == '1' and 'spam' or (v == '0' or v == '-1') and 'ham' or v, i
    end
  end
  return ''
end

local function room()
  for i = 0, 5 do
    if redis.call('HLEN', hash(i)) < 10000 then
      return i
    end
  end
  for i = 1, 5 do
    redis.call('RENAME', hash(i), hash(i - 1))
  end
  return 5
end

local function mark(alias, class)
  local _, at = learned(alias)
  if class == '' then
    if at then
      redis.call('HDEL', hash(at), alias)
    end
  elseif #alias <= 32 then
    redis.call('HSET', hash(at or room()), alias, class == 'spam' and '1' or class == 'ham' and '0' or class)
  elseif class == 'spam' or class == 'ham' then
    redis.call('HSET', hash(0), alias, class == 'spam' and '1' or '-1')
  end
end
`

// luaRspamdTheirs: the class that a message was learned in last, where it is own here
// and what was noted under one of its aliases, which are separated by spaces.
const luaRspamdTheirs = `
local function theirsOf(own, aliases)
  for alias in string.gmatch(aliases, '%S+') do
    local class = learned(alias)
    if class ~= '' and class ~= own then
      return class
    end
  end
  return own
end
`

// luaRspamdLesson: message, or one of its aliases, and all of these. Returns its class.
const luaRspamdLesson = `
local own = redis.call('HGET', KEYS[1] .. 'm', ARGV[1])
if own then
  return theirsOf((unpackNote(own)), ARGV[2])
end
return theirsOf((learned(ARGV[1])), ARGV[2])
`

// luaRspamdLearn: as luaLearn, what the names of the notes begin with, and the aliases.
const luaRspamdLearn = `
local table, base, message, class, weight, ids, messages = KEYS[1], ARGV[8], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[7]

local function theirs(own) return theirsOf(own, ARGV[9]) end

local function tell(class)
  for alias in string.gmatch(ARGV[9], '%S+') do
    mark(alias, class)
  end
end

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

// rspamdTable is the table for all users.
const rspamdTable = "RS"

// dropRspamd removes a table of Rspamd's layout. What Rspamd has learned goes with the
// table for all users: its notes do not tell whose they are.
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
	if table == rspamdTable {
		for i := range 6 {
			if err := s.unlink(ctx, "learned_ids"+strings.Repeat("X", i)); err != nil {
				return err
			}
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
