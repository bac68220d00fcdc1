package redis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/winnowmail/winnow/storage"
)

// How often a command is tried, and sent on to another node of a Cluster.
const (
	attempts  = 3
	redirects = 5
)

// A command is one command to Redis, or one call of a script.
type command struct {
	op     string // the method of the Store, for errors
	key    string // decides the node
	script *script
	args   []any    // the command, or the arguments of the script
	more   []string // further keys of the script, on the same node
	write  bool     // waits for Options.Acks
	repeat bool     // may be sent again when it is unknown whether it was done
	loose  bool     // the commands beside it may belong to other nodes
	at     *node    // if not nil, where it goes in place of the key's node

	whole bool  // the script is sent, not its hash
	reply any   // nil, string, int64 or []any
	err   error // of a Batch's command
}

// result returns the reply of a command that was done: do's error is nil or
// says that replicas do not have the write.
func (c *command) result(err error) any {
	if _, few := errors.AsType[*NotReplicatedError](err); err == nil || few {
		return c.reply
	}
	return nil
}

// sent returns the command as it goes to the server.
func (c *command) sent() []any {
	if c.script == nil {
		return c.args
	}
	head := []any{"evalsha", c.script.hash, 1 + len(c.more), c.key}
	if c.whole {
		head[0], head[1] = "eval", c.script.text
	}
	for _, key := range c.more {
		head = append(head, key)
	}
	return append(head, c.args...)
}

// do runs commands on the node that has the key of the first, in order and in
// one trip. Of more than one all may be repeated. Those before the one that
// failed have their replies unless ctx has ended. The commands and their
// arguments belong to do then, which may still be reading them.
func (s *Store) do(ctx context.Context, cmds ...*command) error {
	return s.begin(ctx, cmds[0].op, func() error { return s.run(ctx, cmds) })
}

// begin runs what talks to servers, unless the store is closed, for as long as
// ctx lasts.
func (s *Store) begin(ctx context.Context, op string, run func() error) error {
	s.calls.Add(1)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("redis: %s: %w", op, err)
	}
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return storage.ErrClosed
	}
	s.running.Add(1)
	s.mu.RUnlock()
	if ctx.Done() == nil {
		defer s.running.Done()
		return run()
	}
	// The library obeys a deadline, but not a cancellation while it waits for
	// an answer.
	done := make(chan error, 1)
	go func() {
		defer s.running.Done()
		done <- run()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		select {
		case err := <-done:
			return err
		default:
			s.failed.Add(1)
			return fmt.Errorf("redis: %s: %w", op, ctx.Err())
		}
	}
}

// run tries commands until they are done or it is settled that they will not be.
func (s *Store) run(caller context.Context, cmds []*command) error {
	ctx, cancel := context.WithTimeout(caller, s.o.Timeout)
	defer cancel()
	to, asking := cmds[0].at, false
	for tries, sentOn := 1, 0; ; {
		if s.isClosed() {
			return storage.ErrClosed
		}
		n := to
		if n == nil {
			var err error
			if n, err = s.route(ctx, cmds[0].key); err != nil {
				return s.fails(caller, cmds[0], unsent, err)
			}
		}
		if err := n.allow(); err != nil {
			s.refused.Add(1)
			return fmt.Errorf("redis: %s: %w", cmds[0].op, err)
		}
		left, err := s.exec(ctx, n, cmds, asking)
		if err == nil {
			n.answer()
			return nil
		}
		if few, ok := errors.AsType[*NotReplicatedError](err); ok {
			n.answer()
			s.failed.Add(1)
			return few
		}
		cmds, to, asking = left, left[0].at, false
		fate, addr := judge(err)
		s.note(n, fate, err)
		switch {
		case fate == answered:
			return s.fails(caller, cmds[0], fate, err)
		case fate == noScript && !cmds[0].whole:
			cmds[0].whole = true
			continue
		case (fate == moved || fate == ask) && cmds[0].loose && len(cmds) > 1:
			return errScattered
		case (fate == moved || fate == ask) && sentOn < redirects:
			sentOn++
			to, asking = s.nodeAt(n, addr), fate == ask
			continue
		case tries == attempts, fate == unknown && !cmds[0].repeat, !pause(ctx, tries):
			return s.fails(caller, cmds[0], fate, err)
		}
		tries++
	}
}

func (s *Store) isClosed() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.closed
}

// errScattered says that loose commands do not all belong to one node any more.
var errScattered = errors.New("redis: keys have moved within the Cluster")

// fails makes the error that a call ends with.
func (s *Store) fails(caller context.Context, c *command, f fate, err error) error {
	switch deadline, limited := caller.Deadline(); {
	case s.isClosed():
		return storage.ErrClosed
	case f == answered:
		err = refusalOf(c.op, err)
		if err == storage.ErrNotNumber {
			return err
		}
	case caller.Err() != nil:
		err = fmt.Errorf("redis: %s: %w", c.op, caller.Err())
	case limited && !time.Now().Before(deadline):
		err = fmt.Errorf("redis: %s: %w", c.op, context.DeadlineExceeded)
	case f == unknown && !c.repeat:
		err = fmt.Errorf("redis: %s: it is unknown whether it was done: %w", c.op, err)
	case f == unknown:
		err = fmt.Errorf("redis: %s: %w", c.op, err)
	default:
		err = fmt.Errorf("redis: %s: %w: %w", c.op, storage.ErrUnavailable, err)
	}
	s.failed.Add(1)
	return err
}

// pause waits before the next try; it reports false if ctx ends before.
func pause(ctx context.Context, tries int) bool {
	d := 4 * time.Millisecond << (2 * tries)
	d = d/2 + rand.N(d/2)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// exec sends commands to a node. On an error it returns those from the one that
// failed on.
func (s *Store) exec(ctx context.Context, n *node, cmds []*command, asking bool) ([]*command, error) {
	acks := s.o.Acks > 0 && cmds[0].write
	if len(cmds) == 1 && !acks && !asking {
		c := goredis.NewCmd(ctx, cmds[0].sent()...)
		err := n.client.Process(ctx, c)
		if err != nil && !errors.Is(err, goredis.Nil) {
			return cmds, err
		}
		cmds[0].reply = c.Val()
		return nil, nil
	}
	pipe := n.client.Pipeline()
	sent := make([]*goredis.Cmd, len(cmds))
	for i, c := range cmds {
		if asking {
			pipe.Do(ctx, "asking")
		}
		sent[i] = pipe.Do(ctx, c.sent()...)
	}
	var wait *goredis.Cmd
	if acks {
		wait = pipe.Do(ctx, "wait", s.o.Acks, s.acksTime(ctx))
	}
	_, _ = pipe.Exec(ctx) // Each command has its own error.
	for i, c := range cmds {
		if err := sent[i].Err(); err != nil && !errors.Is(err, goredis.Nil) {
			return cmds[i:], err
		}
		c.reply = sent[i].Val()
	}
	if acks {
		if got, err := wait.Int(); err != nil || got < s.o.Acks {
			return cmds, &NotReplicatedError{Op: cmds[0].op, Acks: got, Want: s.o.Acks}
		}
	}
	return nil, nil
}

// acksTime returns how many milliseconds WAIT may take.
func (s *Store) acksTime(ctx context.Context) string {
	d := s.o.AcksTimeout
	if deadline, ok := ctx.Deadline(); ok {
		d = min(d, time.Until(deadline)*3/4)
	}
	return strconv.FormatInt(max(1, d.Milliseconds()), 10)
}
