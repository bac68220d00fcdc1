package storage

import (
	"context"
	"slices"
	"time"
)

// The methods of TimedStore copy what they are given, as a call may outlast its
// caller.

func owned(b []byte) []byte {
	if b == nil {
		return nil
	}
	return clone(b)
}

func (l Lesson) owned() Lesson {
	l.IDs = slices.Clone(l.IDs)
	return l
}

func ownedSeries(of []SeriesOf) []SeriesOf {
	of = slices.Clone(of)
	for i := range of {
		of[i].Windows = slices.Clone(of[i].Windows)
	}
	return of
}

func ownedObservations(obs []Observation) []Observation {
	obs = slices.Clone(obs)
	for i := range obs {
		obs[i].Windows = slices.Clone(obs[i].Windows)
	}
	return obs
}

// do is within for methods that return only an error.
func (t *TimedStore) do(ctx context.Context, f func(ctx context.Context) error) error {
	_, err := within(ctx, t, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
	return err
}

// Batch implements Batcher.
func (t *TimedStore) Batch(ctx context.Context, calls []Call) {
	own := calls
	if t.prompt == Unprompt { // the store may use them when nobody waits any more
		own = make([]Call, len(calls))
		for i, c := range calls {
			own[i] = c.ownedCall()
		}
	}
	late, err := within(ctx, t, func(ctx context.Context) (bool, error) {
		Batch(ctx, t.next, own)
		return ctx.Err() != nil, nil
	})
	for i, c := range calls {
		switch {
		case err != nil:
			c.Fail(err)
			continue
		case t.prompt == Unprompt:
			c.answer(own[i])
		}
		if late && isTimeout(c.Failed()) && ctx.Err() == nil {
			c.Fail(t.errSpent())
		}
	}
}

// Get implements KV.
func (t *TimedStore) Get(ctx context.Context, key string) ([]byte, error) {
	return within(ctx, t, func(ctx context.Context) ([]byte, error) { return t.next.Get(ctx, key) })
}

// GetMany implements KV.
func (t *TimedStore) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	keys = slices.Clone(keys)
	return within(ctx, t, func(ctx context.Context) ([][]byte, error) { return t.next.GetMany(ctx, keys) })
}

// Set implements KV.
func (t *TimedStore) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	value = owned(value)
	return t.do(ctx, func(ctx context.Context) error { return t.next.Set(ctx, key, value, ttl) })
}

// SetMany implements ManySetter.
func (t *TimedStore) SetMany(ctx context.Context, values []Value, ttl time.Duration) error {
	values = slices.Clone(values)
	for i := range values {
		values[i].Data = owned(values[i].Data)
	}
	return t.do(ctx, func(ctx context.Context) error { return SetMany(ctx, t.next, values, ttl) })
}

// Add implements KV.
func (t *TimedStore) Add(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	value = owned(value)
	return within(ctx, t, func(ctx context.Context) ([]byte, error) { return t.next.Add(ctx, key, value, ttl) })
}

// CompareAndSwap implements KV.
func (t *TimedStore) CompareAndSwap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	old, value = owned(old), owned(value)
	return within(ctx, t, func(ctx context.Context) (bool, error) { return t.next.CompareAndSwap(ctx, key, old, value, ttl) })
}

// Increment implements KV.
func (t *TimedStore) Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	return within(ctx, t, func(ctx context.Context) (int64, error) { return t.next.Increment(ctx, key, delta, ttl) })
}

// Delete implements KV.
func (t *TimedStore) Delete(ctx context.Context, keys ...string) error {
	keys = slices.Clone(keys)
	return t.do(ctx, func(ctx context.Context) error { return t.next.Delete(ctx, keys...) })
}

// Scan implements KV.
func (t *TimedStore) Scan(ctx context.Context, prefix, cursor string, n int) ([]string, string, error) {
	type page struct {
		keys []string
		next string
	}
	p, err := within(ctx, t, func(ctx context.Context) (p page, err error) {
		p.keys, p.next, err = t.next.Scan(ctx, prefix, cursor, n)
		return p, err
	})
	return p.keys, p.next, err
}

