package redis

import (
	"context"
	"strconv"
	"time"

	"github.com/winnowmail/winnow/storage"
)

func checkKeys(keys ...string) error {
	for _, key := range keys {
		if err := storage.CheckKey(key); err != nil {
			return err
		}
	}
	return nil
}

// ms gives a lifetime in milliseconds, rounded up, as a script takes it; "0"
// means for ever and "-1" that the key is gone at once.
func ms(ttl time.Duration) string {
	if ttl < 0 {
		return "-1"
	}
	return strconv.FormatInt(int64(ttl/time.Millisecond)+min(1, int64(ttl%time.Millisecond)), 10)
}

// bytesOf returns a reply that is a value, nil for none.
func bytesOf(reply any) []byte {
	if s, ok := reply.(string); ok {
		return append(make([]byte, 0, len(s)), s...)
	}
	return nil
}

func intOf(reply any) int64 {
	switch v := reply.(type) {
	case int64:
		return v
	case string:
		n, _ := strconv.ParseInt(v, 10, 64)
		return n
	}
	return 0
}

func sliceOf(reply any) []any {
	all, _ := reply.([]any)
	return all
}

func stringOf(reply any) string {
	s, _ := reply.(string)
	return s
}

// Get implements storage.KV.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	if err := checkKeys(key); err != nil {
		return nil, err
	}
	key = s.kv(key)
	c := &command{op: "Get", key: key, args: []any{"get", key}, repeat: true}
	if err := s.do(ctx, c); err != nil {
		return nil, err
	}
	if c.reply == nil {
		return nil, storage.ErrNotFound
	}
	return bytesOf(c.reply), nil
}

// Set implements storage.KV.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkKeys(key); err != nil {
		return err
	}
	return s.do(ctx, s.setCommand(key, value, ttl))
}

func (s *Store) setCommand(key string, value []byte, ttl time.Duration) *command {
	key = s.kv(key)
	c := &command{op: "Set", key: key, args: []any{"set", key, string(value)}, write: true, repeat: true}
	if ttl < 0 {
		c.args = []any{"unlink", key}
	} else if ttl > 0 {
		c.args = append(c.args, "px", ms(ttl))
	}
	return c
}

// Add implements storage.KV.
func (s *Store) Add(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	if err := checkKeys(key); err != nil {
		return nil, err
	}
	c := &command{op: "Add", key: s.kv(key), script: &s.scripts.add, args: []any{string(value), ms(ttl)}, write: true}
	err := s.do(ctx, c)
	return bytesOf(c.result(err)), err
}

// CompareAndSwap implements storage.KV.
func (s *Store) CompareAndSwap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	if err := checkKeys(key); err != nil {
		return false, err
	}
	// What is nil has one byte less than what is empty.
	marked := func(b []byte) string {
		if b == nil {
			return ""
		}
		return "=" + string(b)
	}
	c := &command{
		op: "CompareAndSwap", key: s.kv(key), script: &s.scripts.swap, write: true,
		args: []any{marked(old), marked(value), ms(ttl)},
	}
	err := s.do(ctx, c)
	return intOf(c.result(err)) == 1, err
}

// Increment implements storage.KV.
func (s *Store) Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	if err := checkKeys(key); err != nil {
		return 0, err
	}
	c := &command{op: "Increment", key: s.kv(key), write: true}
	by := strconv.FormatInt(delta, 10)
	if ttl == 0 {
		c.args = []any{"incrby", c.key, by}
	} else {
		c.script, c.args = &s.scripts.increment, []any{by, ms(ttl)}
	}
	err := s.do(ctx, c)
	return intOf(c.result(err)), err
}

// Delete implements storage.KV.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	if err := checkKeys(keys...); err != nil {
		return err
	}
	if len(keys) == 0 {
		return ctx.Err()
	}
	if s.cluster == nil || len(keys) == 1 {
		args := make([]any, 1, len(keys)+1)
		args[0] = "unlink"
		for _, key := range keys {
			args = append(args, s.kv(key))
		}
		return s.do(ctx, &command{op: "Delete", key: s.kv(keys[0]), args: args, write: true, repeat: true})
	}
	_, err := s.each(ctx, keys, func(key string) *command {
		return &command{op: "Delete", key: key, args: []any{"unlink", key}, write: true, repeat: true, loose: true}
	})
	return err
}
