package redis

// KEYS[1] is what the names of a table's keys begin with.

// luaNote reads and writes the note of a lesson: the lengths of its class and its
// weight, these, and the tokens. Behind the weight stand a slash and how many
// messages the lesson is, unless it is one.
const luaNote = `
local function unpackNote(note)
  local a, b, rest = string.match(note, '^(%d+) (%d+) ()')
  a, b = tonumber(a), tonumber(b)
  local weight, messages = string.match(string.sub(note, rest + a, rest + a + b - 1), '^(%d+)/?(%d*)$')
  return string.sub(note, rest, rest + a - 1), weight, string.sub(note, rest + a + b), messages ~= '' and messages or '1'
end

local function packNote(class, weight, ids, messages)
  if messages ~= '1' then
    weight = weight .. '/' .. messages
  end
  return #class .. ' ' .. #weight .. ' ' .. class .. weight .. ids
end
`

// luaCounts: tokens. Returns name, lessons and counts of each class.
const luaCounts = `
local ids = {}
for i = 1, #ARGV[1], 8 do
  ids[#ids + 1] = string.sub(ARGV[1], i, i + 7)
end
local classes = redis.call('HGETALL', KEYS[1] .. 'l')
local answer = {}
for i = 1, #classes, 2 do
  local counts = {}
  for from = 1, #ids, 1000 do
    local got = redis.call('HMGET', KEYS[1] .. 'n:' .. classes[i], unpack(ids, from, math.min(#ids, from + 999)))
    for j = 1, #got do
      counts[#counts + 1] = got[j] or '0'
    end
  end
  counts[#counts + 1] = ''
  answer[#answer + 1] = classes[i]
  answer[#answer + 1] = classes[i + 1]
  answer[#answer + 1] = table.concat(counts, ' ')
end
return answer
`

// luaLearn: message, class, weight, tokens, how many lessons are noted, acks, how
// many messages the lesson is. The rest is luaMove's.
const luaLearn = `
local base, message, class, weight, ids, messages = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[7]

local function theirs(own) return own end

local function tell() end

-- addSmall adds in two calls. It does nothing and returns false where a sum might
-- not be exact in Lua. Redis turns each number of Lua into text at some cost, so
-- that of equal sums is made once.
local function addSmall(key, by, ids)
  local names, sums, gone, texts, count = {}, {}, {}, {}, 0
  local sub, all = string.sub, 0
  for i = 1, #ids, 8 do
    all = all + 1
    names[all] = sub(ids, i, i + 7)
  end
  for from = 1, all, 1000 do
    local got = redis.call('HMGET', key, unpack(names, from, math.min(all, from + 999)))
    for j = 1, #got do
      local n = (tonumber(got[j] or '0')) + by
      if n > 1e14 then
        return false
      end
      if n > 0 then
        local text = texts[n]
        if not text then
          text = string.format('%.0f', n)
          texts[n] = text
        end
        sums[count + 1], sums[count + 2] = names[from + j - 1], text
        count = count + 2
      else
        gone[#gone + 1] = names[from + j - 1]
      end
    end
  end
  for from = 1, count, 1000 do
    redis.call('HMSET', key, unpack(sums, from, math.min(count, from + 999)))
  end
  for from = 1, #gone, 1000 do
    redis.call('HDEL', key, unpack(gone, from, math.min(#gone, from + 999)))
  end
  return true
end

-- add adds to the counts of a class. It returns how many bytes of ids it has done
-- and an error when a sum would leave 64 bits.
local function add(class, by, ids, upto)
  local key = base .. 'n:' .. class
  if not upto and #by < 14 and addSmall(key, tonumber(by), ids) then
    return
  end
  for i = 1, upto or #ids, 8 do
    local id = string.sub(ids, i, i + 7)
    local n = redis.pcall('HINCRBY', key, id, by)
    if type(n) == 'table' then
      return i - 1, n
    end
    if n <= 0 then
      redis.call('HDEL', key, id)
    end
  end
end

local function lessons(class, by)
  if redis.call('HINCRBY', base .. 'l', class, by) <= 0 then
    redis.call('HDEL', base .. 'l', class)
  end
end
`

// luaMove moves a message to a class and writes its note. It stands behind add and
// lessons of a layout: add(class, by, tokens) adds to counts and returns, where a sum
// would leave 64 bits, how far it came and the error, and add with that as its fourth
// word takes back so much; lessons(class, by) counts lessons; theirs(own) is the class
// that another program noted since, or own, and tell(class) notes it there. Counts that would leave
// 64 bits are an error, and what was added by then is taken back. Where nothing
// changes the note is written again if replicas are waited for: WAIT counts only what
// this connection has written.
const luaMove = `
local was = ''
local note = redis.call('HGET', base .. 'm', message)
if note then
  was, weight, ids, messages = unpackNote(note)
end
was = theirs(was)
if was == class then
  if note and ARGV[6] ~= '0' then
    redis.call('HSET', base .. 'm', message, note)
  end
  return {was, 0}
end
if class ~= '' then
  local upto, wrong = add(class, weight, ids)
  if wrong then
    add(class, '-' .. weight, ids, upto)
    return wrong
  end
  lessons(class, tonumber(messages))
  redis.call('HSET', base .. 'm', message, packNote(class, weight, ids, messages))
  redis.call('ZADD', base .. 'o', redis.call('INCR', base .. 's'), message)
  for _ = 1, 100 do
    if redis.call('ZCARD', base .. 'o') <= tonumber(ARGV[5]) then
      break
    end
    redis.call('HDEL', base .. 'm', redis.call('ZPOPMIN', base .. 'o')[1])
  end
else
  redis.call('HDEL', base .. 'm', message)
  redis.call('ZREM', base .. 'o', message)
end
if was ~= '' then
  add(was, '-' .. weight, ids)
  lessons(was, -tonumber(messages))
end
tell(class)
return {was, 1}
`

// luaLesson: message. Returns its class.
const luaLesson = `
local note = redis.call('HGET', KEYS[1] .. 'm', ARGV[1])
if not note then
  return ''
end
return (unpackNote(note))
`

// luaDrop removes a table.
const luaDrop = `
for _, class in ipairs(redis.call('HKEYS', KEYS[1] .. 'l')) do
  redis.call('UNLINK', KEYS[1] .. 'n:' .. class)
end
return redis.call('UNLINK', KEYS[1] .. 'l', KEYS[1] .. 'm', KEYS[1] .. 'o', KEYS[1] .. 's')
`
