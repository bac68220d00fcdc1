package redis

import (
	"crypto/sha1"
	"encoding/hex"
)

// A script is one atomic step. It has one key, from which it makes the names of
// others that are in the same slot.
type script struct{ text, hash string }

type scripts struct {
	add, swap, increment        script
	take, tune, takeAll, settle script
	observe                     script
	counts, learn, lesson, drop script
	append, state, trim         script
	push, rank                  script
}

func newScripts(rspamd bool) scripts {
	of := func(text string) script {
		sum := sha1.Sum([]byte(text)) // Redis names scripts by it.
		return script{text, hex.EncodeToString(sum[:])}
	}
	s := scripts{
		add: of(luaSet + luaAdd), swap: of(luaSet + luaSwap), increment: of(luaIncrement),
		take: of(luaBucket + luaLook + luaTake), tune: of(luaBucket + luaTuned + luaTune),
		takeAll: of(luaBucket + luaLook + luaTakeAll), settle: of(luaBucket + luaTuned + luaSettle),
		observe: of(luaObserve),
		counts:  of(luaCounts), learn: of(luaNote + luaLearn + luaMove), lesson: of(luaNote + luaLesson), drop: of(luaDrop),
		append: of(luaAppend), state: of(luaState), trim: of(luaTrim),
		push: of(luaPush), rank: of(luaRank),
	}
	if rspamd {
		s.counts, s.learn = of(luaRspamdCounts), of(luaNote+luaRspamdLearned+luaRspamdTheirs+luaRspamdLearn+luaMove)
		s.lesson = of(luaNote + luaRspamdLearned + luaRspamdTheirs + luaRspamdLesson)
	}
	return s
}

// luaSet stores a value: ms is the lifetime, 0 for ever, below 0 none.
const luaSet = `
local function set(key, value, ms)
  local n = tonumber(ms)
  if n < 0 then
    redis.call('DEL', key)
  elseif n == 0 then
    redis.call('SET', key, value)
  else
    redis.call('SET', key, value, 'PX', ms)
  end
end
`

// luaAdd: value, ms. Returns what was there.
const luaAdd = `
local was = redis.call('GET', KEYS[1])
if not was then
  set(KEYS[1], ARGV[1], ARGV[2])
end
return was
`

// luaSwap: old, new ("" or "=" and the value), ms. Returns 1 if it swapped.
const luaSwap = `
local was = redis.call('GET', KEYS[1])
if (was and '=' .. was or '') ~= ARGV[1] then
  return 0
end
if ARGV[2] ~= '' then
  set(KEYS[1], string.sub(ARGV[2], 2), ARGV[3])
elseif was then
  redis.call('DEL', KEYS[1])
end
return 1
`

// luaIncrement: delta, ms. The sum is returned as a string, since Lua's numbers
// are inexact above 2^53.
const luaIncrement = `
local n = tonumber(ARGV[2])
if redis.call('EXISTS', KEYS[1]) == 1 then
  local sum = redis.pcall('INCRBY', KEYS[1], ARGV[1])
  if type(sum) == 'table' and sum.err then
    return sum
  end
  return redis.call('GET', KEYS[1])
end
if n == 0 then
  redis.call('SET', KEYS[1], ARGV[1])
elseif n > 0 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return ARGV[1]
`

// luaPush: item, keep.
const luaPush = `
redis.call('LPUSH', KEYS[1], ARGV[1])
local keep = tonumber(ARGV[2])
if keep > 0 then
  redis.call('LTRIM', KEYS[1], 0, keep - 1)
end
return 1
`

// luaRank: member, score, keep, ms.
const luaRank = `
local keep = tonumber(ARGV[3])
if ARGV[5] == 'add' then
  local score = redis.call('ZINCRBY', KEYS[1], ARGV[2], ARGV[1])
  if keep > 0 and redis.call('ZCARD', KEYS[1]) > keep then
    redis.call('ZREM', KEYS[1], ARGV[1])
    redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -keep)
    redis.call('ZADD', KEYS[1], score, ARGV[1])
  end
else
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
end
if keep > 0 then
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -keep - 1)
end
if ARGV[4] == '0' then
  redis.call('PERSIST', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return 1
`
