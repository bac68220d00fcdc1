package lists_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/winnowmail/winnow/internal/worktest"
	"github.com/winnowmail/winnow/lists"
)

func TestUnion(t *testing.T) {
	a, _ := lists.Static(lists.Keys, "x 1", "y 2")
	b, _ := lists.Static(lists.Keys, "y 3", "z 4")
	c, _ := lists.Static(lists.Globs, "y* 5")
	d, _ := lists.Static(lists.Keys)
	e, _ := lists.Static(lists.Nets, "192.0.2.0/24 6", "192.0.3.0/24 6", "2001:db8::/32 6")
	f, _ := lists.Static(lists.Nets, "192.0.2.0/25 7", "203.0.113.9 7", "2001:db8:1::/48 7", "255.255.255.255 7")
	u := lists.NewUnion([]*lists.List{a, b, c, d, e, f})
	find := func(text string) (got []string) {
		u.Index().Find(text, func(i int, v string) { got = append(got, fmt.Sprint(i, "=", v)) })
		slices.Sort(got)
		return got
	}
	for text, want := range map[string][]string{"X": {"0=1"}, "y": {"0=2", "1=3", "2=5"}, "z": {"1=4"}, "none": nil, "yy": {"2=5"},
		"192.0.2.1": {"4=6", "5=7"}, "192.0.2.200": {"4=6"}, "192.0.3.255": {"4=6"}, "192.0.4.0": nil, "192.0.1.255": nil, "203.0.113.9": {"5=7"},
		"203.0.113.10": nil, "2001:db8:1::1": {"4=6", "5=7"}, "2001:db8:2::": {"4=6"}, "2001:db9::": nil, "255.255.255.255": {"5=7"}, "::": nil,
	} {
		if got := find(text); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	index := u.Index()
	if u.Refresh(); u.Index() != index {
		t.Error("an index was made of what did not change")
	}
}

// many makes n lists of a thousand entries each, read from files.
func many(t testing.TB, n int) []*lists.List {
	w, path := lists.NewWatcher(lists.Options{}), filepath.Join(t.TempDir(), "list")
	all := make([]*lists.List, n)
	for i := range all {
		var text []byte
		for j := range 1000 {
			text = fmt.Appendf(text, "host%d.domain%d.example\n", j, i)
		}
		name := fmt.Sprint(path, i)
		write(t, name, string(text))
		l, err := w.List(lists.Definition{Sources: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		all[i] = l
	}
	return all
}

// TestMemory: a million entries in a thousand lists take no more than 100 MiB;
// a tenth of them shows it.
func TestMemory(t *testing.T) {
	n := worktest.Size(100)
	most := n * 100 << 10
	before := heap()
	all := many(t, n)
	u := lists.NewUnion(all)
	used, told := heap()-before, 0
	for _, l := range all {
		told += l.Snapshot().Bytes()
	}
	t.Logf("%d KiB told, %d KiB measured", told>>10, used>>10)
	if told > most || used > int64(most) {
		t.Errorf("%d and %d bytes", told, used)
	}
	runtime.KeepAlive(u)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkUnion(b *testing.B) {
	x := lists.NewUnion(many(b, 1000)).Index()
	hits := 0
	b.ReportAllocs()
	for b.Loop() {
		x.Find("host77.domain500.example", func(int, string) { hits++ })
		x.Find("mail.other.example", func(int, string) { hits++ })
	}
	if hits != b.N {
		b.Error(hits, b.N)
	}
}

func BenchmarkRefresh(b *testing.B) {
	all := many(b, 1000)
	for b.Loop() {
		lists.NewUnion(all)
	}
}
