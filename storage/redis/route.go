package redis

import (
	"context"
	"errors"
	"net"
	"strings"
)

// route returns the node that has a key.
func (s *Store) route(ctx context.Context, key string) (*node, error) {
	if s.only != nil {
		return s.only, nil
	}
	if err := s.topology.allow(); err != nil {
		return nil, err
	}
	client, err := s.cluster.MasterForKey(ctx, key)
	if err != nil {
		if ctx.Err() == nil {
			s.topology.fail(err, 1)
		}
		return nil, err
	}
	s.topology.answer()
	return s.nodeOf(client), nil
}

// nodeAt returns the node of an address that another one has named, nil if the
// Cluster's client does not know it yet.
func (s *Store) nodeAt(by *node, addr string) (found *node) {
	if strings.HasPrefix(addr, ":") { // The host is that of the node that says so.
		host, _, _ := net.SplitHostPort(by.name)
		addr = host + addr
	}
	s.nodes.Range(func(_, n any) bool {
		if n.(*node).name == addr {
			found = n.(*node)
		}
		return found == nil
	})
	return found
}

// note draws the consequences of what a node did.
func (s *Store) note(n *node, f fate, err error) {
	switch {
	case s.isClosed():
		return
	case f == unknown, f == unsent, f == turnedAway:
		if broken, ok := errors.AsType[*connError](err); ok && broken.hasty() || !ok && isContext(err) {
			return // The caller's time was too short to tell.
		}
		if n.fail(err, 1) {
			n.line.cut()
			if s.sentinels != nil {
				s.sentinels.forget("")
			}
		}
	case f == readOnly:
		n.line.cut()
		if s.sentinels != nil {
			s.sentinels.forget("")
		}
	case f == answered:
		n.answer()
	}
	if s.cluster != nil && f != answered && f != noScript {
		s.cluster.ReloadState(context.Background())
	}
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
