package redis

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// Push implements storage.Recent.
func (s *Store) Push(ctx context.Context, list string, item []byte, keep int) error {
	if err := checkKeys(list); err != nil {
		return err
	}
	return s.do(ctx, s.pushCommand(list, item, keep))
}

func (s *Store) pushCommand(list string, item []byte, keep int) *command {
	return &command{op: "Push", key: s.list(list), script: &s.scripts.push, args: []any{string(item), max(0, keep)}, write: true}
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
	c, err := s.rankCommand(storage.Ranking{Set: set, Member: member, Score: score, Keep: keep, TTL: ttl})
	if err != nil {
		return err
	}
	return s.do(ctx, c)
}

func (s *Store) rankCommand(r storage.Ranking) (*command, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	c := &command{op: "Rank", key: s.set(r.Set), write: true, repeat: true}
	if r.TTL < 0 {
		c.args = []any{"unlink", c.key}
		return c, nil
	}
	how := "set"
	if r.Add {
		how = "add"
	}
	c.script = &s.scripts.rank
	c.args = []any{r.Member, decimal(r.Score), max(0, r.Keep), ms(r.TTL), how}
	return c, nil
}

// RankMany implements storage.ManyRanker, 256 rankings in a trip.
func (s *Store) RankMany(ctx context.Context, rs []storage.Ranking) error {
	for trip := range slices.Chunk(rs, manyTrip) {
		var cmds []*command
		var bad error
		for _, r := range trip {
			var c *command
			if c, bad = s.rankCommand(r); bad != nil {
				break
			}
			cmds = append(cmds, c)
		}
		if err := cmp.Or(s.spread(ctx, cmds), bad); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// RankOf implements storage.Ranked.
func (s *Store) RankOf(ctx context.Context, set, member string) (float64, error) {
	found, err := s.RanksOf(ctx, []storage.MemberOf{{Set: set, Member: member}})
	if err == nil && found[0].Name == "" {
		err = storage.ErrNotFound
	}
	if err != nil {
		return 0, err
	}
	return found[0].Score, nil
}

// RanksOf implements storage.ManyRanker, 256 members in a trip.
func (s *Store) RanksOf(ctx context.Context, of []storage.MemberOf) ([]storage.Member, error) {
	members := make([]storage.Member, 0, len(of))
	for trip := range slices.Chunk(of, manyTrip) {
		cmds, err := s.rankOfCommands(trip)
		if err != nil {
			return nil, err
		}
		if err := s.spread(ctx, cmds); err != nil {
			return nil, err
		}
		found, err := membersOf(trip, cmds)
		if err != nil {
			return nil, err
		}
		members = append(members, found...)
	}
	return members, ctx.Err()
}

func (s *Store) rankOfCommands(of []storage.MemberOf) ([]*command, error) {
	cmds := make([]*command, len(of))
	for i, x := range of {
		if err := checkKeys(x.Set, x.Member); err != nil {
			return nil, err
		}
		key := s.set(x.Set)
		cmds[i] = &command{op: "RankOf", key: key, args: []any{"zscore", key, x.Member}, repeat: true}
	}
	return cmds, nil
}

// membersOf reads the replies to rankOfCommands.
func membersOf(of []storage.MemberOf, cmds []*command) ([]storage.Member, error) {
	members := make([]storage.Member, len(of))
	for i, x := range of {
		if reply := cmds[i].reply; reply != nil {
			score, err := strconv.ParseFloat(stringOf(reply), 64)
			if err != nil {
				return nil, err
			}
			members[i] = storage.Member{Name: x.Member, Score: score}
		}
	}
	return members, nil
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
