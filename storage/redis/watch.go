package redis

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// How often servers that are down are asked, how long they may take, and how
// often Sentinels are asked for the master.
const (
	askFirst  = 50 * time.Millisecond
	askLast   = time.Second
	askFor    = time.Second
	lookEvery = time.Second
)

// watch is the goroutine that asks servers whose circuit is open, follows the
// master by the Sentinels, and looks at the servers' settings. It ends with ctx.
func (s *Store) watch(ctx context.Context) {
	defer close(s.watched)
	t := time.NewTimer(0)
	defer t.Stop()
	looked := false
	delay := askFirst
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-s.wake:
		}
		s.followMaster(ctx)
		if !s.allAnswer(ctx) || !looked && !s.look(ctx) {
			looked = false
			t.Reset(delay)
			delay = min(2*delay, askLast)
			continue
		}
		looked, delay = true, askFirst
		if s.sentinels != nil {
			t.Reset(lookEvery)
		}
	}
}

// allAnswer asks the servers whose circuit is open, and reports whether none is
// left.
func (s *Store) allAnswer(ctx context.Context) bool {
	s.dropNodes(ctx)
	all := true
	s.eachNode(func(n *node) {
		if open, _, _ := n.state(); open {
			all = s.ping(ctx, n) == nil && all
		}
	})
	if open, _, _ := s.topology.state(); open {
		ctx, cancel := context.WithTimeout(ctx, askFor)
		defer cancel()
		if _, err := s.cluster.MasterForKey(ctx, ""); err != nil {
			return false
		}
		s.topology.answer()
	}
	return all
}

// ping asks a server and sets its circuit by what it says.
func (s *Store) ping(ctx context.Context, n *node) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	err := n.client.Ping(ctx).Err()
	switch fate, _ := judge(err); fate {
	case answered:
		n.answer()
		return nil
	case tryAgain: // An idle connection was cut.
		if err = n.client.Ping(ctx).Err(); err == nil {
			n.answer()
			return nil
		}
	}
	n.fail(err, failures)
	return err
}

func (s *Store) eachNode(f func(*node)) {
	if s.only != nil {
		f(s.only)
		return
	}
	s.nodes.Range(func(_, n any) bool {
		f(n.(*node))
		return true
	})
}

// dropNodes forgets what is down and no master of the Cluster any more.
func (s *Store) dropNodes(ctx context.Context) {
	down := false
	s.eachNode(func(n *node) {
		open, _, _ := n.state()
		down = down || open
	})
	if s.cluster == nil || !down {
		return
	}
	masters := s.masters(ctx)
	if len(masters) == 0 {
		return
	}
	s.eachNode(func(n *node) {
		if open, _, _ := n.state(); open && !slices.Contains(masters, n.client) {
			s.nodes.Delete(n.client)
		}
	})
}

// masters returns the clients of all masters, nil if they can't be had. In a
// Cluster it asks for the latest state.
func (s *Store) masters(ctx context.Context) []*goredis.Client {
	if s.only != nil {
		return []*goredis.Client{s.only.client}
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	var mu sync.Mutex
	var all []*goredis.Client
	err := s.cluster.ForEachMaster(ctx, func(_ context.Context, c *goredis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, c)
		return nil
	})
	if err != nil {
		return nil
	}
	return all
}

// connect asks all masters once.
func (s *Store) connect(ctx context.Context) error {
	if s.cluster != nil {
		if _, err := s.cluster.MasterForKey(ctx, ""); err != nil {
			return err
		}
	}
	for _, c := range s.masters(ctx) {
		n := s.only
		if n == nil {
			n = s.nodeOf(c)
		}
		if err := s.ping(ctx, n); err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
	}
	return nil
}

// followMaster asks the Sentinels for the master. When it has moved the
// connections to the old one are not used any more.
func (s *Store) followMaster(ctx context.Context) {
	if s.sentinels == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	from, to, err := s.sentinels.renew(ctx)
	if err != nil || from == "" {
		return
	}
	s.only.line.cut()
	if s.o.Acks == 0 {
		s.warnings.moved(fmt.Sprintf("the master moved from %s to %s at %s: writes of the last moments before, which had not been replicated, are lost (Options.Acks prevents that)",
			from, to, time.Now().UTC().Format(time.RFC3339)))
	}
}
