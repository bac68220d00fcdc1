package bayes

import (
	"bytes"
	"testing"

	"github.com/winnowmail/winnow/storage"
)

// TestWindows learns with windows, and reads the same back from the journal and
// from a snapshot; without them the rest is there.
func TestWindows(t *testing.T) {
	store := storage.NewMemory(storage.MemoryOptions{})
	l := open(t, Options{Store: store, Windows: true, SnapshotEvery: 25, Poll: -1})
	for n := range 40 {
		if _, err := l.Learn(t.Context(), lesson(l, n, classOf(n))); err != nil {
			t.Fatal(err)
		}
	}
	f := lesson(l, 1000, Spam).Features
	v := l.Judge(f, "")
	if len(f.Windows) == 0 || v.Members[3] <= 0 || v.Weights[3] == 0 {
		t.Errorf("%d windows, %+v", len(f.Windows), v)
	}
	if again := open(t, Options{Store: store, Windows: true, Poll: -1}); !bytes.Equal(tables(t, l), tables(t, again)) {
		t.Error("the tables differ after a start")
	}
	without := open(t, Options{Store: store, Poll: -1})
	if w := without.Judge(f, ""); w.Members[0] != v.Members[0] || w.Members[3] != 0 || w.Ham != v.Ham {
		t.Errorf("without windows %+v, with them %+v", w, v)
	}
}
