package redis_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	goredis "github.com/redis/go-redis/v9"
)

// A recorder takes what the client library would write to stderr.
type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (r *recorder) Printf(_ context.Context, format string, v ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, v...))
}

// TestMain runs the tests, among them those with servers that fail in every way,
// and fails if any of them made the client library log a line.
func TestMain(m *testing.M) {
	var r recorder
	goredis.SetLogger(&r)
	code := m.Run()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, line := range r.lines {
		fmt.Fprintln(os.Stderr, "the client library logged:", line)
		code = 1
	}
	os.Exit(code)
}
