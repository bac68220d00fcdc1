package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// GetMany implements storage.KV.
func (s *Store) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	if err := checkKeys(keys...); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return [][]byte{}, ctx.Err()
	}
	var replies []any
	if s.cluster == nil {
		c := s.getMany(keys)
		if err := s.do(ctx, c); err != nil {
			return nil, err
		}
		replies = sliceOf(c.reply)
	} else {
		var err error
		replies, err = s.each(ctx, keys, func(key string) *command {
			return &command{op: "GetMany", key: key, args: []any{"get", key}, repeat: true, loose: true}
		})
		if err != nil {
			return nil, err
		}
	}
	return valuesOf(replies, len(keys)), nil
}

// getMany is the command for several keys, at least one.
func (s *Store) getMany(keys []string) *command {
	args := make([]any, 1, len(keys)+1)
	args[0] = "mget"
	for _, key := range keys {
		args = append(args, s.kv(key))
	}
	return &command{op: "GetMany", key: s.kv(keys[0]), args: args, repeat: true}
}

// valuesOf returns n values of which these are the replies.
func valuesOf(replies []any, n int) [][]byte {
	values := make([][]byte, n)
	for i, reply := range replies[:min(len(replies), n)] {
		values[i] = bytesOf(reply)
	}
	return values
}

// manyTrip is how many commands go in one trip.
const manyTrip = 256

