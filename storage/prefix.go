package storage

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Prefix returns the part of a store whose keys and names (of buckets, series,
// tables, logs, lists and sets) begin with prefix; who uses it does not see the prefix.
// Members of sets, messages, classes and ids of entries are not changed. A key
// may be as long as MaxKey less the prefix. Close closes the whole store.
func Prefix(store Store, prefix string) Store {
	if p, ok := store.(prefixed); ok {
		return prefixed{p.next, p.prefix + prefix}
	}
	return prefixed{store, prefix}
}

type prefixed struct {
	next   Store
	prefix string
}

// name returns the key in the store. An empty one stays, as it is ErrBadKey.
func (p prefixed) name(key string) string {
	if key == "" {
		return ""
	}
	return p.prefix + key
}

func (p prefixed) names(keys []string) []string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = p.name(key)
	}
	return names
}

func (p prefixed) Close() error { return p.next.Close() }
func (p prefixed) Stats() Stats { return p.next.Stats() }

// Batch implements Batcher.
func (p prefixed) Batch(ctx context.Context, calls []Call) {
	named := make([]Call, len(calls))
	for i, c := range calls {
		named[i] = c.under(p.prefix)
	}
	Batch(ctx, p.next, named)
	for i, c := range calls {
		c.answer(named[i])
	}
}

func (p prefixed) Get(ctx context.Context, key string) ([]byte, error) {
	return p.next.Get(ctx, p.name(key))
}

func (p prefixed) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	return p.next.GetMany(ctx, p.names(keys))
}

func (p prefixed) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return p.next.Set(ctx, p.name(key), value, ttl)
}

// SetMany implements ManySetter.
func (p prefixed) SetMany(ctx context.Context, values []Value, ttl time.Duration) error {
	named := make([]Value, len(values))
	for i, v := range values {
		named[i] = Value{p.name(v.Key), v.Data}
	}
	return SetMany(ctx, p.next, named, ttl)
}

func (p prefixed) Add(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	return p.next.Add(ctx, p.name(key), value, ttl)
}

func (p prefixed) CompareAndSwap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	return p.next.CompareAndSwap(ctx, p.name(key), old, value, ttl)
}

func (p prefixed) Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	return p.next.Increment(ctx, p.name(key), delta, ttl)
}

func (p prefixed) Delete(ctx context.Context, keys ...string) error {
	return p.next.Delete(ctx, p.names(keys)...)
}

func (p prefixed) Scan(ctx context.Context, prefix, cursor string, n int) ([]string, string, error) {
	names, next, err := p.next.Scan(ctx, p.prefix+prefix, cursor, n)
	keys := names[:0]
	for _, name := range names {
		// The key that is the prefix itself is none of this part's.
		if key := strings.TrimPrefix(name, p.prefix); key != "" {
			keys = append(keys, key)
		}
	}
	return keys, next, err
}

func (p prefixed) Take(ctx context.Context, name string, d Draw, now time.Time) (Bucket, error) {
	return p.next.Take(ctx, p.name(name), d, now)
}

func (p prefixed) Tune(ctx context.Context, name string, t Tuning, now time.Time) (Bucket, error) {
	return p.next.Tune(ctx, p.name(name), t, now)
}

func (p prefixed) TakeAll(ctx context.Context, claims []Claim, now time.Time) ([]Bucket, error) {
	named := slices.Clone(claims)
	for i := range named {
		named[i].Name = p.name(named[i].Name)
	}
	return p.next.TakeAll(ctx, named, now)
}

func (p prefixed) Settle(ctx context.Context, ss []Settlement, now time.Time) error {
	named := slices.Clone(ss)
	for i := range named {
		named[i].Name = p.name(named[i].Name)
	}
	return p.next.Settle(ctx, named, now)
}

func (p prefixed) Forget(ctx context.Context, name string) error {
	return p.next.Forget(ctx, p.name(name))
}

