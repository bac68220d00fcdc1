package ratelimit

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// A State is a bucket as operators see it.
type State struct {
	Key    string
	Bucket storage.Bucket
	// Limit, Value, Burst and Rate are those of the last message that found no
	// room; zero where none did or where only Rspamd knows.
	Limit, Value string
	Burst, Rate  float64
}

// LastFull returns the buckets that were full last, latest first.
func LastFull(ctx context.Context, store storage.Store, now time.Time) ([]State, error) {
	members, err := store.Members(ctx, List, 0, lastFull)
	if err != nil {
		return nil, fmt.Errorf("ratelimit: %w", err)
	}
	list := make([]State, len(members))
	for i, m := range members {
		if list[i], err = Look(ctx, store, m.Name, now); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Look tells how a bucket is. Key is its name in the store.
func Look(ctx context.Context, store storage.Buckets, key string, now time.Time) (State, error) {
	s := State{Key: key}
	b, err := store.Take(ctx, key, storage.Draw{}, now)
	if err != nil {
		return s, fmt.Errorf("ratelimit: %w", err)
	}
	s.label(b.Label)
	if s.Rate > 0 { // without it the level is that of the last message
		if b, err = store.Take(ctx, key, storage.Draw{Rate: s.Rate, Burst: s.Burst}, now); err != nil {
			return s, fmt.Errorf("ratelimit: %w", err)
		}
	}
	s.Bucket = b
	return s, nil
}

// label reads what claims leave in a bucket.
func (s *State) label(text string) {
	f := strings.SplitN(text, " ", 4)
	if len(f) < 4 {
		return
	}
	s.Burst, _ = strconv.ParseFloat(f[0], 64)
	s.Rate, _ = strconv.ParseFloat(f[1], 64)
	s.Limit, s.Value = f[2], f[3]
}

// Unblock empties buckets, so that what they put off comes through. A key may be that
// of a user's different recipients, from an Incident.
func Unblock(ctx context.Context, store storage.Store, keys ...string) error {
	for _, key := range keys {
		if strings.HasPrefix(key, distinctPrefix) {
			if err := unblockDistinct(ctx, store, key); err != nil {
				return err
			}
			continue
		}
		if err := store.Forget(ctx, key); err != nil {
			return fmt.Errorf("ratelimit: %s: %w", key, err)
		}
	}
	if err := store.Unrank(ctx, List, keys...); err != nil {
		return fmt.Errorf("ratelimit: %w", err)
	}
	return nil
}
