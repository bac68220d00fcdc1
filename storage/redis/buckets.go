package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// Buckets are hashes as Rspamd 4.1.6 keeps them: l is when the bucket last leaked
// in milliseconds, b its level, p what Rspamd has taken for messages that it has
// not finished, dr and db the factors of the rate and the burst times 10,000.
// What is pending counts as used and is left as it is. Beside these there is, of
// a bucket that had no room, f for when and n for what the draw said.

// luaBucket reads a bucket. now is in milliseconds.
const luaBucket = `
local function number(n)
  return string.format('%.17g', n)
end

local function read(key, now)
  local h = redis.call('HMGET', key, 'l', 'b', 'p', 'dr', 'db', 'f', 'n')
  return {
    there = h[1],
    last = tonumber(h[1] or '') or now,
    level = math.max(0, tonumber(h[2] or '') or 0),
    pending = math.max(0, tonumber(h[3] or '') or 0),
    rate = math.max(1, tonumber(h[4] or '') or 10000) / 10000,
    burst = math.max(1, tonumber(h[5] or '') or 10000) / 10000,
    fresh = not h[3],
    filled = tonumber(h[6] or '') or 0,
    label = h[7] or '',
    ok = 1, first = 0,
  }
end

local function write(key, b, ms)
  redis.call('HMSET', key, 'l', number(b.last), 'b', number(b.level),
    'dr', number(b.rate * 10000), 'db', number(b.burst * 10000))
  if b.fresh then
    redis.call('HSET', key, 'p', '0')
  end
  if b.filled > 0 then
    redis.call('HMSET', key, 'f', number(b.filled), 'n', b.label)
  end
  redis.call('PEXPIRE', key, ms)
end

local function answer(b)
  return {b.ok, number(b.level + b.pending), number(b.rate), number(b.burst), number(b.last),
    b.first, number(b.filled), b.label}
end
`

// luaLook is the function that leaks a bucket and finds out whether there is
// room. A draw is leaks per millisecond, burst, n, lifetime in ms, flags (o for
// over, f for fixed), label.
const luaLook = `
local function look(key, now, at)
  local b = read(key, now)
  local rate, burst = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local n, flags = tonumber(ARGV[at + 2]), ARGV[at + 4]
  if not string.find(flags, 'f', 1, true) then
    rate, burst = rate * b.rate, burst * b.burst
  end
  b.n, b.ms, b.over = n, ARGV[at + 3], string.find(flags, 'o', 1, true)
  if now > b.last then
    b.level = math.max(0, b.level - (now - b.last) * rate)
    b.last = now
  end
  if b.level + b.pending + n > burst then
    b.ok = 0
    if n > 0 then
      if b.filled == 0 or rate > 0 and (now - b.filled) * rate >= burst then
        b.first = 1
      end
      b.filled = math.max(b.filled, now)
      b.label = ARGV[at + 5]
    end
  end
  return b
end
`

// luaTake: now, a draw.
const luaTake = `
local b = look(KEYS[1], tonumber(ARGV[1]), 2)
if b.ok == 1 or b.over then
  b.level = b.level + b.n
end
if b.n > 0 then
  write(KEYS[1], b, b.ms)
end
return answer(b)
`

// luaTakeAll: now, a draw for each key.
const luaTakeAll = `
local all, taken, answers = {}, true, {}
for i, key in ipairs(KEYS) do
  all[i] = look(key, tonumber(ARGV[1]), 6 * i - 4)
  taken = taken and (all[i].ok == 1 or all[i].over)
end
for i, b in ipairs(all) do
  if taken then
    b.level = b.level + b.n
  end
  if taken or b.ok == 0 then
    write(KEYS[i], b, b.ms)
  end
  answers[i] = answer(b)
end
return answers
`

const luaTuned = `
local function tuned(factor, by, most)
  return math.min(math.max(factor * by, 1 / most), most)
end
`

// luaSettle: now, and for each key what goes back, the factors of the rate and
// the burst, their maxima, lifetime in ms, and 1 if the bucket is made to be tuned.
const luaSettle = `
for i, key in ipairs(KEYS) do
  local at = 7 * i - 5
  local b = read(key, tonumber(ARGV[1]))
  if b.there or ARGV[at + 6] == '1' then
    b.rate = tuned(b.rate, tonumber(ARGV[at + 1]), tonumber(ARGV[at + 3]))
    b.burst = tuned(b.burst, tonumber(ARGV[at + 2]), tonumber(ARGV[at + 4]))
    b.level = math.max(0, b.level - tonumber(ARGV[at]))
    write(key, b, ARGV[at + 5])
  end
end
return 1
`

