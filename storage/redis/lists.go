package redis

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// Push implements storage.Recent.
func (s *Store) Push(ctx context.Context, list string, item []byte, keep int) error {
	if err := checkKeys(list); err != nil {
		return err
	}
	return s.do(ctx, &command{
		op: "Push", key: s.list(list), script: &s.scripts.push, args: []any{string(item), max(0, keep)}, write: true,
	})
}

// ends returns the first and the last index of n things after the first skip.
func ends(skip, n int) (int, int) {
	skip = max(0, skip)
	if n > math.MaxInt-skip {
		return skip, -1
	}
	return skip, skip + n - 1
}

// Items implements storage.Recent.
func (s *Store) Items(ctx context.Context, list string, skip, n int) ([][]byte, error) {
	if err := checkKeys(list); err != nil {
		return nil, err
	}
	if n < 1 {
		return nil, ctx.Err()
	}
	key := s.list(list)
	first, last := ends(skip, n)
	c := &command{op: "Items", key: key, args: []any{"lrange", key, first, last}, repeat: true}
	if err := s.do(ctx, c); err != nil {
		return nil, err
	}
	var items [][]byte
	for _, item := range sliceOf(c.reply) {
		items = append(items, bytesOf(item))
	}
	return items, nil
}

// Rank implements storage.Ranked.
func (s *Store) Rank(ctx context.Context, set, member string, score float64, keep int, ttl time.Duration) error {
	if math.IsNaN(score) {
		return storage.ErrNotNumber
	}
	if err := checkKeys(set, member); err != nil {
		return err
	}
	key := s.set(set)
	if ttl < 0 {
		return s.do(ctx, &command{op: "Rank", key: key, args: []any{"unlink", key}, write: true, repeat: true})
	}
	return s.do(ctx, &command{
		op: "Rank", key: key, script: &s.scripts.rank, write: true, repeat: true,
		args: []any{member, decimal(score), max(0, keep), ms(ttl)},
	})
}

// RankOf implements storage.Ranked.
func (s *Store) RankOf(ctx context.Context, set, member string) (float64, error) {
	if err := checkKeys(set, member); err != nil {
		return 0, err
	}
	key := s.set(set)
	c := &command{op: "RankOf", key: key, args: []any{"zscore", key, member}, repeat: true}
	if err := s.do(ctx, c); err != nil {
		return 0, err
	}
	if c.reply == nil {
		return 0, storage.ErrNotFound
	}
	return strconv.ParseFloat(stringOf(c.reply), 64)
}

// Members implements storage.Ranked.
func (s *Store) Members(ctx context.Context, set string, skip, n int) ([]storage.Member, error) {
	if err := checkKeys(set); err != nil {
		return nil, err
	}
	if n < 1 {
		return nil, ctx.Err()
	}
	key := s.set(set)
	first, last := ends(skip, n)
	c := &command{op: "Members", key: key, args: []any{"zrevrange", key, first, last, "withscores"}, repeat: true}
	if err := s.do(ctx, c); err != nil {
		return nil, err
	}
	reply := sliceOf(c.reply)
	if len(reply)%2 != 0 {
		return nil, errors.New("redis: Members: the server's answer is no list of members")
	}
	var members []storage.Member
	for i := 0; i < len(reply); i += 2 {
		score, err := strconv.ParseFloat(stringOf(reply[i+1]), 64)
		if err != nil {
			return nil, err
		}
		members = append(members, storage.Member{Name: stringOf(reply[i]), Score: score})
	}
	return members, nil
}

// Unrank implements storage.Ranked.
func (s *Store) Unrank(ctx context.Context, set string, members ...string) error {
	if err := checkKeys(append([]string{set}, members...)...); err != nil {
		return err
	}
	if len(members) == 0 {
		return ctx.Err()
	}
	key := s.set(set)
	args := []any{"zrem", key}
	for _, m := range members {
		args = append(args, m)
	}
	return s.do(ctx, &command{op: "Unrank", key: key, args: args, write: true, repeat: true})
}
