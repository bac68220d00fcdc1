package winnow

import (
	"context"
	"time"

	"github.com/winnowmail/winnow/storage"
)

var _ storage.Store = (*checkStore)(nil)

// none is the result of a call that has only an error.
type none struct{}

func (k *checkStore) do(op string, do func(s storage.Store) error, args ...any) error {
	_, err := storeCall(k, op, func(s storage.Store) (none, error) { return none{}, do(s) }, args...)
	return err
}

// A keyPage is the result of Scan.
type keyPage struct {
	Keys []string `json:"keys"`
	Next string   `json:"next"`
}

// Close does nothing: the store is the host's.
func (k *checkStore) Close() error { return nil }

// Stats returns the store's own; in a replay they are not known.
func (k *checkStore) Stats() storage.Stats {
	if k.scan.rerun != nil {
		return storage.Stats{Kind: "transcript", Keys: -1, Bytes: -1, Free: -1}
	}
	return k.next.Stats()
}

func (k *checkStore) Get(ctx context.Context, key string) ([]byte, error) {
	return storeCall(k, "get", func(s storage.Store) ([]byte, error) { return s.Get(ctx, key) }, key)
}

func (k *checkStore) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	return storeCall(k, "getmany", func(s storage.Store) ([][]byte, error) { return s.GetMany(ctx, keys) }, keys)
}

func (k *checkStore) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return k.do("set", func(s storage.Store) error { return s.Set(ctx, key, value, ttl) }, key, value, ttl)
}

func (k *checkStore) Add(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	return storeCall(k, "add", func(s storage.Store) ([]byte, error) { return s.Add(ctx, key, value, ttl) }, key, value, ttl)
}

func (k *checkStore) CompareAndSwap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	return storeCall(k, "compareandswap", func(s storage.Store) (bool, error) { return s.CompareAndSwap(ctx, key, old, value, ttl) }, key, old, value, ttl)
}

func (k *checkStore) Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	return storeCall(k, "increment", func(s storage.Store) (int64, error) { return s.Increment(ctx, key, delta, ttl) }, key, delta, ttl)
}

func (k *checkStore) Delete(ctx context.Context, keys ...string) error {
	return k.do("delete", func(s storage.Store) error { return s.Delete(ctx, keys...) }, keys)
}

func (k *checkStore) Scan(ctx context.Context, prefix, cursor string, n int) ([]string, string, error) {
	p, err := storeCall(k, "scan", func(s storage.Store) (p keyPage, err error) {
		p.Keys, p.Next, err = s.Scan(ctx, prefix, cursor, n)
		return p, err
	}, prefix, cursor, n)
	return p.Keys, p.Next, err
}

func (k *checkStore) Take(ctx context.Context, name string, d storage.Draw, now time.Time) (storage.Bucket, error) {
	return storeCall(k, "take", func(s storage.Store) (storage.Bucket, error) { return s.Take(ctx, name, d, now) }, name, d, now)
}

func (k *checkStore) Tune(ctx context.Context, name string, t storage.Tuning, now time.Time) (storage.Bucket, error) {
	return storeCall(k, "tune", func(s storage.Store) (storage.Bucket, error) { return s.Tune(ctx, name, t, now) }, name, t, now)
}

func (k *checkStore) TakeAll(ctx context.Context, claims []storage.Claim, now time.Time) ([]storage.Bucket, error) {
	return storeCall(k, "takeall", func(s storage.Store) ([]storage.Bucket, error) { return s.TakeAll(ctx, claims, now) }, claims, now)
}

func (k *checkStore) Settle(ctx context.Context, ss []storage.Settlement, now time.Time) error {
	return k.do("settle", func(s storage.Store) error { return s.Settle(ctx, ss, now) }, ss, now)
}

func (k *checkStore) Forget(ctx context.Context, name string) error {
	return k.do("forget", func(s storage.Store) error { return s.Forget(ctx, name) }, name)
}

func (k *checkStore) Observed(ctx context.Context, of []storage.SeriesOf) ([]storage.Series, error) {
	return storeCall(k, "observed", func(s storage.Store) ([]storage.Series, error) { return s.Observed(ctx, of) }, of)
}

func (k *checkStore) Observe(ctx context.Context, obs []storage.Observation, now time.Time) error {
	return k.do("observe", func(s storage.Store) error { return s.Observe(ctx, obs, now) }, obs, now)
}

func (k *checkStore) Counts(ctx context.Context, table string, ids []uint64) (storage.Counts, error) {
	return storeCall(k, "counts", func(s storage.Store) (storage.Counts, error) { return s.Counts(ctx, table, ids) }, table, ids)
}

