package redis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// Series are hashes as Rspamd 4.1.6 keeps reputations: l is when something was last
// observed in milliseconds, n how often, and v with a window's name behind it that
// window's average. What is no finite number counts as missing.

// luaObserve: now in ms, value, lifetime in ms, and of each window its name and its
// span in ms.
const luaObserve = `
local h = redis.call('HMGET', KEYS[1], 'l', 'n')
local now, value = tonumber(ARGV[1]), tonumber(ARGV[2])
local last, n = tonumber(h[1] or ''), tonumber(h[2] or '')
if not n or not (n >= 0 and n < 9007199254740991) then
  n = 0
end
for i = 4, #ARGV, 2 do
  local field, is = 'v' .. ARGV[i], value
  local was = tonumber(redis.call('HGET', KEYS[1], field) or '')
  if last and was and was - was == 0 then
    local alpha = 1 - math.exp(-math.max(0, now - last) / tonumber(ARGV[i + 1]))
    is = alpha * value + (1 - alpha) * was
  end
  redis.call('HSET', KEYS[1], field, string.format('%.17g', is))
end
redis.call('HMSET', KEYS[1], 'l', ARGV[1], 'n', string.format('%.0f', math.floor(n) + 1))
if ARGV[3] == '0' then
  redis.call('PERSIST', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
`

// Observed implements storage.Averages, 256 series in a trip.
func (s *Store) Observed(ctx context.Context, of []storage.SeriesOf) ([]storage.Series, error) {
	if err := storage.CheckSeries(of); err != nil {
		return nil, err
	}
	all := make([]storage.Series, 0, len(of))
	for trip := range slices.Chunk(of, manyTrip) {
		cmds := s.averages(trip)
		if err := s.spread(ctx, cmds); err != nil {
			return nil, err
		}
		found, err := seriesOf(trip, cmds)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, ctx.Err()
}

// averages makes a command for each series.
func (s *Store) averages(of []storage.SeriesOf) []*command {
	cmds := make([]*command, len(of))
	for i, x := range of {
		key := s.series(x.Name)
		args := []any{"hmget", key, "l", "n"}
		for _, name := range x.Windows {
			args = append(args, "v"+name)
		}
		cmds[i] = &command{op: "Observed", key: key, args: args, repeat: true}
	}
	return cmds
}

// seriesOf reads the replies to averages.
func seriesOf(of []storage.SeriesOf, cmds []*command) ([]storage.Series, error) {
	all := make([]storage.Series, len(of))
	for i, x := range of {
		reply := sliceOf(cmds[i].reply)
		if len(reply) != 2+len(x.Windows) {
			return nil, fmt.Errorf("redis: Observed: the server's answer is no series")
		}
		n, ok := numberOf(reply[1])
		if n = math.Floor(min(n, 1<<53)); !ok || n < 1 {
			continue
		}
		all[i] = storage.Series{Count: int64(n), Values: map[string]float64{}}
		if last, ok := numberOf(reply[0]); ok && math.Abs(last) < 1<<53 {
			all[i].Time = time.UnixMilli(int64(last))
		}
		for j, name := range x.Windows {
			if v, ok := numberOf(reply[2+j]); ok {
				all[i].Values[name] = v
			}
		}
	}
	return all, nil
}

// numberOf reads a field of a hash; ok is false for one that is no finite number.
func numberOf(field any) (v float64, ok bool) {
	if field == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(stringOf(field), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// Observe implements storage.Averages, 256 observations in a trip.
func (s *Store) Observe(ctx context.Context, obs []storage.Observation, now time.Time) error {
	if err := storage.CheckObservations(obs); err != nil {
		return err
	}
	for trip := range slices.Chunk(obs, manyTrip) {
		if err := s.spread(ctx, s.observations(trip, now)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// observations makes a command for each observation.
func (s *Store) observations(obs []storage.Observation, now time.Time) []*command {
	cmds := make([]*command, len(obs))
	for i, o := range obs {
		args := []any{millis(now), decimal(o.Value), ms(o.TTL)}
		for _, w := range o.Windows {
			args = append(args, w.Name, decimal(float64(w.Span)/float64(time.Millisecond)))
		}
		cmds[i] = &command{op: "Observe", key: s.series(o.Series), script: &s.scripts.observe, args: args, write: true, repeat: true}
	}
	return cmds
}
