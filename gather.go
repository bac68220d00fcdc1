package winnow

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/storage"
)

// A gathering sends what several checks ask of the store at the same time in one
// trip: as soon as each of its members waits for the store or has ended. Members
// are the checks of a stage that wait for nothing but the store; and, when the
// verdict is final, those that commit something. What others ask for, or ask for
// with a context of their own, goes by itself.
type gathering struct {
	ctx     context.Context
	members []string

	mu      sync.Mutex
	busy    int // members that run, or will soon, and wait for nothing
	waiting []*asked
}

// An asked call waits for its trip.
type asked struct {
	call  storage.Call
	next  storage.Store // what is asked
	done  chan struct{} // closed when the call is
	lead  chan struct{} // has a token for who is to make the trip
	taken bool          // it is on its way
}

// gather begins a gathering, nil if there is nothing to gather.
func (st *scanStore) gather(ctx context.Context, members []string) *gathering {
	if st == nil || !st.batches {
		return nil
	}
	var g *gathering
	if len(members) > 1 {
		g = &gathering{ctx: ctx, members: members}
	}
	st.gathering.Store(g)
	return g
}

// ask makes a call of a store for a member.
func (g *gathering) ask(call storage.Call, next storage.Store) error {
	if err := g.ctx.Err(); err != nil {
		return err
	}
	a := &asked{call: call, next: next, done: make(chan struct{}), lead: make(chan struct{}, 1)}
	g.mu.Lock()
	g.busy--
	g.waiting = append(g.waiting, a)
	if g.busy <= 0 {
		g.send(g.take())
		return call.Failed()
	}
	g.mu.Unlock()
	select {
	case <-a.done:
	case <-a.lead:
		if g.mu.Lock(); !a.taken {
			g.send(g.take())
			break
		}
		g.mu.Unlock()
		<-a.done
	case <-g.ctx.Done(): // that of the trip, too
		if g.mu.Lock(); !a.taken {
			g.leave(a)
			g.mu.Unlock()
			return g.ctx.Err()
		}
		g.mu.Unlock()
		<-a.done
	}
	return call.Failed()
}

// take returns the calls that wait; the lock is held.
func (g *gathering) take() []*asked {
	trip := g.waiting
	g.waiting = nil
	for _, a := range trip {
		a.taken = true
	}
	return trip
}

// leave takes a call back; the lock is held.
func (g *gathering) leave(a *asked) {
	g.waiting = slices.DeleteFunc(g.waiting, func(w *asked) bool { return w == a })
	g.busy++
	if len(a.lead) > 0 {
		g.nudge()
	}
}

// begin counts a member in, end counts one out: if all others wait, one of them
// makes the trip.
func (g *gathering) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy++
}

func (g *gathering) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy--; g.busy <= 0 {
		g.nudge()
	}
}

// hurry has those who wait go on without those that they wait for.
func (g *gathering) hurry() {
	if g != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.nudge()
	}
}

// nudge tells the first who waits to make the trip; the lock is held.
func (g *gathering) nudge() {
	if len(g.waiting) > 0 && len(g.waiting[0].lead) == 0 {
		g.waiting[0].lead <- struct{}{}
	}
}

// send makes a trip to each store that is asked, at the same time. It is called
// with the lock held and gives it back.
func (g *gathering) send(trip []*asked) {
	g.mu.Unlock()
	var wg sync.WaitGroup
	for rest := trip; len(rest) > 0; {
		var one, others []*asked
		for _, a := range rest {
			if a.next == rest[0].next {
				one = append(one, a)
			} else {
				others = append(others, a)
			}
		}
		if rest = others; len(rest) == 0 {
			g.batch(one)
		} else {
			wg.Go(func() { g.batch(one) })
		}
	}
	wg.Wait()
	g.mu.Lock()
	g.busy += len(trip)
	g.mu.Unlock()
	for _, a := range trip {
		close(a.done)
	}
}

// batch calls a store, which may panic.
func (g *gathering) batch(trip []*asked) {
	calls := make([]storage.Call, len(trip))
	for i, a := range trip {
		calls[i] = a.call
	}
	defer func() {
		if r := recover(); r != nil {
			for _, c := range calls {
				c.Fail(fmt.Errorf("%w: it panicked: %v", storage.ErrUnavailable, r))
			}
		}
	}()
	storage.Batch(g.ctx, trip[0].next, calls)
}

