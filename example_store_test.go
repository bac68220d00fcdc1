package winnow_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// A hostStore is the store of a host, whose methods ask its database. Here the
// database is memory, and the store counts what it writes.
type hostStore struct {
	storage.KV
	writes atomic.Int64
}

func (s *hostStore) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	s.writes.Add(1)
	return s.KV.Set(ctx, key, value, ttl)
}

// A host with a database of its own implements storage.KV with it and tries that
// with storagetest.Run. Families that want more of a store, such as the rate
// limits with their buckets, are named in Result.Incomplete.
func Example_store() {
	ctx := context.Background()
	var waited atomic.Int64 // the clock is read by the Scanner's goroutines, too
	clock := func() time.Time {
		return time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC).Add(time.Duration(waited.Load()))
	}
	store := &hostStore{KV: storage.NewMemory(storage.MemoryOptions{Clock: clock})}
	scanner, err := winnow.New(winnow.Options{
		Store:    store,
		Families: standard.Families(standard.Options{Greylist: &greylist.Options{}}),
		Clock:    clock,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close(ctx)

	for range 2 {
		res, err := scanner.Scan(ctx, &winnow.Message{
			Envelope: mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: "ann@example.org", HasFrom: true, Rcpts: []string{"bob@example.net"}},
			Body:     winnow.FromBytes([]byte("Subject: an offer\r\n\r\nIs lunch on Friday still on?\r\n")),
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(res.Action, store.writes.Load() > 0, res.Incomplete)
		waited.Add(int64(10 * time.Minute))
	}
	// Output:
	// soft reject true []
	// add header true []
}
