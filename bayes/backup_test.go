package bayes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/bolt"
)

// backup is what a Learner exports.
func backup(t testing.TB, l *Learner) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := l.Export(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBackup restores what was learned in another store, where lessons go on as
// they would have where they were: they count once, and are taken back.
func TestBackup(t *testing.T) {
	for _, users := range []bool{false, true} {
		l := open(t, Options{Store: memory(t), SnapshotEvery: 20, Users: users})
		for n := range 50 {
			one := lesson(l, n, classOf(n))
			one.User = []string{"", "bob"}[n%2]
			if _, err := l.Learn(t.Context(), one); err != nil {
				t.Fatal(err)
			}
		}
		if users {
			if err := l.ResetUser(t.Context(), "ann"); err != nil {
				t.Fatal(err)
			}
		}
		saved := backup(t, l)
		file, err := bolt.Open(filepath.Join(t.TempDir(), "x.db"), bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		info, err := Restore(t.Context(), Options{bits: smallBits, Store: file, Users: users}, bytes.NewReader(saved), false)
		if err != nil || info.Ham != l.Stats().Ham || info.Spam != l.Stats().Spam {
			t.Fatalf("%+v, %v", info, err)
		}
		again := open(t, Options{Store: file, SnapshotEvery: 20, Users: users})
		if !bytes.Equal(tables(t, l), tables(t, again)) {
			t.Error("the restored tables are others")
		}
		for n := 45; n < 60; n++ {
			class := classOf(n)
			if n == 48 {
				class = Ham
			}
			one := lesson(l, n, class)
			one.User = []string{"", "bob"}[n%2]
			want, err := l.Learn(t.Context(), one)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := again.Learn(t.Context(), one); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("lesson %d: %+v, %v, want %+v", n, got, err, want)
			}
		}
		if r, err := again.Unlearn(t.Context(), lesson(l, 4, "")); err != nil || r.Outcome != Undone || r.Was != Spam {
			t.Errorf("%+v, %v", r, err)
		}
	}
}

// TestRestoreRefuses holds that a backup that does not fit changes nothing.
func TestRestoreRefuses(t *testing.T) {
	l := open(t, Options{Store: memory(t)})
	for n := range 10 {
		learn(t, l, n, classOf(n))
	}
	saved := backup(t, l)
	check, err := checkBackup(bytes.NewReader(saved), Options{bits: smallBits})
	info := check.info
	if err != nil || info.Users || info.Ham != 5 || info.Spam != 5 || info.Time.IsZero() {
		t.Errorf("%+v, %v", info, err)
	}
	empty := memory(t)
	bad := map[string][]byte{
		"none":            nil,
		"another file":    []byte("From: a@example.org\n\nx\n"),
		"the end missing": saved[:len(saved)-10],
		"more":            append(bytes.Clone(saved), 'x'),
	}
	for _, at := range []int{5, 20, 40, len(saved) / 4, len(saved) / 2, len(saved) - 200, len(saved) - 40, len(saved) - 1} {
		b := bytes.Clone(saved)
		b[at] ^= 0x10
		bad[fmt.Sprint("a bit at ", at)] = b
	}
	for name, b := range bad {
		if _, err := Restore(t.Context(), Options{bits: smallBits, Store: empty}, bytes.NewReader(b), true); !errors.Is(err, ErrBackup) || len(err.Error()) < 40 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Restore(t.Context(), Options{bits: smallBits, Store: empty, Users: true}, bytes.NewReader(saved), true); err == nil || !strings.Contains(err.Error(), "Users") {
		t.Errorf("users: %v", err)
	}
	if n := empty.Stats().Keys; n != 0 {
		t.Errorf("%d keys were written", n)
	}
	other := memory(t)
	seeded(t, Options{Store: other}, 2) // which the backup's replaces
	o := open(t, Options{Store: other})
	learn(t, o, 77, Spam)
	if _, err := Restore(t.Context(), Options{bits: smallBits, Store: other}, bytes.NewReader(saved), false); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("something was learned: %v", err)
	}
	if _, err := Restore(t.Context(), Options{bits: smallBits, Store: other}, bytes.NewReader(saved), true); err != nil {
		t.Fatal(err)
	}
	again := open(t, Options{Store: other})
	if !bytes.Equal(tables(t, l), tables(t, again)) {
		t.Error("the replaced tables are others")
	}
	if r := learn(t, again, 77, Spam); r.Was != "" {
		t.Errorf("a lesson of before is known: %+v", r)
	}
	if _, err := Open(t.Context(), Options{Store: other, Poll: -1, bits: smallBits, Prior: aPrior(t, .2)}); !errors.Is(err, ErrPrior) {
		t.Errorf("another prior: %v", err)
	}
}

// TestBackupCompletes exports what a process that died in between had noted.
func TestBackupCompletes(t *testing.T) {
	store := memory(t)
	f := &failing{store, func(op string) (bool, bool) { return op == "append", false }}
	l := open(t, Options{Store: f})
	if _, err := l.Learn(t.Context(), lesson(l, 1, Ham)); !errors.Is(err, errStore) {
		t.Fatal(err)
	}
	whole := open(t, Options{Store: store})
	saved := backup(t, whole)
	target := memory(t)
	if _, err := Restore(t.Context(), Options{bits: smallBits, Store: target}, bytes.NewReader(saved), false); err != nil {
		t.Fatal(err)
	}
	again := open(t, Options{Store: target})
	if s := again.Stats(); s.Ham != 1 {
		t.Errorf("%+v", s)
	}
	if r := learn(t, again, 1, Ham); r.Outcome != Already {
		t.Errorf("%+v", r)
	}
}

// TestReset has two Learners forget what one was told to forget.
func TestReset(t *testing.T) {
	store := memory(t)
	l, other := open(t, Options{Store: store, SnapshotEvery: 20, Windows: true}), open(t, Options{Store: store, Windows: true})
	for n := range 70 {
		learn(t, l, n, classOf(n))
	}
	if err := l.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := learn(t, other, 3, Ham)
	if r.Outcome != Learned || r.Was != "" || r.Before != .5 {
		t.Errorf("a lesson of before: %+v", r)
	}
	late := open(t, Options{Store: store, Windows: true})
	for i, l := range []*Learner{other, late} {
		if s := l.Stats(); s.Ham != 1 || s.Spam != 0 {
			t.Errorf("Learner %d: %+v", i, s)
		}
	}
	if !bytes.Equal(tables(t, other), tables(t, late)) {
		t.Error("the tables differ")
	}
}

func FuzzBackup(f *testing.F) {
	var b bytes.Buffer
	w := newBackupWriter(&b)
	for letter, value := range map[byte]string{sectionInfo: `{"seed":1}`, sectionPrior: strings.Repeat("x", 64), sectionResets: "{}", sectionTables: "x"} {
		if err := w.section(letter, "", []byte(value)); err != nil {
			f.Fatal(err)
		}
	}
	raw, err := (&note{class: Spam, times: 1}).bytes()
	if err != nil || w.section(sectionNote, "name", raw) != nil || w.end() != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(backupMagic + "t\x00\xff\xff\xff\x7f"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		size := 0
		err := readBackup(bytes.NewReader(b), func(letter byte, key string, value []byte) error {
			size += len(key) + len(value)
			return nil
		})
		if size > len(b) || err != nil && !errors.Is(err, ErrBackup) {
			t.Errorf("%d bytes of %d, %v", size, len(b), err)
		}
		_, _ = ReadBackup(bytes.NewReader(b))
	})
}