// luaTune: now, factors of the rate and the burst, their maxima, lifetime in ms.
const luaTune = `
local b = read(KEYS[1], tonumber(ARGV[1]))
b.rate = tuned(b.rate, tonumber(ARGV[2]), tonumber(ARGV[4]))
b.burst = tuned(b.burst, tonumber(ARGV[3]), tonumber(ARGV[5]))
write(KEYS[1], b, ARGV[6])
return answer(b)
`

// Take implements storage.Buckets.
func (s *Store) Take(ctx context.Context, name string, d storage.Draw, now time.Time) (storage.Bucket, error) {
	if err := d.Check(); err != nil {
		return storage.Bucket{}, err
	}
	return s.step(ctx, &command{
		op: "Take", key: name, script: &s.scripts.take, write: d.N > 0, repeat: d.N == 0,
		args: append([]any{millis(now)}, drawArgs(d)...),
	})
}

// drawArgs is a draw as scripts take it.
func drawArgs(d storage.Draw) []any {
	flags := ""
	if d.Over {
		flags += "o"
	}
	if d.Fixed {
		flags += "f"
	}
	return []any{decimal(d.Rate / 1000), decimal(d.Burst), decimal(d.N), ms(d.Keep()), flags, d.Label}
}

// Tune implements storage.Buckets. The factors are kept times 10,000.
func (s *Store) Tune(ctx context.Context, name string, t storage.Tuning, now time.Time) (storage.Bucket, error) {
	if err := t.Check(); err != nil {
		return storage.Bucket{}, err
	}
	return s.step(ctx, &command{op: "Tune", key: name, script: &s.scripts.tune, write: true, args: append([]any{millis(now)}, tuningArgs(t)...)})
}

// tuningArgs is a tuning as scripts take it.
func tuningArgs(t storage.Tuning) []any {
	by := func(f float64) string {
		if f == 0 {
			f = 1
		}
		return decimal(f)
	}
	return []any{by(t.Rate), by(t.Burst), decimal(max(1, t.MaxRate)), decimal(max(1, t.MaxBurst)), ms(t.Keep())}
}

// step runs a script on the bucket that c.key names.
func (s *Store) step(ctx context.Context, c *command) (storage.Bucket, error) {
	if err := checkKeys(c.key); err != nil {
		return storage.Bucket{}, err
	}
	c.key = s.bucket(c.key)
	err := s.do(ctx, c)
	reply := c.result(err)
	if reply == nil && err != nil {
		return storage.Bucket{}, err
	}
	b, wrong := bucketOf(reply)
	if wrong != nil {
		return storage.Bucket{}, fmt.Errorf("redis: %s: %w", c.op, wrong)
	}
	return b, err
}

// bucketOf reads a script's answer.
func bucketOf(reply any) (storage.Bucket, error) {
	list := sliceOf(reply)
	if len(list) != 8 {
		return storage.Bucket{}, errors.New("the server's answer is no bucket")
	}
	var n [5]float64
	for i, at := range []int{1, 2, 3, 4, 6} {
		f, err := strconv.ParseFloat(stringOf(list[at]), 64)
		if err != nil {
			return storage.Bucket{}, fmt.Errorf("the bucket: %w", err)
		}
		n[i] = f
	}
	b := storage.Bucket{
		OK: intOf(list[0]) == 1, Level: n[0], RateFactor: n[1], BurstFactor: n[2], Time: time.UnixMilli(int64(n[3])),
		First: intOf(list[5]) == 1, Label: stringOf(list[7]),
	}
	if n[4] > 0 {
		b.Filled = time.UnixMilli(int64(n[4]))
	}
	return b, nil
}

// Forget implements storage.Buckets.
func (s *Store) Forget(ctx context.Context, name string) error {
	if err := checkKeys(name); err != nil {
		return err
	}
	key := s.bucket(name)
	return s.do(ctx, &command{op: "Forget", key: key, args: []any{"unlink", key}, write: true, repeat: true})
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func decimal(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
