package redis_test

import (
	"context"
	"errors"
	"maps"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// TestLookup: hashes that others keep are read under their own names.
func TestLookup(t *testing.T) {
	server := redistest.Start(t)
	own := goredis.NewClient(&goredis.Options{Addr: server.Addr})
	defer own.Close()
	if err := own.HSet(t.Context(), "hostname", "a.example", "", "b.example", "SYM:2").Err(); err != nil {
		t.Fatal(err)
	}
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Prefix: "p:"})
	got, err := s.Lookup(t.Context(), "hostname", []string{"a.example", "none.example", "b.example"})
	if want := map[string]string{"a.example": "", "b.example": "SYM:2"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, name := range []string{"none", "hostname"} {
		if got, err := s.Lookup(t.Context(), name, nil); err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := s.Lookup(t.Context(), "", []string{"a"}); !errors.Is(err, storage.ErrBadKey) {
		t.Error(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Lookup(over, "hostname", []string{"a.example"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
