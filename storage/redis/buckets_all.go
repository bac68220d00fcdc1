package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// TakeAll implements storage.Buckets: in one trip, except in a Cluster.
func (s *Store) TakeAll(ctx context.Context, claims []storage.Claim, now time.Time) ([]storage.Bucket, error) {
	if err := storage.CheckClaims(claims); err != nil || len(claims) == 0 {
		return nil, err
	}
	if s.cluster != nil {
		return s.takeEach(ctx, claims, now)
	}
	c := s.takeAll(claims, now)
	err := s.do(ctx, c)
	reply := c.result(err)
	if reply == nil && err != nil {
		return nil, err
	}
	is, wrong := bucketsOf(reply, len(claims))
	if wrong != nil {
		return nil, wrong
	}
	return is, err
}

func (s *Store) takeAll(claims []storage.Claim, now time.Time) *command {
	c := &command{op: "TakeAll", key: s.bucket(claims[0].Name), script: &s.scripts.takeAll, write: true, args: []any{millis(now)}}
	for i, claim := range claims {
		if i > 0 {
			c.more = append(c.more, s.bucket(claim.Name))
		}
		c.args = append(c.args, drawArgs(claim.Draw)...)
	}
	return c
}

// bucketsOf reads the reply to takeAll for n claims.
func bucketsOf(reply any, n int) ([]storage.Bucket, error) {
	list := sliceOf(reply)
	if len(list) != n {
		return nil, errors.New("redis: TakeAll: the server's answer is no list of buckets")
	}
	is := make([]storage.Bucket, len(list))
	for i := range list {
		b, wrong := bucketOf(list[i])
		if wrong != nil {
			return nil, fmt.Errorf("redis: TakeAll: %w", wrong)
		}
		is[i] = b
	}
	return is, nil
}

// takeEach takes from buckets that may lie on several nodes: one after the other,
// and gives back when one has no room. The buckets after that one are only looked
// at.
func (s *Store) takeEach(ctx context.Context, claims []storage.Claim, now time.Time) ([]storage.Bucket, error) {
	is, full := make([]storage.Bucket, len(claims)), false
	var back []storage.Settlement
	for i, c := range claims {
		d := c.Draw
		if full {
			d.N = 0
		}
		var err error
		if is[i], err = s.Take(ctx, c.Name, d, now); err != nil {
			return nil, errors.Join(err, s.Settle(ctx, back, now))
		}
		if full = full || !is[i].OK && !c.Over; !full {
			back = append(back, storage.Settlement{Name: c.Name, Back: c.N, Tuning: storage.Tuning{Lasts: c.Lasts}})
		}
	}
	if !full {
		return is, nil
	}
	if err := s.Settle(ctx, back, now); err != nil {
		return nil, err
	}
	for i := range back {
		is[i].Level -= back[i].Back
	}
	return is, nil
}

// Settle implements storage.Buckets: in one trip, except in a Cluster.
func (s *Store) Settle(ctx context.Context, ss []storage.Settlement, now time.Time) error {
	if err := storage.CheckSettlements(ss); err != nil {
		return err
	}
	each := len(ss)
	if s.cluster != nil {
		each = 1
	}
	for len(ss) > 0 {
		if err := s.do(ctx, s.settleCommand(ss[:each], now)); err != nil {
			return err
		}
		ss = ss[each:]
	}
	return nil
}

func (s *Store) settleCommand(ss []storage.Settlement, now time.Time) *command {
	c := &command{op: "Settle", key: s.bucket(ss[0].Name), script: &s.scripts.settle, write: true, args: []any{millis(now)}}
	for i, settle := range ss {
		if i > 0 {
			c.more = append(c.more, s.bucket(settle.Name))
		}
		makes := "0"
		if settle.Tunes() {
			makes = "1"
		}
		c.args = append(append(append(c.args, decimal(settle.Back)), tuningArgs(settle.Tuning)...), makes)
	}
	return c
}
