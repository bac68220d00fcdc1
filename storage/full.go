package storage

import (
	"context"
	"io"
	"time"
)

// Full makes a Store of any KV: what kv implements of a Store is passed
// through, and the methods of the other interfaces return ErrUnsupported. A
// Store is returned as it is, and nil for nil. Close closes a kv that has a
// Close.
func Full(kv KV) Store {
	if kv == nil {
		return nil
	}
	if s, ok := kv.(Store); ok {
		return s
	}
	f := full{KV: kv, Buckets: unsupported{}, Averages: unsupported{}, Tokens: unsupported{}, Log: unsupported{}, Recent: unsupported{}, Ranked: unsupported{}}
	if b, ok := kv.(Buckets); ok {
		f.Buckets = b
	}
	if a, ok := kv.(Averages); ok {
		f.Averages = a
	}
	if t, ok := kv.(Tokens); ok {
		f.Tokens = t
	}
	if l, ok := kv.(Log); ok {
		f.Log = l
	}
	if r, ok := kv.(Recent); ok {
		f.Recent = r
	}
	if r, ok := kv.(Ranked); ok {
		f.Ranked = r
	}
	return f
}

type full struct {
	KV
	Buckets
	Averages
	Tokens
	Log
	Recent
	Ranked
}

func (f full) Close() error {
	if c, ok := f.KV.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Stats says that a store without Stats is up and that nothing else is known.
func (f full) Stats() Stats {
	if s, ok := f.KV.(interface{ Stats() Stats }); ok {
		return s.Stats()
	}
	return Stats{Kind: "unknown", Up: true, Keys: -1, Bytes: -1, Free: -1}
}

// unsupported is the rest of a Store that is only a KV.
type unsupported struct{}

func (unsupported) Take(context.Context, string, Draw, time.Time) (Bucket, error) {
	return Bucket{}, ErrUnsupported
}

func (unsupported) Tune(context.Context, string, Tuning, time.Time) (Bucket, error) {
	return Bucket{}, ErrUnsupported
}

func (unsupported) TakeAll(context.Context, []Claim, time.Time) ([]Bucket, error) {
	return nil, ErrUnsupported
}

func (unsupported) Settle(context.Context, []Settlement, time.Time) error { return ErrUnsupported }

func (unsupported) Forget(context.Context, string) error { return ErrUnsupported }

func (unsupported) Observed(context.Context, []SeriesOf) ([]Series, error) {
	return nil, ErrUnsupported
}

func (unsupported) Observe(context.Context, []Observation, time.Time) error { return ErrUnsupported }

func (unsupported) Counts(context.Context, string, []uint64) (Counts, error) {
	return Counts{}, ErrUnsupported
}

func (unsupported) Learn(context.Context, string, Lesson) (Learned, error) {
	return Learned{}, ErrUnsupported
}

func (unsupported) LearnMany(context.Context, string, []Lesson) ([]Learned, error) {
	return nil, ErrUnsupported
}

func (unsupported) Lesson(context.Context, string, string) (string, error) {
	return "", ErrUnsupported
}

func (unsupported) DropTable(context.Context, string) error { return ErrUnsupported }

func (unsupported) Append(context.Context, string, string, []byte) (uint64, error) {
	return 0, ErrUnsupported
}

func (unsupported) ReadLog(context.Context, string, uint64, int) ([]Entry, error) {
	return nil, ErrUnsupported
}

func (unsupported) NewestLog(context.Context, string, uint64, int) ([]Entry, error) {
	return nil, ErrUnsupported
}

func (unsupported) LogState(context.Context, string) (LogState, error) {
	return LogState{}, ErrUnsupported
}

func (unsupported) TrimLog(context.Context, string, Trim) (int, error) { return 0, ErrUnsupported }

func (unsupported) Push(context.Context, string, []byte, int) error { return ErrUnsupported }

func (unsupported) Items(context.Context, string, int, int) ([][]byte, error) {
	return nil, ErrUnsupported
}

func (unsupported) Rank(context.Context, string, string, float64, int, time.Duration) error {
	return ErrUnsupported
}

func (unsupported) RankOf(context.Context, string, string) (float64, error) { return 0, ErrUnsupported }

func (unsupported) Members(context.Context, string, int, int) ([]Member, error) {
	return nil, ErrUnsupported
}

func (unsupported) Unrank(context.Context, string, ...string) error { return ErrUnsupported }