// gatherStage begins the gathering of a stage's checks; the lock is held. Those that
// only wait for checks that wait for nothing are waited for from the beginning.
func (r *stageRun) gatherStage(list []int) {
	var members []string
	early := 0
	for _, i := range list {
		at, c := &r.standings[i], r.check(i)
		at.late = slices.ContainsFunc(r.scan.plan().Waits(i), func(j int) bool {
			return r.standings[j].in && (r.standings[j].late || r.check(j).Needs.Waits())
		})
		if at.joins = onlyStore(c); at.joins {
			if members = append(members, c.Name); !at.late {
				early++
			}
		}
	}
	if r.gathering = r.scan.store.gather(r.ctx, members); r.gathering != nil {
		r.gathering.busy = early
	}
}

func onlyStore(c *checks.Check) bool { return c.Needs.Store && !c.Needs.DNS && !c.Needs.Net }

// A joined store is that of a check while there is a gathering.
type joined struct {
	storage.Store
	g trips
}

// trips are those of a gathering to one store.
type trips struct {
	*gathering
	next storage.Store
}

func (t trips) ask(call storage.Call) error { return t.gathering.ask(call, t.next) }

// via is the store that the check's next call goes to.
func (k *checkStore) via() storage.Store {
	if g := k.scan.gathering.Load(); g != nil && slices.Contains(g.members, k.check) {
		return joined{k.next, trips{g, k.next}}
	}
	return k.next
}

func (j joined) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	if ctx != j.g.ctx {
		return j.Store.GetMany(ctx, keys)
	}
	c := &storage.GetCall{Keys: keys}
	err := j.g.ask(c)
	return c.Values, err
}

// SetMany implements storage.ManySetter.
func (j joined) SetMany(ctx context.Context, values []storage.Value, ttl time.Duration) error {
	if ctx != j.g.ctx {
		return storage.SetMany(ctx, j.Store, values, ttl)
	}
	return j.g.ask(&storage.SetCall{Values: values, TTL: ttl})
}

func (j joined) TakeAll(ctx context.Context, claims []storage.Claim, now time.Time) ([]storage.Bucket, error) {
	if ctx != j.g.ctx {
		return j.Store.TakeAll(ctx, claims, now)
	}
	c := &storage.TakeCall{Claims: claims, Now: now}
	err := j.g.ask(c)
	return c.Buckets, err
}

func (j joined) Settle(ctx context.Context, ss []storage.Settlement, now time.Time) error {
	if ctx != j.g.ctx {
		return j.Store.Settle(ctx, ss, now)
	}
	return j.g.ask(&storage.SettleCall{Settlements: ss, Now: now})
}

func (j joined) Observed(ctx context.Context, of []storage.SeriesOf) ([]storage.Series, error) {
	if ctx != j.g.ctx {
		return j.Store.Observed(ctx, of)
	}
	c := &storage.ObservedCall{Of: of}
	err := j.g.ask(c)
	return c.Series, err
}

func (j joined) Observe(ctx context.Context, obs []storage.Observation, now time.Time) error {
	if ctx != j.g.ctx {
		return j.Store.Observe(ctx, obs, now)
	}
	return j.g.ask(&storage.ObserveCall{Observations: obs, Now: now})
}

// RanksOf implements storage.ManyRanker.
func (j joined) RanksOf(ctx context.Context, of []storage.MemberOf) ([]storage.Member, error) {
	if ctx != j.g.ctx {
		return storage.RanksOf(ctx, j.Store, of)
	}
	c := &storage.RanksCall{Of: of}
	err := j.g.ask(c)
	return c.Members, err
}

// RankMany implements storage.ManyRanker.
func (j joined) RankMany(ctx context.Context, rs []storage.Ranking) error {
	if ctx != j.g.ctx {
		return storage.RankMany(ctx, j.Store, rs)
	}
	return j.g.ask(&storage.RankCall{Rankings: rs})
}

func (j joined) Push(ctx context.Context, list string, item []byte, keep int) error {
	if ctx != j.g.ctx {
		return j.Store.Push(ctx, list, item, keep)
	}
	return j.g.ask(&storage.PushCall{List: list, Item: item, Keep: keep})
}
