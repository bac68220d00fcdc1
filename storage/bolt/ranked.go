package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// A set is one set of Ranked.
type set struct {
	*bbolt.Bucket // nil if it is not there
	stamp         stamp
	members       int64
}

func memberKey(member string) []byte { return append([]byte{'m'}, member...) }

func orderKey(score []byte, member string) []byte {
	return append(append([]byte{'o'}, score...), member...)
}

// setOf opens a set. One whose time is over has a bucket, but no members.
func setOf(sets *bbolt.Bucket, name string) (set, error) {
	b := sets.Bucket([]byte(name))
	if b == nil {
		return set{}, nil
	}
	f := fields{rest: b.Get([]byte{'s'})}
	s := set{Bucket: b, stamp: f.stamp(), members: int64(f.varint())}
	return s, f.end("a ranked set")
}

// liveSet is setOf for readers: what is over is not there.
func liveSet(v view, name string) (set, error) {
	s, err := setOf(v.Bucket([]byte(inSets)), name)
	if s.stamp.over(v.now) {
		s.Bucket = nil
	}
	return s, err
}

// Rank implements storage.Ranked.
func (s *Store) Rank(ctx context.Context, name, member string, score float64, keep int, ttl time.Duration) error {
	return s.rankAll(ctx, []storage.Ranking{{Set: name, Member: member, Score: score, Keep: keep, TTL: ttl}})
}