// Take implements Buckets.
func (t *TimedStore) Take(ctx context.Context, name string, d Draw, now time.Time) (Bucket, error) {
	return within(ctx, t, func(ctx context.Context) (Bucket, error) { return t.next.Take(ctx, name, d, now) })
}

// Tune implements Buckets.
func (t *TimedStore) Tune(ctx context.Context, name string, tu Tuning, now time.Time) (Bucket, error) {
	return within(ctx, t, func(ctx context.Context) (Bucket, error) { return t.next.Tune(ctx, name, tu, now) })
}

// TakeAll implements Buckets.
func (t *TimedStore) TakeAll(ctx context.Context, claims []Claim, now time.Time) ([]Bucket, error) {
	claims = slices.Clone(claims)
	return within(ctx, t, func(ctx context.Context) ([]Bucket, error) { return t.next.TakeAll(ctx, claims, now) })
}

// Settle implements Buckets.
func (t *TimedStore) Settle(ctx context.Context, ss []Settlement, now time.Time) error {
	ss = slices.Clone(ss)
	return t.do(ctx, func(ctx context.Context) error { return t.next.Settle(ctx, ss, now) })
}

// Forget implements Buckets.
func (t *TimedStore) Forget(ctx context.Context, name string) error {
	return t.do(ctx, func(ctx context.Context) error { return t.next.Forget(ctx, name) })
}

// Observed implements Averages.
func (t *TimedStore) Observed(ctx context.Context, of []SeriesOf) ([]Series, error) {
	of = ownedSeries(of)
	return within(ctx, t, func(ctx context.Context) ([]Series, error) { return t.next.Observed(ctx, of) })
}

// Observe implements Averages.
func (t *TimedStore) Observe(ctx context.Context, obs []Observation, now time.Time) error {
	obs = ownedObservations(obs)
	return t.do(ctx, func(ctx context.Context) error { return t.next.Observe(ctx, obs, now) })
}

// Counts implements Tokens.
func (t *TimedStore) Counts(ctx context.Context, table string, ids []uint64) (Counts, error) {
	ids = slices.Clone(ids)
	return within(ctx, t, func(ctx context.Context) (Counts, error) { return t.next.Counts(ctx, table, ids) })
}

// Learn implements Tokens.
func (t *TimedStore) Learn(ctx context.Context, table string, l Lesson) (Learned, error) {
	l = l.owned()
	return within(ctx, t, func(ctx context.Context) (Learned, error) { return t.next.Learn(ctx, table, l) })
}

// LearnMany implements Tokens. When the budget cuts it off, how many of the
// lessons were learned is not known.
func (t *TimedStore) LearnMany(ctx context.Context, table string, ls []Lesson) ([]Learned, error) {
	ls = slices.Clone(ls)
	for i, l := range ls {
		ls[i] = l.owned()
	}
	return within(ctx, t, func(ctx context.Context) ([]Learned, error) { return t.next.LearnMany(ctx, table, ls) })
}

// Lesson implements Tokens.
func (t *TimedStore) Lesson(ctx context.Context, table, message string) (string, error) {
	return within(ctx, t, func(ctx context.Context) (string, error) { return t.next.Lesson(ctx, table, message) })
}

// LessonAs implements AliasReader.
func (t *TimedStore) LessonAs(ctx context.Context, table, message string, aliases []string) (string, error) {
	aliases = slices.Clone(aliases)
	return within(ctx, t, func(ctx context.Context) (string, error) { return LessonAs(ctx, t.next, table, message, aliases) })
}

// DropTable implements Tokens.
func (t *TimedStore) DropTable(ctx context.Context, table string) error {
	return t.do(ctx, func(ctx context.Context) error { return t.next.DropTable(ctx, table) })
}

