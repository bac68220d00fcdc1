package quarantine

import (
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// TestEntriesThatLie: what an entry of the store says of its size costs nothing.
func TestEntriesThatLie(t *testing.T) {
	for data, fits := range map[string]bool{
		`{"ID":"AAAA","Pieces":1,"Bytes":10,"Total":10}`:             true,
		`{"ID":"AAAA","Pieces":3,"Bytes":1500000,"Total":10}`:        true,
		`{"ID":"AAAA","Pieces":0,"Bytes":0}`:                         true,
		`{"ID":"AAAA","Pieces":4611686018427387904,"Bytes":10}`:      false,
		`{"ID":"AAAA","Pieces":1000000,"Bytes":9223372036854775807}`: false,
		`{"ID":"AAAA","Pieces":-1,"Bytes":10}`:                       false,
		`{"ID":"AAAA","Pieces":1,"Bytes":-10}`:                       false,
		`{"ID":"AAAA","Pieces":3,"Bytes":10}`:                        false,
		`{"ID":"AAAA","Pieces":"1"}`:                                 false,
	} {
		e, err := parseEntry(storage.Entry{ID: "BBBB", Data: []byte(data)})
		if (err == nil) != fits || !fits && len(e.keys()) != 1 {
			t.Errorf("%s: %+v, %v", data, e, err)
		}
	}
	store := storage.NewMemory(storage.MemoryOptions{})
	defer store.Close()
	s := shelf{store}
	for range 3 {
		if _, err := store.Append(t.Context(), logName, "", []byte(`{"ID":"AAAA","Pieces":4611686018427387904,"Bytes":10}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.bound(t.Context(), bounds{messages: 1, bytes: 1, before: time.Now()}, 0); err != nil {
		t.Error(err)
	}
	if heads, err := s.Heads(t.Context(), 0, 10); err != nil || len(heads) > 1 {
		t.Errorf("%+v, %v", heads, err)
	}
}
