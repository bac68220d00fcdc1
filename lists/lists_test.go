package lists_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/internal/worktest"
	"github.com/winnowmail/winnow/lists"
)

func static(t testing.TB, d lists.Definition) *lists.List {
	t.Helper()
	l, err := lists.NewWatcher(lists.Options{}).List(d)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLines holds to the spellings of Rspamd's lists.
func TestLines(t *testing.T) {
	const text = `
# a comment
plain
  Indented	 a value  # and a comment
"quoted # key with spaces" its value
"a \"quote\"" x
hash\#tag y
tail#comment
#
 # another
win value` + "\r\n" + `old` + "\r" + `mac
"" empty key
"no end
`
	l := static(t, lists.Definition{Entries: []string{text}})
	s := l.Snapshot()
	for key, want := range map[string]string{
		"plain": "", "PLAIN": "", "indented": "a value", "quoted # key with spaces": "its value",
		`a \"quote\"`: "x", `hash\#tag`: "y", "tail": "", "win": "value", "old": "", "mac": "", "": "empty key",
	} {
		if got, ok := s.Find(key); !ok || got != want {
			t.Errorf("%q: %q, %v, want %q", key, got, ok, want)
		}
	}
	for _, key := range []string{"# a comment", "comment", "#", "no end", "a", "value"} {
		if got, ok := s.Find(key); ok {
			t.Errorf("%q is %q", key, got)
		}
	}
	if s.Len() != 10 {
		t.Errorf("%d entries", s.Len())
	}
	st := l.Status()
	if st.BadLines != 1 || len(st.Bad) != 1 || st.Bad[0].Error() != "line 14: a quoted key has no end" {
		t.Errorf("bad lines: %d %v", st.BadLines, st.Bad)
	}
}

func TestDuplicateKeys(t *testing.T) {
	s := static(t, lists.Definition{Entries: []string{"a 1", "b 2", "A 3"}}).Snapshot()
	if v, _ := s.Find("a"); v != "3" || s.Len() != 2 {
		t.Errorf("%q of %d", v, s.Len())
	}
}

func TestNets(t *testing.T) {
	l := static(t, lists.Definition{Kind: lists.Nets, Entries: []string{
		"192.0.2.1 one", "192.0.2.0/24 net", "192.0.0.0/16 wide", "198.51.100.7,198.51.100.8 two", "[2001:db8::1]/128 six",
		"2001:db8::/32 block", "2001:db8:0:1::/64 sub", "203.0.113.0/99 x", "255.255.255.255 last", "0.0.0.0 first",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff end", "10.1.2.3/8 masked", "nonsense", "1.2.3.4/x", "::ffff:198.51.100.99/128 mapped",
	}})
	s := l.Snapshot()
	for text, want := range map[string]string{
		"192.0.2.1": "one", "192.0.2.2": "net", "192.0.2.0": "net", "192.0.3.0": "wide", "192.1.0.0": "-", "191.255.255.255": "-",
		"198.51.100.7": "two", "198.51.100.8": "two", "198.51.100.9": "-", "2001:db8::1": "six", "2001:db8::2": "block", "2001:db8:0:1::9": "sub",
		"2001:db8:0:2::": "block", "2001:db9::": "-", "203.0.113.0": "x", "203.0.113.1": "-", "255.255.255.255": "last", "0.0.0.0": "first",
		"0.0.0.1": "-", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "end", "10.9.9.9": "masked", "::ffff:192.0.2.1": "one",
		"198.51.100.99": "mapped", "not an address": "-", "::": "-",
	} {
		got, ok := s.Find(text)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if bad := l.Status().BadLines; bad != 2 {
		t.Errorf("%d bad lines", bad)
	}
	if v, ok := s.FindAddr(netip.MustParseAddr("192.0.2.77")); v != "net" || !ok {
		t.Errorf("%q %v", v, ok)
	}
	if _, ok := s.FindAddr(netip.Addr{}); ok {
		t.Error("no address is found")
	}
}

// TestNetsAgree holds the table against a search through all networks.
func TestNetsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	addr := func(six bool) netip.Addr {
		var b [16]byte
		binary.BigEndian.PutUint64(b[8:], rng.Uint64()&0x0303030303030303)
		if six {
			return netip.AddrFrom16(b)
		}
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	for range worktest.Size(40) {
		var nets []netip.Prefix
		var lines []string
		for range rng.IntN(40) {
			a := addr(rng.IntN(2) == 0)
			p := netip.PrefixFrom(a, rng.IntN(a.BitLen()+1)).Masked()
			if !slices.Contains(nets, p) {
				nets = append(nets, p)
				lines = append(lines, p.String()+" "+p.String())
			}
		}
		s := static(t, lists.Definition{Kind: lists.Nets, Entries: lines}).Snapshot()
		for range 100 {
			ip, want := addr(rng.IntN(2) == 0), ""
			bits := -1
			for _, p := range nets {
				if p.Contains(ip) && p.Bits() > bits {
					bits, want = p.Bits(), p.String()
				}
			}
			if got, _ := s.FindAddr(ip); got != want {
				t.Fatalf("%v in %v: %q, want %q", ip, nets, got, want)
			}
		}
	}
}

func TestGlobs(t *testing.T) {
	d := lists.Definition{Kind: lists.Globs, Entries: []string{
		"t.co exact", "*.bit.ly below", "mail?.example.org one", "*@example.net any", "a+b plus", "dot.* end", "*.deep.bit.ly deeper", "[x]* bracket",
	}}
	s := static(t, d).Snapshot()
	for text, want := range map[string]string{
		"t.co": "exact", "T.CO": "exact", "xt.co": "-", "t.com": "-", "foo.bit.ly": "below", "a.b.bit.ly": "below", "bit.ly": "-",
		"foo.bit.ly.evil.example": "-", "mail.example.org": "one", "mail1.example.org": "one", "mail12.example.org": "-",
		"ann@example.net": "any", "a--b": "plus", "ab": "-", "dot.": "end", "dotx": "-", "x.deep.bit.ly": "below", "[x]y": "bracket", "xy": "-",
	} {
		got, ok := s.Find(text)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	d.Multi = true
	if got := static(t, d).Snapshot().FindAll("x.deep.bit.ly"); !slices.Equal(got, []string{"below", "deeper"}) {
		t.Errorf("%q", got)
	}
}

func TestRegexps(t *testing.T) {
	d := lists.Definition{Kind: lists.Regexps, Entries: []string{
		"# comment", `/^ann@/i first`, `/example\.org$/ second # why`, `/a b/ spaces`, `plain\.example third`, `/no end`, `/(y/`, `/васисуал/iu`,
	}}
	l := static(t, d)
	s := l.Snapshot()
	for text, want := range map[string]string{
		"Ann@example.org": "first", "bob@example.org": "second", "x a b y": "spaces", "plain.example": "third", "plainxexample": "-", "ВАСИСУАЛ": "",
	} {
		got, ok := s.Find(text)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	var bad []string
	for _, e := range l.Status().Bad {
		bad = append(bad, e.Error())
	}
	want := []string{"line 6: a regular expression has no end", "line 7: pattern: at offset 0: parenthesis is not closed"}
	if !slices.Equal(bad, want) {
		t.Errorf("bad lines %q", bad)
	}
	d.Multi = true
	if got := static(t, d).Snapshot().FindAll("ann@example.org"); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("%q", got)
	}
}

// makeCDB writes a constant database.
func makeCDB(pairs ...string) []byte {
	type slot struct{ hash, at uint32 }
	var tables [256][]slot
	out := make([]byte, 2048)
	put := func(b []byte, v ...uint32) []byte {
		for _, n := range v {
			b = binary.LittleEndian.AppendUint32(b, n)
		}
		return b
	}
	for i := 0; i < len(pairs); i += 2 {
		h := uint32(5381)
		for _, c := range []byte(pairs[i]) {
			h = (h<<5 + h) ^ uint32(c)
		}
		tables[h%256] = append(tables[h%256], slot{h, uint32(len(out))})
		out = put(out, uint32(len(pairs[i])), uint32(len(pairs[i+1])))
		out = append(out, pairs[i]+pairs[i+1]...)
	}
	for i, table := range tables {
		n := uint32(2 * len(table))
		slots := make([]slot, n)
		for _, s := range table {
			at := s.hash >> 8 % n
			for slots[at].at != 0 {
				at = (at + 1) % n
			}
			slots[at] = s
		}
		binary.LittleEndian.PutUint32(out[8*i:], uint32(len(out)))
		binary.LittleEndian.PutUint32(out[8*i+4:], n)
		for _, s := range slots {
			out = put(out, s.hash, s.at)
		}
	}
	return out
}

func TestCDB(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.cdb")
	pairs := []string{"example.com", "", "a", "1", "A", "2"}
	for i := range 100 {
		pairs = append(pairs, fmt.Sprint("key", i), fmt.Sprint(i))
	}
	data := makeCDB(pairs...)
	write(t, path, string(data))
	s := static(t, lists.Definition{Kind: lists.CDB, Sources: []string{"cdb://" + path}}).Snapshot()
	for i := 0; i < len(pairs); i += 2 {
		if v, ok := s.Find(pairs[i]); !ok || v != pairs[i+1] {
			t.Errorf("%s: %q %v", pairs[i], v, ok)
		}
	}
	if _, ok := s.Find("key100"); ok || s.Len() != 103 {
		t.Errorf("%v, %d records", ok, s.Len())
	}
	for _, broken := range [][]byte{nil, data[:2000], data[:len(data)-8]} {
		write(t, path, string(broken))
		l := static(t, lists.Definition{Kind: lists.CDB, Sources: []string{path}})
		if l.Status().Err == nil {
			t.Errorf("%d bytes make a database", len(broken))
		}
	}
	own := static(t, lists.Definition{Kind: lists.CDB, Sources: []string{shared.Path(t, "suites/rspamd/maps/domains.cdb")}}).Snapshot()
	if _, ok := own.Find("example.com"); !ok {
		t.Error("Rspamd's own database lacks its key")
	}
}

func TestLinesKind(t *testing.T) {
	s := static(t, lists.Definition{Kind: lists.Lines, Entries: []string{"# c\n body X /a/\n\nmeta Y X", "z"}}).Snapshot()
	var got []string
	for n, line := range s.Lines() {
		got = append(got, fmt.Sprint(n, " ", line))
	}
	if want := []string{"2 body X /a/", "4 meta Y X", "5 z"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestDefinitions(t *testing.T) {
	for _, d := range []lists.Definition{
		{Kind: 99}, {Sources: []string{""}}, {Sources: []string{"ftp://example.org/a"}}, {Sources: []string{"http://"}},
		{Sources: []string{"fallback+/a"}}, {Kind: lists.CDB}, {Sources: []string{"sign+http://example.org/a"}}, {Sources: []string{"file://"}},
	} {
		if _, err := lists.NewWatcher(lists.Options{}).List(d); !errors.Is(err, lists.ErrDefinition) {
			t.Errorf("%+v: %v", d, err)
		}
	}
	w := lists.NewWatcher(lists.Options{})
	a, _ := w.List(lists.Definition{Entries: []string{"a"}})
	b, _ := w.List(lists.Definition{Entries: []string{"a"}})
	c, _ := w.List(lists.Definition{Entries: []string{"b"}})
	if a != b || a == c || a.Key() == c.Key() {
		t.Error("equal definitions are one list, others are not")
	}
	secret, _ := w.List(lists.Definition{Sources: []string{"http://ann:s3cret@lists.example.test/a"}})
	if st := fmt.Sprintf("%+v %s", secret.Status(), secret.Key()); strings.Contains(st, "s3cret") {
		t.Errorf("the password is told: %s", st)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// FuzzList reads any text as a list of any kind: what it says it has can be
// found, and nothing panics.
func FuzzList(f *testing.F) {
	for _, s := range []string{
		"a b # c\n\"q r\" s\n/re/i v\n*.x.example y", "192.0.2.0/24 a\n192.0.2.0/25,[2001:db8::]/32 b\n0.0.0.0/0\n::/0", "\"\\\n/\\\r\n\x00#",
		string(makeCDB("a", "b")),
	} {
		f.Add(s, "a")
	}
	f.Fuzz(func(t *testing.T, data, key string) {
		for kind := lists.Keys; kind <= lists.Lines; kind++ {
			if kind == lists.CDB {
				continue
			}
			l, err := lists.NewWatcher(lists.Options{MaxLine: 512}).List(lists.Definition{Kind: kind, Multi: true, Entries: []string{data}})
			if err != nil {
				t.Fatal(err)
			}
			s := l.Snapshot()
			_, ok := s.Find(key)
			if all := s.FindAll(key); ok != (len(all) > 0) {
				t.Errorf("%v: Find %v, FindAll %q", kind, ok, all)
			}
			n := 0
			for range s.Values() {
				n++
			}
			if kind == lists.Keys && n != s.Len() {
				t.Errorf("%d values, %d entries", n, s.Len())
			}
			if st := l.Status(); s.Len()+st.BadLines > 4*len(data)+1 && kind != lists.Nets {
				t.Errorf("%v: %d entries of %d bytes", kind, s.Len(), len(data))
			}
		}
		lists.ReadCDB([]byte(data), key)
	})
}

// TestFullTables: a database whose tables have no empty slot, or lie one over the
// other, costs a look-up or the reading no more than another.
func TestFullTables(t *testing.T) {
	full := func(slots int) []byte {
		data := makeCDB("key", "value")
		at := uint32(2048)
		table := uint32(len(data))
		h := uint32(5381)
		for _, c := range []byte("key") {
			h = (h<<5 + h) ^ uint32(c)
		}
		binary.LittleEndian.PutUint32(data[8*(h%256):], table)
		binary.LittleEndian.PutUint32(data[8*(h%256)+4:], uint32(slots))
		first := int(h >> 8 % uint32(slots))
		for i := range slots {
			hash := h + 256 // of another key
			if i == (first+slots-1)%slots {
				hash = h // of the key, in the last slot that a look-up sees
			}
			data = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(data, hash), at)
		}
		return data
	}
	for slots, want := range map[int]bool{8: true, 1 << 14: true, 1<<14 + 1: false, 1 << 18: false} {
		if n, found := lists.ReadCDB(full(slots), "key"); found != want || n == 0 {
			t.Errorf("%d slots: %d records, %v", slots, n, found)
		}
	}
	over := makeCDB("key", "value", "b", "c")
	for i := range 256 {
		binary.LittleEndian.PutUint32(over[8*i:], 2048)
		binary.LittleEndian.PutUint32(over[8*i+4:], uint32(len(over)-2048)/8)
	}
	if n, _ := lists.ReadCDB(over, "key"); n != 0 {
		t.Error("tables that lie one over the other are taken")
	}
}