func (k *checkStore) Learn(ctx context.Context, table string, l storage.Lesson) (storage.Learned, error) {
	return storeCall(k, "learn", func(s storage.Store) (storage.Learned, error) { return s.Learn(ctx, table, l) }, table, l)
}

func (k *checkStore) LearnMany(ctx context.Context, table string, ls []storage.Lesson) ([]storage.Learned, error) {
	return storeCall(k, "learnmany", func(s storage.Store) ([]storage.Learned, error) { return s.LearnMany(ctx, table, ls) }, table, ls)
}

func (k *checkStore) Lesson(ctx context.Context, table, message string) (string, error) {
	return storeCall(k, "lesson", func(s storage.Store) (string, error) { return s.Lesson(ctx, table, message) }, table, message)
}

// LessonAs implements storage.AliasReader.
func (k *checkStore) LessonAs(ctx context.Context, table, message string, aliases []string) (string, error) {
	return storeCall(k, "lessonas", func(s storage.Store) (string, error) {
		return storage.LessonAs(ctx, s, table, message, aliases)
	}, table, message, aliases)
}

func (k *checkStore) DropTable(ctx context.Context, table string) error {
	return k.do("droptable", func(s storage.Store) error { return s.DropTable(ctx, table) }, table)
}

func (k *checkStore) Append(ctx context.Context, log, id string, data []byte) (uint64, error) {
	return storeCall(k, "append", func(s storage.Store) (uint64, error) { return s.Append(ctx, log, id, data) }, log, id, data)
}

func (k *checkStore) ReadLog(ctx context.Context, log string, from uint64, n int) ([]storage.Entry, error) {
	return storeCall(k, "readlog", func(s storage.Store) ([]storage.Entry, error) { return s.ReadLog(ctx, log, from, n) }, log, from, n)
}

func (k *checkStore) NewestLog(ctx context.Context, log string, before uint64, n int) ([]storage.Entry, error) {
	return storeCall(k, "newestlog", func(s storage.Store) ([]storage.Entry, error) { return s.NewestLog(ctx, log, before, n) }, log, before, n)
}

func (k *checkStore) LogState(ctx context.Context, log string) (storage.LogState, error) {
	return storeCall(k, "logstate", func(s storage.Store) (storage.LogState, error) { return s.LogState(ctx, log) }, log)
}

func (k *checkStore) TrimLog(ctx context.Context, log string, t storage.Trim) (int, error) {
	return storeCall(k, "trimlog", func(s storage.Store) (int, error) { return s.TrimLog(ctx, log, t) }, log, t)
}

func (k *checkStore) Push(ctx context.Context, list string, item []byte, keep int) error {
	return k.do("push", func(s storage.Store) error { return s.Push(ctx, list, item, keep) }, list, item, keep)
}

func (k *checkStore) Items(ctx context.Context, list string, skip, n int) ([][]byte, error) {
	return storeCall(k, "items", func(s storage.Store) ([][]byte, error) { return s.Items(ctx, list, skip, n) }, list, skip, n)
}

func (k *checkStore) Rank(ctx context.Context, set, member string, score float64, keep int, ttl time.Duration) error {
	return k.do("rank", func(s storage.Store) error { return s.Rank(ctx, set, member, score, keep, ttl) }, set, member, score, keep, ttl)
}

func (k *checkStore) RankOf(ctx context.Context, set, member string) (float64, error) {
	return storeCall(k, "rankof", func(s storage.Store) (float64, error) { return s.RankOf(ctx, set, member) }, set, member)
}

func (k *checkStore) Members(ctx context.Context, set string, skip, n int) ([]storage.Member, error) {
	return storeCall(k, "members", func(s storage.Store) ([]storage.Member, error) { return s.Members(ctx, set, skip, n) }, set, skip, n)
}

func (k *checkStore) Unrank(ctx context.Context, set string, members ...string) error {
	return k.do("unrank", func(s storage.Store) error { return s.Unrank(ctx, set, members...) }, set, members)
}

// SetMany implements storage.ManySetter.
func (k *checkStore) SetMany(ctx context.Context, values []storage.Value, ttl time.Duration) error {
	return k.do("setmany", func(s storage.Store) error { return storage.SetMany(ctx, s, values, ttl) }, values, ttl)
}

// RankMany implements storage.ManyRanker.
func (k *checkStore) RankMany(ctx context.Context, rs []storage.Ranking) error {
	return k.do("rankmany", func(s storage.Store) error { return storage.RankMany(ctx, s, rs) }, rs)
}

// RanksOf implements storage.ManyRanker.
func (k *checkStore) RanksOf(ctx context.Context, of []storage.MemberOf) ([]storage.Member, error) {
	return storeCall(k, "ranksof", func(s storage.Store) ([]storage.Member, error) { return storage.RanksOf(ctx, s, of) }, of)
}