// Append implements Log.
func (t *TimedStore) Append(ctx context.Context, log, id string, data []byte) (uint64, error) {
	data = owned(data)
	return within(ctx, t, func(ctx context.Context) (uint64, error) { return t.next.Append(ctx, log, id, data) })
}

// AppendMany implements ManyAppender. When the budget cuts it off, how many of the
// items were added is not known.
func (t *TimedStore) AppendMany(ctx context.Context, log string, items []Item) ([]uint64, error) {
	items = slices.Clone(items)
	for i := range items {
		items[i].Data = owned(items[i].Data)
	}
	return within(ctx, t, func(ctx context.Context) ([]uint64, error) { return AppendMany(ctx, t.next, log, items) })
}

// ReadLog implements Log.
func (t *TimedStore) ReadLog(ctx context.Context, log string, from uint64, n int) ([]Entry, error) {
	return within(ctx, t, func(ctx context.Context) ([]Entry, error) { return t.next.ReadLog(ctx, log, from, n) })
}

// NewestLog implements Log.
func (t *TimedStore) NewestLog(ctx context.Context, log string, before uint64, n int) ([]Entry, error) {
	return within(ctx, t, func(ctx context.Context) ([]Entry, error) { return t.next.NewestLog(ctx, log, before, n) })
}

// LogState implements Log.
func (t *TimedStore) LogState(ctx context.Context, log string) (LogState, error) {
	return within(ctx, t, func(ctx context.Context) (LogState, error) { return t.next.LogState(ctx, log) })
}

// TrimLog implements Log.
func (t *TimedStore) TrimLog(ctx context.Context, log string, trim Trim) (int, error) {
	return within(ctx, t, func(ctx context.Context) (int, error) { return t.next.TrimLog(ctx, log, trim) })
}

// Push implements Recent.
func (t *TimedStore) Push(ctx context.Context, list string, item []byte, keep int) error {
	item = owned(item)
	return t.do(ctx, func(ctx context.Context) error { return t.next.Push(ctx, list, item, keep) })
}

// Items implements Recent.
func (t *TimedStore) Items(ctx context.Context, list string, skip, n int) ([][]byte, error) {
	return within(ctx, t, func(ctx context.Context) ([][]byte, error) { return t.next.Items(ctx, list, skip, n) })
}

// Rank implements Ranked.
func (t *TimedStore) Rank(ctx context.Context, set, member string, score float64, keep int, ttl time.Duration) error {
	return t.do(ctx, func(ctx context.Context) error { return t.next.Rank(ctx, set, member, score, keep, ttl) })
}

// RankOf implements Ranked.
func (t *TimedStore) RankOf(ctx context.Context, set, member string) (float64, error) {
	return within(ctx, t, func(ctx context.Context) (float64, error) { return t.next.RankOf(ctx, set, member) })
}

// Members implements Ranked.
func (t *TimedStore) Members(ctx context.Context, set string, skip, n int) ([]Member, error) {
	return within(ctx, t, func(ctx context.Context) ([]Member, error) { return t.next.Members(ctx, set, skip, n) })
}

// Unrank implements Ranked.
func (t *TimedStore) Unrank(ctx context.Context, set string, members ...string) error {
	members = slices.Clone(members)
	return t.do(ctx, func(ctx context.Context) error { return t.next.Unrank(ctx, set, members...) })
}

// RankMany implements ManyRanker.
func (t *TimedStore) RankMany(ctx context.Context, rs []Ranking) error {
	rs = slices.Clone(rs)
	return t.do(ctx, func(ctx context.Context) error { return RankMany(ctx, t.next, rs) })
}

// RanksOf implements ManyRanker.
func (t *TimedStore) RanksOf(ctx context.Context, of []MemberOf) ([]Member, error) {
	of = slices.Clone(of)
	return within(ctx, t, func(ctx context.Context) ([]Member, error) { return RanksOf(ctx, t.next, of) })
}
