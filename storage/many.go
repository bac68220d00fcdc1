package storage

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"
)

// An Item is what AppendMany adds to a log.
type Item struct {
	ID   string
	Data []byte
}

// A ManyAppender is a Log that adds several entries in fewer transactions than
// there are entries.
type ManyAppender interface {
	// AppendMany is what the function AppendMany says.
	AppendMany(ctx context.Context, log string, items []Item) (seqs []uint64, err error)
}

// AppendMany is Append for each of the items in order, in as few transactions as
// the log can. On an error the items before len(seqs) were added; of the others
// nothing is known.
func AppendMany(ctx context.Context, l Log, log string, items []Item) (seqs []uint64, err error) {
	if many, ok := l.(ManyAppender); ok {
		return many.AppendMany(ctx, log, items)
	}
	for _, item := range items {
		seq, err := l.Append(ctx, log, item.ID, item.Data)
		if err != nil {
			return seqs, err
		}
		seqs = append(seqs, seq)
	}
	return seqs, nil
}

// A Value is what SetMany stores.
type Value struct {
	Key  string
	Data []byte
}

// A ManySetter is a KV that sets several values in fewer transactions than there
// are values.
type ManySetter interface {
	// SetMany is what the function SetMany says.
	SetMany(ctx context.Context, values []Value, ttl time.Duration) error
}

// SetMany is Set for each of the values in order, in as few transactions as the
// store can. After an error some may be set.
func SetMany(ctx context.Context, kv KV, values []Value, ttl time.Duration) error {
	if many, ok := kv.(ManySetter); ok {
		return many.SetMany(ctx, values, ttl)
	}
	for _, v := range values {
		if err := kv.Set(ctx, v.Key, v.Data, ttl); err != nil {
			return err
		}
	}
	return nil
}

// A Ranking is what RankMany does to one member of a set.
type Ranking struct {
	Set, Member string
	// Score is what the member gets; with Add it is added to what the member has,
	// and is finite.
	Score float64
	Add   bool
	// Keep and TTL are those of Rank. With Add the member itself stays, so that one
	// that is new can rise.
	Keep int
	TTL  time.Duration
}

// Check returns ErrBadKey or ErrNotNumber for what no store takes.
func (r Ranking) Check() error {
	if math.IsNaN(r.Score) || r.Add && math.IsInf(r.Score, 0) {
		return ErrNotNumber
	}
	return cmp.Or(CheckKey(r.Set), CheckKey(r.Member))
}

// A MemberOf names a member of a set.
type MemberOf struct{ Set, Member string }

// A ManyRanker is a Ranked that does several things in fewer transactions than
// there are things.
type ManyRanker interface {
	// RankMany and RanksOf are what the functions of those names say.
	RankMany(ctx context.Context, rs []Ranking) error
	RanksOf(ctx context.Context, of []MemberOf) ([]Member, error)
}

// RankMany does each of the rankings in order, in as few transactions as the
// store can. After an error some may be done. A store that loses the answer to an
// Add may add again.
func RankMany(ctx context.Context, r Ranked, rs []Ranking) error {
	if many, ok := r.(ManyRanker); ok {
		return many.RankMany(ctx, rs)
	}
	for _, x := range rs {
		if err := x.Check(); err != nil {
			return err
		}
		if x.Add {
			score, err := r.RankOf(ctx, x.Set, x.Member)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			if err := r.Rank(ctx, x.Set, x.Member, score+x.Score, 0, x.TTL); err != nil {
				return err
			}
			if err := makeRoom(ctx, r, x); err != nil {
				return err
			}
			continue
		}
		if err := r.Rank(ctx, x.Set, x.Member, x.Score, x.Keep, x.TTL); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// makeRoom drops the lowest members beyond Keep, but not the one that was added to.
func makeRoom(ctx context.Context, r Ranked, x Ranking) error {
	if x.Keep < 1 || x.TTL < 0 {
		return nil
	}
	low, err := r.Members(ctx, x.Set, x.Keep-1, math.MaxInt)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(low, func(m Member) bool { return m.Name == x.Member }); i >= 0 {
		low = slices.Delete(low, i, i+1)
	} else if len(low) > 0 {
		low = low[1:] // The member is above, and one more has room.
	}
	var names []string
	for _, m := range low {
		names = append(names, m.Name)
	}
	return r.Unrank(ctx, x.Set, names...)
}

// RanksOf returns members with their scores in the order asked for, one without
// a name for each that is not there.
func RanksOf(ctx context.Context, r Ranked, of []MemberOf) ([]Member, error) {
	if many, ok := r.(ManyRanker); ok {
		return many.RanksOf(ctx, of)
	}
	members := make([]Member, len(of))
	for i, m := range of {
		score, err := r.RankOf(ctx, m.Set, m.Member)
		switch {
		case err == nil:
			members[i] = Member{Name: m.Member, Score: score}
		case !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	return members, ctx.Err()
}
