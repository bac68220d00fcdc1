package bolt

import (
	"bytes"
	"context"
	"slices"

	"github.com/winnowmail/winnow/storage"
)

// Promptness implements storage.Prompter.
func (s *Store) Promptness() storage.Promptness { return storage.AtDone }

// A planned call is a storage.Call made ready.
type planned struct {
	call storage.Call
	look func(view) error // of a call that reads
	do   func(*tx) error  // of one that writes
	cost int
	set  func() // hands over the result
}

// Batch implements storage.Batcher: in one transaction, which is one that only
// reads if none of the calls writes.
func (s *Store) Batch(ctx context.Context, calls []storage.Call) {
	var plans []planned
	writes := false
	for _, c := range calls {
		p, err := plan(c)
		switch {
		case err != nil:
			c.Fail(err)
		case p.look == nil && p.do == nil:
			storage.Alone(ctx, s, c)
		default:
			plans, writes = append(plans, p), writes || p.do != nil
		}
	}
	if len(plans) == 0 {
		return
	}
	var errs []error
	var err error
	if writes {
		errs, err = s.writeAll(ctx, plans)
	} else {
		errs, err = s.readAll(ctx, plans)
	}
	for i, p := range plans {
		switch {
		case err != nil:
			p.call.Fail(err)
		case errs[i] != nil:
			p.call.Fail(errs[i])
		case p.set != nil:
			p.set()
		}
	}
}

// readAll has an error for each of the plans.
func (s *Store) readAll(ctx context.Context, plans []planned) ([]error, error) {
	return read(ctx, s, func(v view) ([]error, error) {
		errs := make([]error, len(plans))
		for i := range plans {
			errs[i] = s.named(guard(func() error { return plans[i].look(v) }))
		}
		return errs, nil
	})
}

// writeAll is readAll in a transaction of the writer.
func (s *Store) writeAll(ctx context.Context, plans []planned) ([]error, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.stats.calls.Add(1)
	ops := make([]*op, len(plans))
	for i, p := range plans {
		run := p.do
		if run == nil {
			run = func(t *tx) error { return p.look(view{t.Tx, t.now}) }
		}
		ops[i] = &op{cost: p.cost, run: run, done: make(chan struct{})}
	}
	if err := s.submit(ctx, slices.Clone(ops)); err != nil {
		return nil, err
	}
	errs := make([]error, len(ops))
	for i, o := range ops {
		errs[i] = o.err
	}
	return errs, nil
}

// plan makes a call ready: what the caller may change is copied, and the result is
// set only by who waits for it. Without a step it is to be made alone.
func plan(call storage.Call) (planned, error) {
	p := planned{call: call}
	switch c := call.(type) {
	case *storage.GetCall:
		var values [][]byte
		keys := slices.Clone(c.Keys)
		p.look = func(v view) (err error) { values, err = v.values(keys); return err }
		p.set = func() { c.Values = values }
		return p, checkKeys(keys...)
	case *storage.RanksCall:
		var members []storage.Member
		of := slices.Clone(c.Of)
		for _, x := range of {
			if err := checkKeys(x.Set, x.Member); err != nil {
				return p, err
			}
		}
		p.look = func(v view) (err error) { members, err = v.ranksOf(of); return err }
		p.set = func() { c.Members = members }
	case *storage.TakeCall:
		var buckets []storage.Bucket
		claims, now := slices.Clone(c.Claims), c.Now
		p.do, p.cost = func(t *tx) (err error) { buckets, err = t.takeAll(claims, now); return err }, 128*len(claims)
		p.set = func() { c.Buckets = buckets }
		return p, storage.CheckClaims(claims)
	case *storage.SettleCall:
		ss, now := slices.Clone(c.Settlements), c.Now
		p.do, p.cost = func(t *tx) error { return t.settle(ss, now) }, 128*len(ss)
		return p, storage.CheckSettlements(ss)
	case *storage.ObservedCall:
		var series []storage.Series
		of := slices.Clone(c.Of)
		p.look = func(v view) (err error) { series, err = v.averages(of); return err }
		p.set = func() { c.Series = series }
		return p, storage.CheckSeries(of)
	case *storage.ObserveCall:
		obs, now := slices.Clone(c.Observations), c.Now
		p.do, p.cost = func(t *tx) error { return t.observe(obs, now) }, 256*len(obs)
		return p, storage.CheckObservations(obs)
	case *storage.RankCall:
		if cost, err := rankCost(c.Rankings); err == nil && len(c.Rankings) <= maxOps { // else those before the bad one are done
			rs := slices.Clone(c.Rankings)
			p.do, p.cost = func(t *tx) error { return t.rankAll(rs) }, cost
		}
	case *storage.PushCall:
		if err := checkValue(c.Item); err != nil {
			return p, err
		}
		list, item, keep := c.List, bytes.Clone(c.Item), c.Keep
		p.do, p.cost = func(t *tx) error { return t.push(list, item, keep) }, len(item)+len(list)
		return p, storage.CheckKey(list)
	case *storage.SetCall:
		p.planSet(c)
	}
	return p, nil
}

// planSet makes a SetMany of at most 4 MiB ready.
func (p *planned) planSet(c *storage.SetCall) {
	values, ttl, size := slices.Clone(c.Values), c.TTL, 0
	for i, v := range values {
		if storage.CheckKey(v.Key) != nil || checkValue(v.Data) != nil {
			return // those before it are set
		}
		values[i].Data = bytes.Clone(v.Data)
		size += len(v.Key) + len(v.Data)
	}
	if size < 4<<20 {
		p.do, p.cost = func(t *tx) error { return t.setAll(values, ttl) }, size
	}
}