// SetMany implements storage.ManySetter, 256 values or 4 MiB in a trip.
func (s *Store) SetMany(ctx context.Context, values []storage.Value, ttl time.Duration) error {
	for len(values) > 0 {
		var cmds []*command
		var bad error
		size := 0
		for len(values) > 0 && len(cmds) < manyTrip && size < 4<<20 {
			v := values[0]
			if bad = checkKeys(v.Key); bad != nil {
				break
			}
			cmds = append(cmds, s.setCommand(v.Key, v.Data, ttl))
			size += len(v.Data)
			values = values[1:]
		}
		if err := cmp.Or(s.spread(ctx, cmds), bad); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// each runs a command for each key of KV.
func (s *Store) each(ctx context.Context, keys []string, of func(key string) *command) ([]any, error) {
	cmds := make([]*command, len(keys))
	for i, key := range keys {
		cmds[i] = of(s.kv(key))
	}
	if err := s.spread(ctx, cmds); err != nil {
		return nil, err
	}
	replies := make([]any, len(cmds))
	for i, c := range cmds {
		replies[i] = c.reply
	}
	return replies, nil
}

// spread runs commands that may be repeated in one trip, in a Cluster in one to
// each of the nodes that have their keys, and all of these at once.
func (s *Store) spread(ctx context.Context, cmds []*command) error {
	if len(cmds) == 0 {
		return nil
	}
	if s.cluster == nil {
		return s.do(ctx, cmds...)
	}
	groups := map[*node][]*command{}
	for _, c := range cmds {
		c.loose = true
		n, err := s.route(ctx, c.key)
		if err != nil {
			return s.fails(ctx, c, unsent, err)
		}
		groups[n] = append(groups[n], c)
	}
	var mu sync.Mutex
	var failed error
	var wg sync.WaitGroup
	for _, group := range groups {
		wg.Go(func() {
			if err := s.together(ctx, group); err != nil {
				mu.Lock()
				failed = err
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return failed
}

// together runs loose commands in one trip, or one by one if they turn out to
// belong to several nodes.
func (s *Store) together(ctx context.Context, group []*command) error {
	err := s.do(ctx, group...)
	if !errors.Is(err, errScattered) {
		return err
	}
	for _, c := range group {
		if err := s.do(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// How many keys SCAN looks at in a step where the caller doesn't say, and how
// often one call of Scan steps on when it finds none.
const (
	scanKeys  = 1000
	scanSteps = 16
)

// Scan implements storage.KV. The cursor is the one of SCAN, in a Cluster with
// the master's address before it. A key may be missed if a server is restarted,
// a master replaced or a slot moved meanwhile.
func (s *Store) Scan(ctx context.Context, prefix, cursor string, n int) ([]string, string, error) {
	whole := s.kv(prefix)
	found, next, err := s.scan(ctx, "Scan", whole, "string", cursor, n)
	if err != nil {
		return nil, "", err
	}
	from := len(whole) - len(prefix)
	for i, key := range found {
		found[i] = key[from:]
	}
	return found, next, nil
}

// scan lists keys of a type that begin with prefix.
func (s *Store) scan(ctx context.Context, op, prefix, kind, cursor string, n int) (found []string, next string, err error) {
	if n < 1 {
		n = scanKeys
	}
	pattern := glob(prefix) + "*"
	for range scanSteps {
		var at *node
		if at, cursor, err = s.scanned(ctx, op, cursor); err != nil {
			return nil, "", err
		}
		c := &command{op: op, key: prefix, args: []any{"scan", cursor, "match", pattern, "count", n}, repeat: true, at: at}
		if s.rspamd {
			c.args = append(c.args, "type", kind) // Redis 6 and later.
		}
		if err := s.do(ctx, c); err != nil {
			return nil, "", err
		}
		reply := sliceOf(c.reply)
		if len(reply) != 2 {
			return nil, "", fmt.Errorf("redis: %s: the server's answer is no list of keys", op)
		}
		for _, key := range sliceOf(reply[1]) {
			found = append(found, stringOf(key))
		}
		if cursor, err = s.scanNext(ctx, op, at, stringOf(reply[0])); err != nil {
			return nil, "", err
		}
		if cursor == "" || len(found) > 0 {
			break
		}
	}
	return found, cursor, nil
}

// scanned returns the node and the cursor of SCAN that a cursor of scan stands
// for.
func (s *Store) scanned(ctx context.Context, op, cursor string) (*node, string, error) {
	bad := func() error { return fmt.Errorf("redis: %s: %q is no cursor of this store", op, cursor) }
	number := cursor
	if cursor == "" {
		number = "0"
	}
	var at *node
	if s.cluster != nil {
		masters, err := s.sortedMasters(ctx, op)
		if err != nil {
			return nil, "", err
		}
		at = masters[0]
		if cursor != "" {
			var addr string
			addr, number, _ = strings.Cut(cursor, " ")
			i := slices.IndexFunc(masters, func(n *node) bool { return n.name == addr })
			if i < 0 {
				return nil, "", fmt.Errorf("redis: %s: %w: the master %q has gone; begin anew", op, storage.ErrUnavailable, addr)
			}
			at = masters[i]
		}
	}
	if number == "" || strings.Trim(number, "0123456789") != "" || len(number) > len(fmt.Sprint(uint64(math.MaxUint64))) {
		return nil, "", bad()
	}
	return at, number, nil
}

// scanNext returns the cursor of scan that follows when SCAN gave one.
func (s *Store) scanNext(ctx context.Context, op string, at *node, number string) (string, error) {
	if number != "0" {
		if at == nil {
			return number, nil
		}
		return at.name + " " + number, nil
	}
	if at == nil {
		return "", nil
	}
	masters, err := s.sortedMasters(ctx, op)
	if err != nil {
		return "", err
	}
	for _, n := range masters {
		if n.name > at.name {
			return n.name + " 0", nil
		}
	}
	return "", nil
}

func (s *Store) sortedMasters(ctx context.Context, op string) ([]*node, error) {
	var all []*node
	for _, c := range s.masters(ctx) {
		all = append(all, s.nodeOf(c))
	}
	if len(all) == 0 {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("redis: %s: %w", op, ctx.Err())
		}
		return nil, fmt.Errorf("redis: %s: %w: the masters of the Cluster can't be had", op, storage.ErrUnavailable)
	}
	slices.SortFunc(all, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	return all, nil
}
