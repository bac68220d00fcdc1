package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/winnowmail/winnow/storage"
)

// Promptness implements storage.Prompter: whatever is read or written has a
// deadline.
func (s *Store) Promptness() storage.Promptness { return storage.AtDeadline }

// A planned call is a storage.Call with its commands.
type planned struct {
	call storage.Call
	cmds []*command
	read func() error // takes over the replies
}

// Batch implements storage.Batcher: in one trip. In a Cluster each call goes by
// itself, and all at once.
func (s *Store) Batch(ctx context.Context, calls []storage.Call) {
	if s.cluster != nil {
		var all sync.WaitGroup
		for _, c := range calls {
			all.Go(func() { storage.Alone(ctx, s, c) })
		}
		all.Wait()
		return
	}
	var plans []planned
	var cmds []*command
	for _, c := range calls {
		p, err := s.plan(c)
		switch {
		case err != nil:
			c.Fail(err)
		case len(p.cmds) == 0 || len(p.cmds) > manyTrip:
			storage.Alone(ctx, s, c)
		default:
			plans, cmds = append(plans, p), append(cmds, p.cmds...)
		}
	}
	if len(cmds) == 0 {
		return
	}
	if err := s.begin(ctx, cmds[0].op, func() error { s.runEach(ctx, cmds); return nil }); err != nil {
		for _, p := range plans {
			p.call.Fail(err)
		}
		return
	}
	for _, p := range plans {
		p.finish()
	}
}

// finish sets the result of a call whose commands have run. What was written
// and is not replicated has its result beside the error, as everywhere.
func (p *planned) finish() {
	var failed error
	for _, c := range p.cmds {
		if c.err == nil {
			continue
		}
		if failed = c.err; c.result(failed) == nil {
			p.call.Fail(failed)
			return
		}
	}
	if p.read != nil {
		if err := p.read(); err != nil {
			p.call.Fail(err)
			return
		}
	}
	p.call.Fail(failed)
}

// plan makes the commands of a call; without any it is to be made alone.
func (s *Store) plan(call storage.Call) (p planned, err error) {
	p.call = call
	switch c := call.(type) {
	case *storage.GetCall:
		if err := checkKeys(c.Keys...); err != nil || len(c.Keys) == 0 {
			return p, err
		}
		get := s.getMany(c.Keys)
		p.cmds = []*command{get}
		p.read = func() error { c.Values = valuesOf(sliceOf(get.reply), len(c.Keys)); return nil }
	case *storage.SetCall:
		for _, v := range c.Values {
			if err := checkKeys(v.Key); err != nil {
				return planned{call: call}, nil // those before it are set
			}
			p.cmds = append(p.cmds, s.setCommand(v.Key, v.Data, c.TTL))
		}
	case *storage.TakeCall:
		if err := storage.CheckClaims(c.Claims); err != nil || len(c.Claims) == 0 {
			return p, err
		}
		take := s.takeAll(c.Claims, c.Now)
		p.cmds = []*command{take}
		p.read = func() (err error) { c.Buckets, err = bucketsOf(take.reply, len(c.Claims)); return err }
	case *storage.SettleCall:
		if err := storage.CheckSettlements(c.Settlements); err != nil || len(c.Settlements) == 0 {
			return p, err
		}
		p.cmds = []*command{s.settleCommand(c.Settlements, c.Now)}
	case *storage.ObservedCall:
		if err := storage.CheckSeries(c.Of); err != nil || len(c.Of) == 0 {
			return p, err
		}
		p.cmds = s.averages(c.Of)
		p.read = func() (err error) { c.Series, err = seriesOf(c.Of, p.cmds); return err }
	case *storage.ObserveCall:
		if err := storage.CheckObservations(c.Observations); err != nil || len(c.Observations) == 0 {
			return p, err
		}
		p.cmds = s.observations(c.Observations, c.Now)
	case *storage.RanksCall:
		if p.cmds, err = s.rankOfCommands(c.Of); err == nil {
			p.read = func() (err error) { c.Members, err = membersOf(c.Of, p.cmds); return err }
		}
	case *storage.RankCall:
		for _, r := range c.Rankings {
			cmd, err := s.rankCommand(r)
			if err != nil {
				return planned{call: call}, nil // those before it are done
			}
			p.cmds = append(p.cmds, cmd)
		}
	case *storage.PushCall:
		if err := checkKeys(c.List); err != nil {
			return p, err
		}
		p.cmds = []*command{s.pushCommand(c.List, c.Item, c.Keep)}
	}
	return p, err
}

