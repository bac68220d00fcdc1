package storage

import (
	"context"
	"slices"
	"time"
)

// A Call is one call of a method, for Batch: a *GetCall, *SetCall, *TakeCall,
// *SettleCall, *ObservedCall, *ObserveCall, *RanksCall, *RankCall or *PushCall. What it asks for is not
// changed while Batch runs; what came of it is there when Batch has returned.
type Call interface {
	// Fail sets the error that the call ends with, and Failed returns it.
	Fail(err error)
	Failed() error

	alone(ctx context.Context, s Store)
	under(prefix string) Call // the call as a Prefix makes it
	ownedCall() Call          // shares nothing that the caller may change
	answer(done Call)         // takes over what came of one that the two above made
}

// A Batcher is a Store that makes several calls in fewer trips or transactions
// than there are calls.
type Batcher interface {
	// Batch is what the function Batch says.
	Batch(ctx context.Context, calls []Call)
}

// Batch makes calls of a store together: in one trip, or in one transaction,
// where the store is a Batcher that can, else one after the other. Each is as if
// it was made alone, and has its own result and error; among themselves they have
// no order.
func Batch(ctx context.Context, s Store, calls []Call) {
	if b, ok := s.(Batcher); ok && len(calls) > 1 {
		b.Batch(ctx, calls)
		return
	}
	for _, c := range calls {
		c.alone(ctx, s)
	}
}

// Alone makes one call by itself.
func Alone(ctx context.Context, s Store, c Call) { c.alone(ctx, s) }

// Batches reports whether Batch makes several calls of the store together.
func Batches(s Store) bool {
	switch v := s.(type) {
	case prefixed:
		return Batches(v.next)
	case *TimedStore:
		return Batches(v.next)
	}
	_, ok := s.(Batcher)
	return ok
}

// A Status is the error that a Call ends with.
type Status struct{ Err error }

// Fail implements Call.
func (s *Status) Fail(err error) { s.Err = err }

// Failed implements Call.
func (s *Status) Failed() error { return s.Err }

// A GetCall is GetMany.
type GetCall struct {
	Keys   []string
	Values [][]byte // the result
	Status
}

// A SetCall is SetMany.
type SetCall struct {
	Values []Value
	TTL    time.Duration
	Status
}

// A TakeCall is TakeAll.
type TakeCall struct {
	Claims  []Claim
	Now     time.Time
	Buckets []Bucket // the result
	Status
}

// A SettleCall is Settle.
type SettleCall struct {
	Settlements []Settlement
	Now         time.Time
	Status
}

// An ObservedCall is Observed.
type ObservedCall struct {
	Of     []SeriesOf
	Series []Series // the result
	Status
}

// An ObserveCall is Observe.
type ObserveCall struct {
	Observations []Observation
	Now          time.Time
	Status
}

// A RanksCall is RanksOf.
type RanksCall struct {
	Of      []MemberOf
	Members []Member // the result
	Status
}

// A RankCall is RankMany.
type RankCall struct {
	Rankings []Ranking
	Status
}

// A PushCall is Push.
type PushCall struct {
	List string
	Item []byte
	Keep int
	Status
}

func (c *GetCall) alone(ctx context.Context, s Store) { c.Values, c.Err = s.GetMany(ctx, c.Keys) }

func (c *SetCall) alone(ctx context.Context, s Store) { c.Err = SetMany(ctx, s, c.Values, c.TTL) }

func (c *TakeCall) alone(ctx context.Context, s Store) {
	c.Buckets, c.Err = s.TakeAll(ctx, c.Claims, c.Now)
}

func (c *SettleCall) alone(ctx context.Context, s Store) {
	c.Err = s.Settle(ctx, c.Settlements, c.Now)
}

func (c *ObservedCall) alone(ctx context.Context, s Store) { c.Series, c.Err = s.Observed(ctx, c.Of) }

func (c *ObserveCall) alone(ctx context.Context, s Store) {
	c.Err = s.Observe(ctx, c.Observations, c.Now)
}

func (c *RanksCall) alone(ctx context.Context, s Store) { c.Members, c.Err = RanksOf(ctx, s, c.Of) }

