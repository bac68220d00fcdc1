package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
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
	if math.IsNaN(score) {
		return storage.ErrNotNumber
	}
	if err := checkKeys(name, member); err != nil {
		return err
	}
	_, err := write(ctx, s, 256+len(name)+2*len(member), func(t *tx) (bool, error) {
		in, err := setOf(t.root(inSets), name)
		if err != nil {
			return false, err
		}
		if ttl < 0 || in.stamp.over(t.now) {
			if err := t.dropSet(name, in); err != nil {
				return false, err
			}
			in = set{}
		}
		if ttl < 0 {
			return false, nil
		}
		return true, t.rank(in, name, member, score, keep, ttl)
	})
	return err
}

func (t *tx) rank(in set, name, member string, score float64, keep int, ttl time.Duration) error {
	b, err := t.within(t.root(inSets), name, false)
	if err != nil {
		return err
	}
	in.Bucket = b
	if err := t.unrank(&in, member); err != nil {
		return err
	}
	if err := t.put(b, memberKey(member), binary.BigEndian.AppendUint64(nil, math.Float64bits(score+0))); err != nil {
		return err
	}
	if err := t.put(b, orderKey(ordered(score), member), nil); err != nil {
		return err
	}
	in.members++
	for keep > 0 && in.members > int64(keep) {
		k, _ := b.Cursor().Seek([]byte{'o'})
		if len(k) < 9 || k[0] != 'o' {
			return damaged("a ranked set")
		}
		if err := t.unrank(&in, string(k[9:])); err != nil {
			return err
		}
	}
	if in.stamp, err = t.schedule(kindSet, []byte(name), in.stamp, until(t.now, ttl)); err != nil {
		return err
	}
	return t.putSet(in)
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
	if err := checkKeys(name, member); err != nil {
		return 0, err
	}
	return read(ctx, s, func(v view) (float64, error) {
		in, err := liveSet(v, name)
		if err != nil {
			return 0, err
		}
		if in.Bucket == nil {
			return 0, storage.ErrNotFound
		}
		raw := in.Get(memberKey(member))
		if raw == nil {
			return 0, storage.ErrNotFound
		}
		return parseScore(raw)
	})
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
