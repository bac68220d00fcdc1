package winnow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/storage"
)

// A StoreCall is one call of a check to the store, with what came back.
type StoreCall struct {
	Op      string   `json:"op"`
	Keys    []string `json:"keys"`
	Values  [][]byte `json:"values,omitempty"`
	Swapped bool     `json:"swapped,omitempty"`
	Number  int64    `json:"number,omitempty"`
	Next    string   `json:"next,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// direct gives each check the Scanner's store.
func (s *scan) direct(*checks.Check) storage.KV { return s.scanner.opt.Store }

// A callLog is one check's calls; its own goroutines may share it.
type callLog struct {
	mu    sync.Mutex
	calls []StoreCall
}

func (l *callLog) add(c StoreCall, err error) {
	if err != nil {
		c.Error = err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

func (l *callLog) all() []StoreCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.calls)
}

// kv gives each check the store, recorded.
func (r *recorder) kv(store storage.KV) func(*checks.Check) storage.KV {
	var mu sync.Mutex
	return func(c *checks.Check) storage.KV {
		mu.Lock()
		defer mu.Unlock()
		log := r.store[c.Name]
		if log == nil {
			log = &callLog{}
			r.store[c.Name] = log
		}
		return &recordedKV{store, log}
	}
}

type recordedKV struct {
	next storage.KV
	log  *callLog
}

func (k *recordedKV) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := k.next.Get(ctx, key)
	k.log.add(StoreCall{Op: "get", Keys: []string{key}, Values: [][]byte{v}}, err)
	return v, err
}

func (k *recordedKV) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	vs, err := k.next.GetMany(ctx, keys)
	k.log.add(StoreCall{Op: "getmany", Keys: slices.Clone(keys), Values: vs}, err)
	return vs, err
}

func (k *recordedKV) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	err := k.next.Set(ctx, key, value, ttl)
	k.log.add(StoreCall{Op: "set", Keys: []string{key}}, err)
	return err
}

func (k *recordedKV) Add(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	was, err := k.next.Add(ctx, key, value, ttl)
	k.log.add(StoreCall{Op: "add", Keys: []string{key}, Values: [][]byte{was}}, err)
	return was, err
}

func (k *recordedKV) CompareAndSwap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	swapped, err := k.next.CompareAndSwap(ctx, key, old, value, ttl)
	k.log.add(StoreCall{Op: "swap", Keys: []string{key}, Swapped: swapped}, err)
	return swapped, err
}

func (k *recordedKV) Scan(ctx context.Context, prefix, cursor string, n int) ([]string, string, error) {
	keys, next, err := k.next.Scan(ctx, prefix, cursor, n)
	c := StoreCall{Op: "scan", Keys: []string{prefix, cursor}, Next: next}
	for _, key := range keys {
		c.Values = append(c.Values, []byte(key))
	}
	k.log.add(c, err)
	return keys, next, err
}

func (k *recordedKV) Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	n, err := k.next.Increment(ctx, key, delta, ttl)
	k.log.add(StoreCall{Op: "increment", Keys: []string{key}, Number: n}, err)
	return n, err
}

func (k *recordedKV) Delete(ctx context.Context, keys ...string) error {
	err := k.next.Delete(ctx, keys...)
	k.log.add(StoreCall{Op: "delete", Keys: slices.Clone(keys)}, err)
	return err
}

// replayKV answers each check's calls from the record: the first recorded
// call of that kind with those keys that was not used yet.
func replayKV(record map[string][]StoreCall) func(*checks.Check) storage.KV {
	return func(c *checks.Check) storage.KV { return &replayedKV{calls: slices.Clone(record[c.Name])} }
}

type replayedKV struct {
	mu    sync.Mutex
	calls []StoreCall
}

// errNotRecorded is the answer to calls the recorded scan did not make.
var errNotRecorded = errors.New("store call is not in the transcript")

func (k *replayedKV) take(op string, keys ...string) (StoreCall, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, c := range k.calls {
		if c.Op == op && slices.Equal(c.Keys, keys) {
			k.calls = slices.Delete(k.calls, i, i+1)
			return c, storeError(c.Error)
		}
	}
	return StoreCall{}, fmt.Errorf("%s %q: %w", op, keys, errNotRecorded)
}

// storeError gives a recorded error its identity back.
func storeError(text string) error {
	if text == "" {
		return nil
	}
	for _, err := range []error{
		storage.ErrNotFound, storage.ErrNotNumber, storage.ErrBadKey, storage.ErrTooLarge, storage.ErrClosed,
		context.DeadlineExceeded, context.Canceled,
	} {
		if err.Error() == text {
			return err
		}
	}
	return errors.New(text)
}

func (k *replayedKV) Get(_ context.Context, key string) ([]byte, error) {
	c, err := k.take("get", key)
	if err != nil || len(c.Values) == 0 {
		return nil, err
	}
	return c.Values[0], nil
}

func (k *replayedKV) GetMany(_ context.Context, keys []string) ([][]byte, error) {
	c, err := k.take("getmany", keys...)
	return c.Values, err
}

func (k *replayedKV) Set(_ context.Context, key string, _ []byte, _ time.Duration) error {
	_, err := k.take("set", key)
	return err
}

func (k *replayedKV) Add(_ context.Context, key string, _ []byte, _ time.Duration) ([]byte, error) {
	c, err := k.take("add", key)
	if err != nil || len(c.Values) == 0 {
		return nil, err
	}
	return c.Values[0], nil
}

func (k *replayedKV) CompareAndSwap(_ context.Context, key string, _, _ []byte, _ time.Duration) (bool, error) {
	c, err := k.take("swap", key)
	return c.Swapped, err
}

func (k *replayedKV) Scan(_ context.Context, prefix, cursor string, _ int) ([]string, string, error) {
	c, err := k.take("scan", prefix, cursor)
	keys := make([]string, 0, len(c.Values))
	for _, v := range c.Values {
		keys = append(keys, string(v))
	}
	return keys, c.Next, err
}

func (k *replayedKV) Increment(_ context.Context, key string, _ int64, _ time.Duration) (int64, error) {
	c, err := k.take("increment", key)
	return c.Number, err
}

func (k *replayedKV) Delete(_ context.Context, keys ...string) error {
	_, err := k.take("delete", keys...)
	return err
}
