package redis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// KEYS[1] is what the names of a log's keys begin with. The entries' numbers are
// the first part of their IDs in the stream, the milliseconds of their time the
// second.

// luaAppend: id, data, acks. Returns the number. As in luaLearn, what is there
// already is written again if replicas are waited for.
const luaAppend = `
local base, id, data = KEYS[1], ARGV[1], ARGV[2]
if id ~= '' then
  local seq = redis.call('HGET', base .. 'i', id)
  if seq then
    if ARGV[3] ~= '0' then
      redis.call('HSET', base .. 'i', id, seq)
    end
    return seq
  end
end
local seq = string.format('%.0f', redis.call('HINCRBY', base .. 's', 'last', 1))
local time = redis.call('TIME')
redis.call('XADD', base .. 'e', seq .. '-' .. string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)), 'i', id, 'd', data)
redis.call('HINCRBY', base .. 's', 'bytes', #data)
if id ~= '' then
  redis.call('HSET', base .. 'i', id, seq)
end
return seq
`

// luaState returns the first number, the last that was given, and the bytes.
const luaState = `
local s = redis.call('HMGET', KEYS[1] .. 's', 'last', 'bytes')
local first = redis.call('XRANGE', KEYS[1] .. 'e', '-', '+', 'COUNT', 1)[1]
return {first and string.match(first[1], '^%d+') or '', s[1] or '0', s[2] or '0'}
`

// luaTrim: keep, before in ms ("" for none), floor. It removes some of the oldest
// entries and returns how many, and 1 if there may be more to remove.
const luaTrim = `
local base, keep, before, floor = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local last = tonumber(redis.call('HGET', base .. 's', 'last') or '0')
local removed, bytes = 0, 0
while removed < 256 and bytes < 4194304 do
  local gone, ids = {}, {}
  for _, e in ipairs(redis.call('XRANGE', base .. 'e', '-', '+', 'COUNT', 16)) do
    local seq, time = string.match(e[1], '^(%d+)-(%d+)$')
    seq, time = tonumber(seq), tonumber(time)
    local goes = keep > 0 and last + 1 - seq > keep or before and time < before
    if not goes or floor > 0 and seq >= floor then
      break
    end
    gone[#gone + 1] = e[1]
    bytes = bytes + #e[2][4]
    if e[2][2] ~= '' then
      ids[#ids + 1] = e[2][2]
    end
  end
  if #gone > 0 then
    redis.call('XDEL', base .. 'e', unpack(gone))
    removed = removed + #gone
  end
  if #ids > 0 then
    redis.call('HDEL', base .. 'i', unpack(ids))
  end
  if #gone < 16 then
    redis.call('HINCRBY', base .. 's', 'bytes', 0 - bytes)
    return {removed, 0}
  end
end
redis.call('HINCRBY', base .. 's', 'bytes', 0 - bytes)
return {removed, 1}
`

// Append implements storage.Log.
func (s *Store) Append(ctx context.Context, log, id string, data []byte) (uint64, error) {
	if err := checkKeys(log); err != nil {
		return 0, err
	}
	c, err := s.appendCommand(log, id, data)
	if err != nil {
		return 0, err
	}
	err = s.do(ctx, c)
	return uint64(intOf(c.result(err))), err
}

func (s *Store) appendCommand(log, id string, data []byte) (*command, error) {
	if id != "" {
		if err := checkKeys(id); err != nil {
			return nil, err
		}
	}
	return &command{
		op: "Append", key: s.log(log), script: &s.scripts.append, write: true, repeat: id != "",
		args: []any{id, string(data), s.o.Acks},
	}, nil
}

// AppendMany implements storage.ManyAppender: 64 items go in one trip, each a
// transaction.
func (s *Store) AppendMany(ctx context.Context, log string, items []storage.Item) ([]uint64, error) {
	if err := checkKeys(log); err != nil {
		return nil, err
	}
	seqs := make([]uint64, 0, len(items))
	for trip := range slices.Chunk(items, learnTrip) {
		var cmds []*command
		var bad error
		for _, item := range trip {
			var c *command
			if c, bad = s.appendCommand(log, item.ID, item.Data); bad != nil {
				break
			}
			cmds = append(cmds, c)
		}
		done, err := s.appendAll(ctx, cmds)
		seqs = append(seqs, done...)
		if err = errors.Join(err, bad); err != nil {
			return seqs, err
		}
	}
	return seqs, ctx.Err()
}

// appendAll appends entries in one trip. On an error it returns the numbers of
// those that the server answered for.
func (s *Store) appendAll(ctx context.Context, cmds []*command) (seqs []uint64, err error) {
	if len(cmds) == 0 {
		return nil, nil
	}
	err = s.do(ctx, cmds...)
	if ctx.Err() != nil && err != nil {
		return nil, err // The commands are not ours any more.
	}
	for _, c := range cmds {
		seq := uint64(intOf(c.result(err)))
		if seq == 0 {
			break
		}
		seqs = append(seqs, seq)
	}
	return seqs, err
}