// RankMany implements storage.ManyRanker, 1,024 rankings in a transaction.
func (s *Store) RankMany(ctx context.Context, rs []storage.Ranking) error {
	for part := range slices.Chunk(rs, 1024) {
		if err := s.rankAll(ctx, slices.Clone(part)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// rankAll does rankings in one transaction.
func (s *Store) rankAll(ctx context.Context, rs []storage.Ranking) error {
	cost, err := rankCost(rs)
	if err != nil {
		return err
	}
	_, err = write(ctx, s, cost, func(t *tx) (bool, error) { return true, t.rankAll(rs) })
	return err
}

// rankCost is the cost of rankings, or says what is wrong with them.
func rankCost(rs []storage.Ranking) (cost int, err error) {
	for _, r := range rs {
		if err := r.Check(); err != nil {
			return 0, err
		}
		cost += 256 + len(r.Set) + 2*len(r.Member)
	}
	return cost, nil
}

func (t *tx) rankAll(rs []storage.Ranking) error {
	for _, r := range rs {
		if err := t.rankOne(r); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) rankOne(r storage.Ranking) error {
	in, err := setOf(t.root(inSets), r.Set)
	if err != nil {
		return err
	}
	if r.TTL < 0 || in.stamp.over(t.now) {
		if err := t.dropSet(r.Set, in); err != nil {
			return err
		}
		in = set{}
	}
	if r.TTL < 0 {
		return nil
	}
	return t.rank(in, r)
}

func (t *tx) rank(in set, r storage.Ranking) error {
	b, err := t.within(t.root(inSets), r.Set, false)
	if err != nil {
		return err
	}
	in.Bucket = b
	if raw := in.Get(memberKey(r.Member)); r.Add && raw != nil {
		was, err := parseScore(raw)
		if err != nil {
			return err
		}
		r.Score += was
	}
	if err := t.unrank(&in, r.Member); err != nil {
		return err
	}
	if r.Add && r.Keep > 0 {
		if err := t.trimSet(&in, r.Keep-1); err != nil {
			return err
		}
	}
	if err := t.put(b, memberKey(r.Member), binary.BigEndian.AppendUint64(nil, math.Float64bits(r.Score+0))); err != nil {
		return err
	}
	if err := t.put(b, orderKey(ordered(r.Score), r.Member), nil); err != nil {
		return err
	}
	in.members++
	if r.Keep > 0 {
		if err := t.trimSet(&in, r.Keep); err != nil {
			return err
		}
	}
	if in.stamp, err = t.schedule(kindSet, []byte(r.Set), in.stamp, until(t.now, r.TTL)); err != nil {
		return err
	}
	return t.putSet(in)
}

// trimSet removes the lowest members beyond keep.
func (t *tx) trimSet(in *set, keep int) error {
	for in.members > int64(keep) {
		k, _ := in.Cursor().Seek([]byte{'o'})
		if len(k) < 9 || k[0] != 'o' {
			return damaged("a ranked set")
		}
		if err := t.unrank(in, string(k[9:])); err != nil {
			return err
		}
	}
	return nil
}

// unrank removes a member from the bucket and from the count.
func (t *tx) unrank(in *set, member string) error {
	raw := in.Get(memberKey(member))
	if raw == nil {
		return nil
	}
	score, err := parseScore(raw)
	if err != nil {
		return err
	}
	in.members--
	if err := t.del(in.Bucket, memberKey(member)); err != nil {
		return err
	}
	return t.del(in.Bucket, orderKey(ordered(score), member))
}

func parseScore(raw []byte) (float64, error) {
	f := fields{rest: raw}
	score := f.float()
	f.bad = f.bad || math.IsNaN(score)
	return score, f.end("a score")
}

func (t *tx) putSet(in set) error {
	return t.put(in.Bucket, []byte{'s'}, binary.AppendUvarint(appendStamp(nil, in.stamp), uint64(max(0, in.members))))
}

func (t *tx) dropSet(name string, in set) error {
	if in.Bucket == nil {
		return nil
	}
	if err := t.unlist(kindSet, []byte(name), in.stamp); err != nil {
		return err
	}
	return t.drop(t.root(inSets), name)
}

// RankOf implements storage.Ranked.
func (s *Store) RankOf(ctx context.Context, name, member string) (float64, error) {
	found, err := s.RanksOf(ctx, []storage.MemberOf{{Set: name, Member: member}})
	if err == nil && found[0].Name == "" {
		err = storage.ErrNotFound
	}
	if err != nil {
		return 0, err
	}
	return found[0].Score, nil
}

// RanksOf implements storage.ManyRanker.
func (s *Store) RanksOf(ctx context.Context, of []storage.MemberOf) ([]storage.Member, error) {
	for _, x := range of {
		if err := checkKeys(x.Set, x.Member); err != nil {
			return nil, err
		}
	}
	return read(ctx, s, func(v view) ([]storage.Member, error) { return v.ranksOf(of) })
}

func (v view) ranksOf(of []storage.MemberOf) ([]storage.Member, error) {
	members := make([]storage.Member, len(of))
	for i, x := range of {
		in, err := liveSet(v, x.Set)
		if err != nil {
			return nil, err
		}
		if in.Bucket == nil {
			continue
		}
		raw := in.Get(memberKey(x.Member))
		if raw == nil {
			continue
		}
		score, err := parseScore(raw)
		if err != nil {
			return nil, err
		}
		members[i] = storage.Member{Name: x.Member, Score: score}
	}
	return members, nil
}

// Members implements storage.Ranked.
func (s *Store) Members(ctx context.Context, name string, skip, n int) ([]storage.Member, error) {
	if err := storage.CheckKey(name); err != nil {
		return nil, err
	}
	return read(ctx, s, func(v view) (members []storage.Member, err error) {
		in, err := liveSet(v, name)
		if err != nil || in.Bucket == nil {
			return nil, err
		}
		skip := max(0, skip)
		c := in.Cursor()
		c.Seek([]byte{'s'}) // which is always there, behind the order
		for k, _ := c.Prev(); len(members) < n && bytes.HasPrefix(k, []byte{'o'}); k, _ = c.Prev() {
			if skip--; skip >= 0 {
				continue
			}
			if len(k) < 9 {
				return nil, damaged("a ranked set")
			}
			members = append(members, storage.Member{Name: string(k[9:]), Score: unordered(k[1:9])})
		}
		return members, nil
	})
}

// unordered is the inverse of ordered.
func unordered(b []byte) float64 {
	u := binary.BigEndian.Uint64(b)
	if u>>63 == 1 {
		return math.Float64frombits(u &^ (1 << 63))
	}
	return math.Float64frombits(^u)
}

// Unrank implements storage.Ranked.
func (s *Store) Unrank(ctx context.Context, name string, members ...string) error {
	if err := checkKeys(append([]string{name}, members...)...); err != nil {
		return err
	}
	members = append([]string(nil), members...)
	_, err := write(ctx, s, 64*len(members), func(t *tx) (bool, error) {
		in, err := setOf(t.root(inSets), name)
		if err != nil || in.Bucket == nil {
			return false, err
		}
		before := in.members
		for _, member := range members {
			if err := t.unrank(&in, member); err != nil {
				return false, err
			}
		}
		switch in.members {
		case before:
			return true, nil
		case 0:
			return true, t.dropSet(name, in)
		}
		return true, t.putSet(in)
	})
	return err
}