// runEach runs commands in one trip and sets the reply or the error of each. It
// sends those again that may be, without those that were answered.
func (s *Store) runEach(caller context.Context, cmds []*command) {
	ctx, cancel := context.WithTimeout(caller, s.o.Timeout)
	defer cancel()
	n := s.only
	for tries := 1; ; {
		if err := n.allow(); err != nil {
			s.refused.Add(1)
			failEach(cmds, func(c *command) error { return fmt.Errorf("redis: %s: %w", c.op, err) })
			return
		}
		s.execEach(ctx, n, cmds)
		left, scripts := s.left(caller, n, cmds)
		if len(left) == 0 {
			return
		}
		if scripts {
			cmds = left
			continue
		}
		if tries == attempts || s.isClosed() || !pause(ctx, tries) {
			failEach(left, func(c *command) error { f, _ := judge(c.err); return s.fails(caller, c, f, c.err) })
			return
		}
		cmds, tries = left, tries+1
	}
}

func failEach(cmds []*command, err func(*command) error) {
	for _, c := range cmds {
		c.err = err(c)
	}
}

// left returns the commands that are to be sent again, and whether the server
// only lacks scripts; the errors of the others are final.
func (s *Store) left(caller context.Context, n *node, cmds []*command) (left []*command, scripts bool) {
	scripts = true
	var worst error
	for _, c := range cmds {
		if c.err == nil {
			continue
		}
		if _, few := errors.AsType[*NotReplicatedError](c.err); few {
			s.failed.Add(1)
			continue
		}
		switch fate, _ := judge(c.err); {
		case fate == answered:
			c.err = s.fails(caller, c, fate, c.err)
		case fate == unknown && !c.repeat:
			worst = c.err
			c.err = s.fails(caller, c, fate, c.err)
		case fate == noScript && !c.whole:
			c.whole = true
			left = append(left, c)
		default:
			scripts, worst = false, c.err
			left = append(left, c)
		}
	}
	if worst == nil {
		n.answer()
		return left, scripts
	}
	fate, _ := judge(worst)
	s.note(n, fate, worst)
	return left, scripts
}

// execEach sends commands to a node in one trip.
func (s *Store) execEach(ctx context.Context, n *node, cmds []*command) {
	pipe := n.client.Pipeline()
	sent, acks := make([]*goredis.Cmd, len(cmds)), false
	for i, c := range cmds {
		sent[i] = pipe.Do(ctx, c.sent()...)
		acks = acks || c.write && s.o.Acks > 0
	}
	var wait *goredis.Cmd
	if acks {
		wait = pipe.Do(ctx, "wait", s.o.Acks, s.acksTime(ctx))
	}
	_, _ = pipe.Exec(ctx) // Each command has its own error.
	for i, c := range cmds {
		if c.err = sent[i].Err(); errors.Is(c.err, goredis.Nil) {
			c.err = nil
		}
		if c.err == nil {
			c.reply = sent[i].Val()
		}
	}
	if !acks {
		return
	}
	got, err := wait.Int()
	if err == nil && got >= s.o.Acks {
		return
	}
	for _, c := range cmds {
		if c.write && c.err == nil {
			c.err = &NotReplicatedError{Op: c.op, Acks: got, Want: s.o.Acks}
		}
	}
}