func FuzzNote(f *testing.F) {
	l := open(f, Options{Store: memory(f)})
	one := lesson(l, 1, Ham)
	events, _ := one.events(l.tables, one.Features)
	for _, n := range []note{{}, {class: Ham, times: 3, from: 9}, {class: Spam, source: Trap, times: 1, events: events}} {
		b, err := n.bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := readNote(b)
		if err != nil {
			return
		}
		again, err := n.bytes()
		if err != nil {
			t.Fatal(err)
		}
		if m, err := readNote(again); err != nil || m.class != n.class || m.times != n.times || m.from != n.from || len(m.events) != len(n.events) {
			t.Errorf("%+v became %+v, %v", n, m, err)
		}
	})
}

// A batching store tells how much it was given to set at once.
type batching struct {
	storage.Store
	most, all int
}

func (b *batching) SetMany(ctx context.Context, values []storage.Value, ttl time.Duration) error {
	n := 0
	for _, v := range values {
		n += len(v.Data)
	}
	b.most, b.all = max(b.most, n), b.all+len(values)
	return storage.SetMany(ctx, b.Store, values, ttl)
}

// TestRestoreOfLargeNotes: notes of any size are written by a few megabytes.
func TestRestoreOfLargeNotes(t *testing.T) {
	var list bytes.Buffer
	w := newBackupWriter(&list)
	for i := range 20 {
		if err := w.section(sectionNote, fmt.Sprint(i), make([]byte, 900<<10)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	store := &batching{Store: storage.NewMemory(storage.MemoryOptions{MaxBytes: 64 << 20})}
	l := &Learner{opt: Options{Store: store, Name: "main"}}
	if _, err := l.restoreNotes(t.Context(), &list); err != nil || store.all != 20 || store.most > 4<<20 {
		t.Errorf("%d notes, up to %d bytes at once, %v", store.all, store.most, err)
	}
}
