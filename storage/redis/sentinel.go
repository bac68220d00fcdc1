package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// sentinels find the master. The client library's own failover client is not
// used: it logs to stderr, and keeps sending to the old master until it hears
// of the new one.
type sentinels struct {
	name    string
	clients []*goredis.SentinelClient
	line    *line
	asking  sync.WaitGroup

	mu     sync.Mutex // held while they are asked, so that they are asked once
	closed bool
	addr   string // "" to be asked
	last   string // what renew was last told
}

var errNotMaster = errors.New("the server that the Sentinels name is not a master")

func newSentinels(s *Store) *sentinels {
	all := &sentinels{name: s.o.Master, line: &line{}}
	for _, addr := range s.o.Addrs {
		o := s.clientOptions()
		o.Addr, o.Username, o.Password = addr, s.o.SentinelUsername, s.o.SentinelPassword
		o.PoolSize = 2
		o.Dialer = func(ctx context.Context, _, addr string) (net.Conn, error) {
			c, _ := s.t.dial(ctx, all.line, addr)
			return c, nil
		}
		all.clients = append(all.clients, goredis.NewSentinelClient(o))
	}
	return all
}

// close is called when renew is not any more.
func (s *sentinels) close() {
	for _, c := range s.clients {
		_ = c.Close()
	}
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.asking.Wait()
}

// master returns the master's address, and asks for it where none is known. If no
// Sentinel answers it is the latest that they named.
func (s *sentinels) master(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", errClosed
	}
	if s.addr == "" {
		addr, err := s.ask(ctx)
		if err != nil && s.last != "" {
			return s.last, nil
		}
		if err != nil {
			return "", err
		}
		s.addr = addr
	}
	return s.addr, nil
}

// forget makes the next call of master ask again if the address is the one in
// force; "" stands for any.
func (s *sentinels) forget(addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if addr == "" || addr == s.addr {
		s.addr = ""
	}
}

// renew asks for the master. It returns the address before and the one of now
// when the master has moved since the last time that it was called.
func (s *sentinels) renew(ctx context.Context) (from, to string, err error) {
	addr, err := s.ask(ctx)
	if err != nil {
		return "", "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addr = addr
	from, s.last = s.last, addr
	if from == "" || from == addr {
		return "", "", nil
	}
	return from, addr, nil
}

// ask asks all Sentinels at once; the first answer counts.
func (s *sentinels) ask(ctx context.Context) (string, error) {
	type answer struct {
		addr string
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan answer, len(s.clients))
	for _, c := range s.clients {
		s.asking.Go(func() {
			at, err := c.GetMasterAddrByName(ctx, s.name).Result()
			switch {
			case errors.Is(err, goredis.Nil):
				err = fmt.Errorf("the Sentinels know no master %q", s.name)
			case err == nil && len(at) != 2:
				err = fmt.Errorf("a Sentinel named no address of %q", s.name)
			}
			if err != nil {
				answers <- answer{err: err}
				return
			}
			answers <- answer{addr: net.JoinHostPort(at[0], at[1])}
		})
	}
	var failed error
	for range s.clients {
		a := <-answers
		if a.err == nil {
			return a.addr, nil
		}
		failed = a.err
	}
	return "", failed
}

// verify is called for each new connection to the master. A server that was
// demoted would answer reads with what it had then.
func (s *sentinels) verify(ctx context.Context, cn *goredis.Conn) error {
	cmd := goredis.NewSliceCmd(ctx, "role")
	err := cn.Process(ctx, cmd)
	if isReply(err) {
		return nil // A user who may not ask: READONLY will tell.
	}
	if err != nil {
		return err
	}
	if role := cmd.Val(); len(role) > 0 && role[0] != "master" {
		s.forget("")
		return errNotMaster
	}
	return nil
}
