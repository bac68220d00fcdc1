package archive

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const line = "From a@example.org Thu Nov 19 09:14:07 2026\n"

func write(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A got is what a walk gave.
type got struct {
	name, raw string
	cut       bool
	err       error
	place     Place
}

func walked(t testing.TB, o Options, paths ...string) (all []got) {
	t.Helper()
	for m := range Walk(t.Context(), paths, o) {
		raw, cut, err := m.Read()
		all = append(all, got{m.Name, string(raw), cut, err, m.Place})
	}
	return all
}

func names(all []got) (list []string) {
	for _, g := range all {
		list = append(list, filepath.Base(g.name))
	}
	return list
}

func raws(all []got) (list []string) {
	for _, g := range all {
		list = append(list, g.raw)
	}
	return list
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestMboxes(t *testing.T) {
	text := line + "Subject: one\n\nFrom here on it is text.\n\n>From there too.\n>>From below.\n\n" +
		"From b@example.org Thu Nov 19 09:15:07 2026 +0100\r\nSubject: two\r\n\r\n>>From\r\n>> From x\r\n"
	for q, want := range map[string][]string{
		"mboxrd":  {"Subject: one\n\nFrom here on it is text.\n\nFrom there too.\n>From below.\n", "Subject: two\r\n\r\n>>From\r\n>> From x\r\n"},
		"mboxo":   {"Subject: one\n\nFrom here on it is text.\n\nFrom there too.\n>>From below.\n", "Subject: two\r\n\r\n>>From\r\n>> From x\r\n"},
		"mboxcl2": {"Subject: one\n\nFrom here on it is text.\n\n>From there too.\n>>From below.\n", "Subject: two\r\n\r\n>>From\r\n>> From x\r\n"},
	} {
		quoting, err := ParseQuoting(q)
		if err != nil {
			t.Fatal(err)
		}
		same(t, q, raws(walked(t, Options{Quoting: quoting}, write(t, filepath.Join(t.TempDir(), "mbox"), text))), want...)
	}
	if _, err := ParseQuoting("mbx"); err == nil {
		t.Error("mbx is a quoting")
	}
}

func TestNoMbox(t *testing.T) {
	for _, text := range []string{
		"From a@example.org\nSubject: no date\n\nx\n",
		"From : a@example.org\nSubject: a field\n\nx\n",
		"From : \"at 12:00\" <a@example.org> 2026\nSubject: a field\n\nx\n",
		"From a@example.org Thu Nov 19 09:14:07 2026\rSubject: CR only\r\rx\r",
		"Subject: x\n\n" + line,
		"From",
		"",
	} {
		same(t, "a file", raws(walked(t, Options{}, write(t, filepath.Join(t.TempDir(), "a.eml"), text))), text)
		var all []string
		for m := range Read(t.Context(), "-", strings.NewReader(text), Options{}) {
			raw, _, err := m.Read()
			if err != nil || m.Name != "-" {
				t.Errorf("%s: %v", m.Name, err)
			}
			all = append(all, string(raw))
		}
		same(t, "a reader", all, text)
	}
}

// TestLarge holds memory to MaxSize, and the messages behind a large one to be read.
func TestLarge(t *testing.T) {
	long := strings.Repeat("0123456789", 30_000) // no line end for 300 kB
	mbox := write(t, filepath.Join(t.TempDir(), "mbox"), line+long+"\n\n"+line+"two\n\n"+line+strings.Repeat("x\n", 500)+"\n"+line+"four\n")
	all := walked(t, Options{MaxSize: 100}, mbox, write(t, filepath.Join(t.TempDir(), "a"), long))
	same(t, "names", names(all), "mbox#1", "mbox#2", "mbox#3", "mbox#4", "a")
	for i, cut := range []bool{true, false, true, false, true} {
		if all[i].cut != cut || len(all[i].raw) > 100 || all[i].err != nil {
			t.Errorf("%s: cut %v, %d bytes, %v", all[i].name, all[i].cut, len(all[i].raw), all[i].err)
		}
	}
	same(t, "small ones", []string{all[1].raw, all[3].raw}, "two\n", "four\n")
}

// tree makes a directory of all kinds of things.
func tree(t *testing.T) string {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/cur/1.host:2,S": "1", "a/cur/2.host:2,": "2", "a/new/3.host": "3", "a/tmp/4.host": "4", "a/dovecot-uidlist": "x",
		"a/.Junk/cur/5.host:2,RS": "5", "a/.Junk/new/": "", "a/.Junk/maildirfolder": "",
		"b.mbox": line + "6\n\n" + line + "7\n\n" + line + "8\n", "c/d/9.eml": "9", "c/.hidden": "10", "e.eml": "11",
	} {
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		write(t, filepath.Join(dir, name), text)
	}
	if err := os.Symlink(filepath.Join(dir, "e.eml"), filepath.Join(dir, "f.eml")); err != nil {
		t.Fatal(err)
	}
	return dir
}

var inTree = []string{"5", "1", "2", "3", "6\n", "7\n", "8\n", "10", "9", "11"}

func TestTree(t *testing.T) {
	dir := tree(t)
	all := walked(t, Options{}, dir)
	same(t, "messages", raws(all), inTree...)
	for i, g := range all {
		if g.err != nil || g.place.Messages != i+1 || g.place.Check(1) != nil {
			t.Errorf("%+v", g)
		}
	}
	missing := filepath.Join(dir, "missing")
	all = walked(t, Options{}, missing, filepath.Join(dir, "f.eml"), dir+"/c")
	same(t, "several paths", raws(all), "", "11", "10", "9")
	if !os.IsNotExist(all[0].err) || all[0].name != missing || all[3].place.Path != 2 {
		t.Errorf("%+v", all)
	}
}

// TestResumed stops after each message and goes on from its place.
func TestResumed(t *testing.T) {
	dir := tree(t)
	paths := []string{dir + "/b.mbox", filepath.Join(dir, "missing"), dir, dir + "/e.eml"}
	all := walked(t, Options{}, paths...)
	for i := range all {
		rest := walked(t, Options{After: &all[i].place}, paths...)
		if !slices.Equal(raws(rest), raws(all[i+1:])) || len(rest) > 0 && rest[len(rest)-1].place != all[len(all)-1].place {
			t.Errorf("after %s: %q, want %q", all[i].name, names(rest), names(all[i+1:]))
		}
	}
}

// TestChanged resumes where the collection is not what it was.
func TestChanged(t *testing.T) {
	dir := tree(t)
	all := walked(t, Options{}, dir)
	after := func(raw string) *Place {
		for i := range all {
			if all[i].raw == raw {
				return &all[i].place
			}
		}
		t.Fatalf("no %q", raw)
		return nil
	}
	if err := os.Rename(dir+"/a/cur/1.host:2,S", dir+"/a/cur/1.host:2,FS"); err != nil {
		t.Fatal(err)
	}
	same(t, "new flags", raws(walked(t, Options{After: after("1")}, dir)), inTree[2:]...)
	if err := os.Remove(dir + "/a/cur/2.host:2,"); err != nil {
		t.Fatal(err)
	}
	same(t, "a file is gone", raws(walked(t, Options{After: after("2")}, dir)), inTree[3:]...)
	write(t, dir+"/b.mbox", line+"new\n\n"+line+"7\n")
	same(t, "another mbox", raws(walked(t, Options{After: after("7\n")}, dir)), append([]string{"new\n", "7\n"}, inTree[7:]...)...)
	write(t, dir+"/b.mbox", line+"6\n\n"+line+"7\n\n"+line+"8\n\n"+line+"more\n")
	same(t, "a longer mbox", raws(walked(t, Options{After: after("7\n")}, dir)), append([]string{"8\n", "more\n"}, inTree[7:]...)...)
}

func TestEnds(t *testing.T) {
	dir := tree(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for range Walk(ctx, []string{dir}, Options{}) {
		if n++; n == 3 {
			cancel()
		}
	}
	if n != 3 {
		t.Errorf("%d messages after the end of the context at the third", n)
	}
	for range Walk(t.Context(), []string{dir}, Options{}) {
		break
	}
}

func TestBadFiles(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := tree(t)
	for _, name := range []string{"c/d", "e.eml"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	all := walked(t, Options{}, dir)
	same(t, "names", names(all[7:]), ".hidden", "d", "e.eml")
	if !os.IsPermission(all[8].err) || !os.IsPermission(all[9].err) {
		t.Errorf("%v, %v", all[8].err, all[9].err)
	}
	if rest := walked(t, Options{After: &all[8].place}, dir); len(rest) != 1 {
		t.Errorf("after a directory that can't be read: %q", names(rest))
	}
}

func TestPlaces(t *testing.T) {
	for _, p := range []Place{{Path: 2}, {Path: -1}, {Offset: -1}, {Number: -1}, {Messages: -1}, {File: "../x"}, {File: "/x"}} {
		if p.Check(2) == nil {
			t.Errorf("%+v is a place", p)
		}
	}
}

func FuzzMbox(f *testing.F) {
	f.Add("From a Thu 09:14:07 2026\n\nx\n\nFrom b 09:14 2026\n>From y\n", uint8(0), uint8(0))
	f.Add(line+"x\r\n\r\n"+line+">>From y", uint8(1), uint8(9))
	f.Add("Subject: x\n\nbody", uint8(2), uint8(3))
	f.Add("", uint8(0), uint8(0))
	path := filepath.Join(f.TempDir(), "mbox")
	f.Fuzz(func(t *testing.T, text string, quoting, limit uint8) {
		o := Options{Quoting: Quoting(quoting % 3), MaxSize: int64(limit)}
		all := walked(t, o, write(t, path, text))
		size := 0
		for _, g := range all {
			size += len(g.raw)
		}
		if size > len(text) || limit == 0 && !strings.HasPrefix(text, "From ") && size != len(text) {
			t.Errorf("%d bytes came out of %d", size, len(text))
		}
		for i := range all {
			o.After = &all[i].place
			if rest := walked(t, o, path); fmt.Sprint(rest) != fmt.Sprint(all[i+1:]) {
				t.Errorf("after %d: %+v, want %+v", i+1, rest, all[i+1:])
			}
		}
	})
}

// TestSizes reads files that are read at once, that are just too large for that, and
// of which less is wanted than would be read at once.
func TestSizes(t *testing.T) {
	for _, size := range []int{0, 1, usual - 1, usual, usual + 1, 3 * usual} {
		text := strings.Repeat("x", size)
		path := write(t, filepath.Join(t.TempDir(), "a"), text)
		for _, most := range []int{0, max(size-1, 1), size + 1} {
			all := walked(t, Options{MaxSize: int64(most)}, path)
			want := text[:min(size, cmp.Or(most, size))]
			if len(all) != 1 || all[0].raw != want || all[0].cut != (len(want) < size) || all[0].err != nil {
				t.Errorf("%d bytes of %d: %d, %+v", most, size, len(all[0].raw), all[0].cut)
			}
		}
	}
}
