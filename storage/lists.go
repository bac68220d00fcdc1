package storage

import (
	"context"
	"time"
)

// Recent are bounded lists, newest first: Rspamd's history.
type Recent interface {
	// Push puts an item in front and drops those beyond the newest keep; 0
	// keeps all.
	Push(ctx context.Context, list string, item []byte, keep int) error
	// Items returns up to n items after the newest skip ones. A skip or n below
	// 0 is as 0.
	Items(ctx context.Context, list string, skip, n int) ([][]byte, error)
}

// Ranked are sets of members with scores: Rspamd's known senders.
type Ranked interface {
	// Rank sets a member's score, which may be infinite but not NaN
	// (ErrNotNumber), drops the members with the lowest scores beyond keep (0:
	// keeps all), and makes the whole set last for ttl (0: for ever) from now
	// on. Of equal scores that of the member with the greater bytes is higher.
	// A ttl below 0 removes the set.
	Rank(ctx context.Context, set, member string, score float64, keep int, ttl time.Duration) error
	// RankOf returns a member's score, or ErrNotFound.
	RankOf(ctx context.Context, set, member string) (float64, error)
	// Members returns up to n members by falling score after the first skip. A
	// skip or n below 0 is as 0.
	Members(ctx context.Context, set string, skip, n int) ([]Member, error)
	// Unrank removes members; missing ones are no error.
	Unrank(ctx context.Context, set string, members ...string) error
}

// A Member is a member of a ranked set.
type Member struct {
	Name  string
	Score float64
}