func (p prefixed) Observed(ctx context.Context, of []SeriesOf) ([]Series, error) {
	return p.next.Observed(ctx, renamed(of, p.prefix, func(x *SeriesOf) *string { return &x.Name }))
}

func (p prefixed) Observe(ctx context.Context, obs []Observation, now time.Time) error {
	return p.next.Observe(ctx, renamed(obs, p.prefix, func(o *Observation) *string { return &o.Series }), now)
}

func (p prefixed) Counts(ctx context.Context, table string, ids []uint64) (Counts, error) {
	return p.next.Counts(ctx, p.name(table), ids)
}

func (p prefixed) Learn(ctx context.Context, table string, l Lesson) (Learned, error) {
	return p.next.Learn(ctx, p.name(table), l)
}

func (p prefixed) LearnMany(ctx context.Context, table string, ls []Lesson) ([]Learned, error) {
	return p.next.LearnMany(ctx, p.name(table), ls)
}

func (p prefixed) Lesson(ctx context.Context, table, message string) (string, error) {
	return p.next.Lesson(ctx, p.name(table), message)
}

// LessonAs implements AliasReader.
func (p prefixed) LessonAs(ctx context.Context, table, message string, aliases []string) (string, error) {
	return LessonAs(ctx, p.next, p.name(table), message, aliases)
}

func (p prefixed) DropTable(ctx context.Context, table string) error {
	return p.next.DropTable(ctx, p.name(table))
}

func (p prefixed) Append(ctx context.Context, log, id string, data []byte) (uint64, error) {
	return p.next.Append(ctx, p.name(log), id, data)
}

// AppendMany implements ManyAppender.
func (p prefixed) AppendMany(ctx context.Context, log string, items []Item) ([]uint64, error) {
	return AppendMany(ctx, p.next, p.name(log), items)
}

func (p prefixed) ReadLog(ctx context.Context, log string, from uint64, n int) ([]Entry, error) {
	return p.next.ReadLog(ctx, p.name(log), from, n)
}

func (p prefixed) NewestLog(ctx context.Context, log string, before uint64, n int) ([]Entry, error) {
	return p.next.NewestLog(ctx, p.name(log), before, n)
}

func (p prefixed) LogState(ctx context.Context, log string) (LogState, error) {
	return p.next.LogState(ctx, p.name(log))
}

func (p prefixed) TrimLog(ctx context.Context, log string, t Trim) (int, error) {
	return p.next.TrimLog(ctx, p.name(log), t)
}

func (p prefixed) Push(ctx context.Context, list string, item []byte, keep int) error {
	return p.next.Push(ctx, p.name(list), item, keep)
}

func (p prefixed) Items(ctx context.Context, list string, skip, n int) ([][]byte, error) {
	return p.next.Items(ctx, p.name(list), skip, n)
}

func (p prefixed) Rank(ctx context.Context, set, member string, score float64, keep int, ttl time.Duration) error {
	return p.next.Rank(ctx, p.name(set), member, score, keep, ttl)
}

func (p prefixed) RankOf(ctx context.Context, set, member string) (float64, error) {
	return p.next.RankOf(ctx, p.name(set), member)
}

func (p prefixed) Members(ctx context.Context, set string, skip, n int) ([]Member, error) {
	return p.next.Members(ctx, p.name(set), skip, n)
}

func (p prefixed) Unrank(ctx context.Context, set string, members ...string) error {
	return p.next.Unrank(ctx, p.name(set), members...)
}

// RankMany implements ManyRanker.
func (p prefixed) RankMany(ctx context.Context, rs []Ranking) error {
	named := slices.Clone(rs)
	for i := range named {
		named[i].Set = p.name(named[i].Set)
	}
	return RankMany(ctx, p.next, named)
}

// RanksOf implements ManyRanker.
func (p prefixed) RanksOf(ctx context.Context, of []MemberOf) ([]Member, error) {
	named := slices.Clone(of)
	for i := range named {
		named[i].Set = p.name(named[i].Set)
	}
	return RanksOf(ctx, p.next, named)
}