func (c *RankCall) alone(ctx context.Context, s Store) { c.Err = RankMany(ctx, s, c.Rankings) }

func (c *PushCall) alone(ctx context.Context, s Store) { c.Err = s.Push(ctx, c.List, c.Item, c.Keep) }

// renamed copies a list and puts a prefix before the names in it.
func renamed[T any](list []T, prefix string, name func(*T) *string) []T {
	list = slices.Clone(list)
	p := prefixed{prefix: prefix}
	for i := range list {
		n := name(&list[i])
		*n = p.name(*n)
	}
	return list
}

func (c *GetCall) under(prefix string) Call {
	return &GetCall{Keys: renamed(c.Keys, prefix, func(k *string) *string { return k })}
}

func (c *SetCall) under(prefix string) Call {
	return &SetCall{Values: renamed(c.Values, prefix, func(v *Value) *string { return &v.Key }), TTL: c.TTL}
}

func (c *TakeCall) under(prefix string) Call {
	return &TakeCall{Claims: renamed(c.Claims, prefix, func(c *Claim) *string { return &c.Name }), Now: c.Now}
}

func (c *SettleCall) under(prefix string) Call {
	return &SettleCall{Settlements: renamed(c.Settlements, prefix, func(s *Settlement) *string { return &s.Name }), Now: c.Now}
}

func (c *ObservedCall) under(prefix string) Call {
	return &ObservedCall{Of: renamed(c.Of, prefix, func(x *SeriesOf) *string { return &x.Name })}
}

func (c *ObserveCall) under(prefix string) Call {
	return &ObserveCall{Observations: renamed(c.Observations, prefix, func(o *Observation) *string { return &o.Series }), Now: c.Now}
}

func (c *RanksCall) under(prefix string) Call {
	return &RanksCall{Of: renamed(c.Of, prefix, func(m *MemberOf) *string { return &m.Set })}
}

func (c *RankCall) under(prefix string) Call {
	return &RankCall{Rankings: renamed(c.Rankings, prefix, func(r *Ranking) *string { return &r.Set })}
}

func (c *PushCall) under(prefix string) Call {
	return &PushCall{List: prefixed{prefix: prefix}.name(c.List), Item: c.Item, Keep: c.Keep}
}

func (c *GetCall) ownedCall() Call { return &GetCall{Keys: slices.Clone(c.Keys)} }

func (c *SetCall) ownedCall() Call {
	values := slices.Clone(c.Values)
	for i := range values {
		values[i].Data = owned(values[i].Data)
	}
	return &SetCall{Values: values, TTL: c.TTL}
}

func (c *TakeCall) ownedCall() Call { return &TakeCall{Claims: slices.Clone(c.Claims), Now: c.Now} }

func (c *SettleCall) ownedCall() Call {
	return &SettleCall{Settlements: slices.Clone(c.Settlements), Now: c.Now}
}

func (c *ObservedCall) ownedCall() Call { return &ObservedCall{Of: ownedSeries(c.Of)} }

func (c *ObserveCall) ownedCall() Call {
	return &ObserveCall{Observations: ownedObservations(c.Observations), Now: c.Now}
}

func (c *RanksCall) ownedCall() Call { return &RanksCall{Of: slices.Clone(c.Of)} }

func (c *RankCall) ownedCall() Call { return &RankCall{Rankings: slices.Clone(c.Rankings)} }

func (c *PushCall) ownedCall() Call {
	return &PushCall{List: c.List, Item: owned(c.Item), Keep: c.Keep}
}

func (c *GetCall) answer(done Call) {
	if d, ok := done.(*GetCall); ok {
		c.Values, c.Err = d.Values, d.Err
	}
}

func (c *TakeCall) answer(done Call) {
	if d, ok := done.(*TakeCall); ok {
		c.Buckets, c.Err = d.Buckets, d.Err
	}
}

func (c *ObservedCall) answer(done Call) {
	if d, ok := done.(*ObservedCall); ok {
		c.Series, c.Err = d.Series, d.Err
	}
}

func (c *RanksCall) answer(done Call) {
	if d, ok := done.(*RanksCall); ok {
		c.Members, c.Err = d.Members, d.Err
	}
}

func (s *Status) answer(done Call) { s.Err = done.Failed() }