// ReadLog implements storage.Log.
func (s *Store) ReadLog(ctx context.Context, log string, from uint64, n int) ([]storage.Entry, error) {
	if err := checkKeys(log); err != nil {
		return nil, err
	}
	from = max(1, from)
	base := s.log(log)
	last := &command{op: "ReadLog", key: base, args: []any{"hget", base + "s", "last"}, repeat: true}
	read := &command{
		op: "ReadLog", key: base, repeat: true,
		args: []any{"xrange", base + "e", entryID(from), "+", "count", max(1, n)},
	}
	if err := s.do(ctx, last, read); err != nil {
		return nil, err
	}
	entries, err := entriesOf("ReadLog", read.reply)
	if err != nil {
		return nil, err
	}
	// The number was read before the entries, so an entry that it counts and
	// that is not there was trimmed.
	if from <= uint64(intOf(last.reply)) && (len(entries) == 0 || entries[0].Seq != from) {
		return nil, storage.ErrTrimmed
	}
	if n < 1 {
		return nil, nil
	}
	return entries, nil
}

// NewestLog implements storage.Log.
func (s *Store) NewestLog(ctx context.Context, log string, before uint64, n int) ([]storage.Entry, error) {
	if err := checkKeys(log); err != nil {
		return nil, err
	}
	if n < 1 || before == 1 {
		return nil, ctx.Err()
	}
	base, end := s.log(log), "+"
	if before > 0 {
		end = strconv.FormatUint(before-1, 10)
	}
	c := &command{op: "NewestLog", key: base, args: []any{"xrevrange", base + "e", end, "-", "count", n}, repeat: true}
	if err := s.do(ctx, c); err != nil {
		return nil, err
	}
	return entriesOf("NewestLog", c.reply)
}

// entryID is the first ID that an entry of a number may have.
func entryID(seq uint64) string { return strconv.FormatUint(seq, 10) + "-0" }

func entriesOf(op string, reply any) ([]storage.Entry, error) {
	var entries []storage.Entry
	for _, e := range sliceOf(reply) {
		pair := sliceOf(e)
		if len(pair) != 2 {
			return nil, fmt.Errorf("redis: %s: the server's answer is no entry", op)
		}
		seq, ms, _ := strings.Cut(stringOf(pair[0]), "-")
		number, err := strconv.ParseUint(seq, 10, 64)
		at, err2 := strconv.ParseInt(ms, 10, 64)
		fields := sliceOf(pair[1])
		if err != nil || err2 != nil || len(fields) != 4 {
			return nil, fmt.Errorf("redis: %s: %q is no entry of this package", op, stringOf(pair[0]))
		}
		entries = append(entries, storage.Entry{
			Seq: number, Time: time.UnixMilli(at), ID: stringOf(fields[1]), Data: bytesOf(fields[3]),
		})
	}
	return entries, nil
}

// LogState implements storage.Log.
func (s *Store) LogState(ctx context.Context, log string) (storage.LogState, error) {
	if err := checkKeys(log); err != nil {
		return storage.LogState{}, err
	}
	c := &command{op: "LogState", key: s.log(log), script: &s.scripts.state, repeat: true}
	if err := s.do(ctx, c); err != nil {
		return storage.LogState{}, err
	}
	reply := sliceOf(c.reply)
	if len(reply) != 3 {
		return storage.LogState{}, fmt.Errorf("redis: LogState: the server's answer is no state of a log")
	}
	st := storage.LogState{Next: uint64(intOf(reply[1])) + 1, Bytes: intOf(reply[2])}
	st.First = st.Next
	if reply[0] != "" {
		st.First = uint64(intOf(reply[0]))
	}
	return st, nil
}

// TrimLog implements storage.Log, in several steps if there is much to remove.
// With an error it returns how many entries had gone by then.
func (s *Store) TrimLog(ctx context.Context, log string, t storage.Trim) (int, error) {
	if err := checkKeys(log); err != nil {
		return 0, err
	}
	before := ""
	if !t.Before.IsZero() {
		// An entry of the same millisecond is older if Before has a fraction.
		before = millis(t.Before.Add(time.Millisecond - 1))
	}
	removed := 0
	for {
		c := &command{
			op: "TrimLog", key: s.log(log), script: &s.scripts.trim, write: true,
			args: []any{min(max(0, t.Keep), math.MaxInt32), before, strconv.FormatUint(t.Floor, 10)},
		}
		err := s.do(ctx, c)
		reply := sliceOf(c.result(err))
		if len(reply) == 2 {
			removed += int(intOf(reply[0]))
		}
		if err != nil || len(reply) != 2 || intOf(reply[1]) == 0 {
			return removed, err
		}
	}
}
