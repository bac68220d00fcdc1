package redis

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/winnowmail/winnow/storage"
)

// A Store keeps everything in Redis. It is safe for concurrent use.
type Store struct {
	o Options
	layout
	scripts scripts
	t       *transport

	only      *node      // without a Cluster
	sentinels *sentinels // only: where it is, if Sentinels know it
	cluster   *goredis.ClusterClient
	topology  circuit  // of the Cluster as a whole
	nodes     sync.Map // *goredis.Client -> *node, of a Cluster
	lines     sync.Map // address -> *line, of a Cluster

	calls, failed, refused atomic.Int64
	warnings               warnings

	mu      sync.RWMutex // held by what begins against Close
	closed  bool
	running sync.WaitGroup
	wake    chan struct{}
	stop    context.CancelFunc
	watched chan struct{}
}

// A node is a server that calls go to.
type node struct {
	client *goredis.Client
	line   *line
	circuit
}

var _ storage.Store = (*Store)(nil)

// Open makes a Store. Unless Options.Connect is set it waits for nothing: a
// server that is down is asked again until it answers. Bad options are errors
// that wrap ErrOptions.
func Open(ctx context.Context, o Options) (*Store, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	s := &Store{
		o: o, layout: layout{prefix: o.Prefix, rspamd: o.Rspamd}, scripts: newScripts(o.Rspamd), t: newTransport(&o),
		wake: make(chan struct{}, 1), watched: make(chan struct{}),
	}
	s.topology.name, s.topology.wake = "the Cluster", s.wake
	switch {
	case o.cluster():
		s.openCluster()
	case o.Master != "":
		s.openSentinels()
	default:
		s.openServer()
	}
	watching, stop := context.WithCancel(context.Background())
	s.stop = stop
	if o.Connect {
		if err := s.connect(ctx); err != nil {
			close(s.watched)
			_ = s.Close()
			return nil, fmt.Errorf("redis: %w", err)
		}
	}
	go s.watch(watching)
	return s, nil
}

// String describes the server without passwords.
func (s *Store) String() string { return s.o.String() }

// GoString is String.
func (s *Store) GoString() string { return s.o.String() }

func (s *Store) newNode(client *goredis.Client, l *line, name string) *node {
	return &node{client: client, line: l, circuit: circuit{name: name, wake: s.wake}}
}

func (s *Store) openServer() {
	l := &line{}
	o := s.clientOptions()
	o.Addr, o.DB = s.o.Addrs[0], s.o.DB
	o.Dialer = func(ctx context.Context, _, addr string) (net.Conn, error) {
		c, _ := s.t.dial(ctx, l, addr)
		return c, nil
	}
	s.only = s.newNode(goredis.NewClient(o), l, o.Addr)
}

func (s *Store) openSentinels() {
	l := &line{}
	s.sentinels = newSentinels(s)
	o := s.clientOptions()
	o.Addr, o.DB = s.o.Master, s.o.DB
	o.Dialer = func(ctx context.Context, _, _ string) (net.Conn, error) {
		addr, err := s.sentinels.master(ctx)
		if err != nil {
			return refused(err), nil
		}
		c, err := s.t.dial(ctx, l, addr)
		if err != nil {
			s.sentinels.forget(addr)
		}
		return c, nil
	}
	o.OnConnect = s.sentinels.verify
	s.only = s.newNode(goredis.NewClient(o), l, "the master "+s.o.Master)
}

func (s *Store) openCluster() {
	c := s.clientOptions()
	s.cluster = goredis.NewClusterClient(&goredis.ClusterOptions{
		Addrs: s.o.Addrs, Username: c.Username, Password: c.Password, Protocol: c.Protocol,
		DisableIdentity: true, DisableRoutingPolicies: true, MaxRedirects: -1, MaxRetries: c.MaxRetries,
		DialTimeout: c.DialTimeout, DialerRetries: c.DialerRetries, ReadTimeout: c.ReadTimeout, WriteTimeout: c.WriteTimeout,
		ContextTimeoutEnabled: true, PoolSize: c.PoolSize, PoolTimeout: c.PoolTimeout, PipelinePoolSize: c.PipelinePoolSize,
		MaintNotificationsConfig: c.MaintNotificationsConfig,
		Dialer: func(ctx context.Context, _, addr string) (net.Conn, error) {
			c, _ := s.t.dial(ctx, s.lineTo(addr), addr)
			return c, nil
		},
	})
	s.cluster.OnNewNode(func(client *goredis.Client) { s.nodeOf(client) })
}

func (s *Store) lineTo(addr string) *line {
	l, _ := s.lines.LoadOrStore(addr, &line{})
	return l.(*line)
}

// nodeOf returns the node of a client that the Cluster's client has made.
func (s *Store) nodeOf(client *goredis.Client) *node {
	if n, ok := s.nodes.Load(client); ok {
		return n.(*node)
	}
	addr := client.Options().Addr
	n, _ := s.nodes.LoadOrStore(client, s.newNode(client, s.lineTo(addr), addr))
	return n.(*node)
}

// clientOptions has what all clients have in common. The library tries nothing
// again on its own: run knows what may be.
func (s *Store) clientOptions() *goredis.Options {
	return &goredis.Options{
		Username: s.o.Username, Password: s.o.Password,
		Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		MaxRetries:               -1, DialerRetries: 1, DialTimeout: s.o.DialTimeout,
		ReadTimeout: s.o.Timeout, WriteTimeout: s.o.Timeout, ContextTimeoutEnabled: true,
		PoolSize: s.o.PoolSize, PoolTimeout: s.o.Timeout, PipelinePoolSize: -1,
	}
}

// Close ends the connections and what runs in the background. Calls in progress
// and later ones return storage.ErrClosed.
func (s *Store) Close() error {
	s.mu.Lock()
	was := s.closed
	s.closed = true
	s.mu.Unlock()
	if was {
		return nil
	}
	s.stop()
	s.t.close()
	<-s.watched
	if s.sentinels != nil {
		s.sentinels.close()
	}
	s.running.Wait() // not for long: their connections are closed
	// The library writes a line to stderr for a connection that is given back
	// to a pool that is being closed.
	if s.cluster != nil {
		_ = s.cluster.Close()
	} else {
		_ = s.only.client.Close()
	}
	return nil
}

// Stats implements storage.Store. Up is false while any master of a Cluster can't
// be reached. Keys and Bytes are unknown.
func (s *Store) Stats() storage.Stats {
	st := storage.Stats{
		Kind: "redis", Up: true, Keys: -1, Bytes: -1,
		Calls: s.calls.Load(), Failed: s.failed.Load(), Refused: s.refused.Load(),
		Warnings: s.warnings.list(),
	}
	s.eachCircuit(func(c *circuit) {
		open, since, err := c.state()
		st.Up = st.Up && !open
		if err != nil && (st.Err == nil || since.Before(st.Since)) {
			st.Err, st.Since = fmt.Errorf("redis: %s: %w", c.name, err), since
		}
	})
	return st
}

func (s *Store) eachCircuit(f func(*circuit)) {
	if s.only != nil {
		f(&s.only.circuit)
		return
	}
	f(&s.topology)
	s.nodes.Range(func(_, n any) bool {
		f(&n.(*node).circuit)
		return true
	})
}
