package main

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// packed is a text as Zstandard or gzip has it.
func packed(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	if strings.HasSuffix(name, ".gz") {
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll([]byte(text), nil)
}

// Lists that are fetched may be compressed, and a new start has them though their
// server is gone.
func TestFetchedLists(t *testing.T) {
	for _, name := range []string{"/friends.zst", "/friends.zstd", "/friends.gz"} {
		body := packed(t, name, "ann@example.org\n")
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
		dir := t.TempDir()
		writeFiles(t, dir, map[string]string{
			"local.d/multimap.conf": "FRIENDS { type = \"from\"; filter = \"email:addr\"; map = \"" + web.URL + name + "\"; score = -2; }\n",
			"local.d/options.inc":   "maps_cache_dir = \"" + dir + "/lists\";",
		})
		for _, start := range []string{"first", "second"} {
			c := &config{profile: "rspamd", dns: "none"}
			c.files.tree.dir = dir
			setup, err := c.files.read(c)
			if err != nil {
				t.Fatal(err)
			}
			list := setup.Families.Multimap.Rules[0].List
			if err := list.Load(t.Context()); (err != nil) != (start == "second") {
				t.Errorf("%s: the %s start: %v", name, start, err)
			}
			if _, ok := list.Snapshot().Find("ann@example.org"); !ok {
				t.Errorf("%s: the list of the %s start lacks its entry", name, start)
			}
			web.Close()
		}
	}
}

// Where copies are kept is what the flag says, else the files, else DBDIR.
func TestMapsCacheDir(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ann@example.org\n")) }))
	defer web.Close()
	for _, c := range []struct{ flag, file, want string }{{"flag", "file", "flag"}, {"", "file", "file"}, {"", "", "state"}} {
		dir := t.TempDir()
		writeFiles(t, dir, map[string]string{
			"local.d/multimap.conf": "FRIENDS { type = \"from\"; map = \"" + web.URL + "\"; }\n",
			"state/x":               "",
		})
		if c.file != "" {
			writeFiles(t, dir, map[string]string{"local.d/options.inc": "maps_cache_dir = \"" + dir + "/" + c.file + "\";"})
		}
		of := &config{profile: "rspamd", dns: "none"}
		of.files.tree.dir, of.files.tree.vars = dir, varFlag{"DBDIR": dir + "/state"}
		if c.flag != "" {
			of.files.lists.dir = filepath.Join(dir, c.flag)
		}
		setup, err := of.files.read(of)
		if err != nil {
			t.Fatal(err)
		}
		if err := setup.Families.Multimap.Rules[0].List.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		if files, err := filepath.Glob(filepath.Join(dir, c.want, "*.list")); err != nil || len(files) != 1 {
			t.Errorf("%+v: copies %v, %v", c, files, err)
		}
	}
	of := &config{profile: "rspamd", dns: "none"}
	of.files.tree.dir = t.TempDir()
	of.files.lists.dir = "/dev/null/x"
	if _, err := of.files.read(of); err == nil || !strings.Contains(err.Error(), "no copies of lists can be kept") {
		t.Errorf("a directory that can't be made: %v", err)
	}
}
