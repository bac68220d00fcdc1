package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// Buckets are hashes as Rspamd 4.1.6 keeps them: l is when the bucket last leaked
// in milliseconds, b its level, p what Rspamd has taken for messages that it has
// not finished, dr and db the factors of the rate and the burst times 10,000.
// What is pending counts as used and is left as it is.

// luaBucket reads a bucket. now is in milliseconds.
const luaBucket = `
local function number(n)
  return string.format('%.17g', n)
end

local function read(key, now)
  local h = redis.call('HMGET', key, 'l', 'b', 'p', 'dr', 'db')
  return {
    last = tonumber(h[1] or '') or now,
    level = math.max(0, tonumber(h[2] or '') or 0),
    pending = math.max(0, tonumber(h[3] or '') or 0),
    rate = math.max(1, tonumber(h[4] or '') or 10000) / 10000,
    burst = math.max(1, tonumber(h[5] or '') or 10000) / 10000,
    fresh = not h[3],
  }
end

local function write(key, b, ms)
  redis.call('HMSET', key, 'l', number(b.last), 'b', number(b.level),
    'dr', number(b.rate * 10000), 'db', number(b.burst * 10000))
  if b.fresh then
    redis.call('HSET', key, 'p', '0')
  end
  redis.call('PEXPIRE', key, ms)
end

local function answer(b, ok)
  return {ok, number(b.level + b.pending), number(b.rate), number(b.burst), number(b.last)}
end
`

// luaTake: now, leaks per millisecond, burst, n, lifetime in ms.
const luaTake = `
local now, n = tonumber(ARGV[1]), tonumber(ARGV[4])
local b = read(KEYS[1], now)
if now > b.last then
  b.level = math.max(0, b.level - (now - b.last) * tonumber(ARGV[2]) * b.rate)
  b.last = now
end
local ok = 0
if b.level + b.pending + n <= tonumber(ARGV[3]) * b.burst then
  ok = 1
  b.level = b.level + n
end
if n > 0 then
  write(KEYS[1], b, ARGV[5])
end
return answer(b, ok)
`

// luaTune: now, factors of the rate and the burst, their maxima, lifetime in ms.
const luaTune = `
local function tuned(factor, by, most)
  return math.min(math.max(factor * by, 1 / most), most)
end
local b = read(KEYS[1], tonumber(ARGV[1]))
b.rate = tuned(b.rate, tonumber(ARGV[2]), tonumber(ARGV[4]))
b.burst = tuned(b.burst, tonumber(ARGV[3]), tonumber(ARGV[5]))
write(KEYS[1], b, ARGV[6])
return answer(b, 1)
`

// Take implements storage.Buckets.
func (s *Store) Take(ctx context.Context, name string, d storage.Draw, now time.Time) (storage.Bucket, error) {
	if err := d.Check(); err != nil {
		return storage.Bucket{}, err
	}
	return s.step(ctx, &command{
		op: "Take", key: name, script: &s.scripts.take, write: d.N > 0, repeat: d.N == 0,
		args: []any{millis(now), decimal(d.Rate / 1000), decimal(d.Burst), decimal(d.N), ms(d.Keep())},
	})
}

// Tune implements storage.Buckets. The factors are kept times 10,000.
func (s *Store) Tune(ctx context.Context, name string, t storage.Tuning, now time.Time) (storage.Bucket, error) {
	if err := t.Check(); err != nil {
		return storage.Bucket{}, err
	}
	by := func(f float64) string {
		if f == 0 {
			f = 1
		}
		return decimal(f)
	}
	return s.step(ctx, &command{
		op: "Tune", key: name, script: &s.scripts.tune, write: true,
		args: []any{millis(now), by(t.Rate), by(t.Burst), decimal(max(1, t.MaxRate)), decimal(max(1, t.MaxBurst)), ms(t.Keep())},
	})
}

// step runs a script on the bucket that c.key names.
func (s *Store) step(ctx context.Context, c *command) (storage.Bucket, error) {
	if err := checkKeys(c.key); err != nil {
		return storage.Bucket{}, err
	}
	c.key = s.bucket(c.key)
	err := s.do(ctx, c)
	reply := sliceOf(c.result(err))
	if len(reply) != 5 {
		if err == nil {
			err = fmt.Errorf("redis: %s: the server's answer is no bucket", c.op)
		}
		return storage.Bucket{}, err
	}
	var n [4]float64
	for i := range n {
		f, wrong := strconv.ParseFloat(stringOf(reply[i+1]), 64)
		if wrong != nil {
			return storage.Bucket{}, fmt.Errorf("redis: %s: the bucket: %w", c.op, wrong)
		}
		n[i] = f
	}
	return storage.Bucket{
		OK: intOf(reply[0]) == 1, Level: n[0], RateFactor: n[1], BurstFactor: n[2], Time: time.UnixMilli(int64(n[3])),
	}, err
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
