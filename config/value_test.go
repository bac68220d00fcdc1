package config

import (
	"errors"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/config/ucl"
)

// tree reads one file as a whole tree; others are beside it.
func tree(t *testing.T, text string, others map[string]string) *Tree {
	t.Helper()
	files := fstest.MapFS{"etc/rspamd.conf": {Data: []byte("actions { reject = 15; }\n" + text)}}
	for name, text := range others {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree, err := Load(Options{Dir: "/etc", Files: ucl.FS(files)})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestValue(t *testing.T) {
	v, ok := tree(t, "x { a = 1; list = [a, b]; b { c = 5min; } }\nx { a = yes; }", nil).Section("x")
	if !ok || !v.IsObject() {
		t.Fatalf("%v", v)
	}
	var keys []string
	for key := range v.All() {
		keys = append(keys, key)
	}
	b, _ := v.Get("b")
	if c, ok := b.Get("c"); !slices.Equal(keys, []string{"a", "list", "b"}) || !ok {
		t.Errorf("keys %q", keys)
	} else if d, err := c.AsDuration(); err != nil || d.Minutes() != 5 {
		t.Errorf("%v, %v", d, err)
	}
	a, _ := v.Get("a")
	_, err := a.AsInt()
	if want := "/etc/rspamd.conf:3:5: "; err == nil || err.Error()[:len(want)] != want {
		t.Errorf("%v names no place", err)
	}
	if list, _ := v.Get("list"); len(list.Items()) != 2 || !list.IsList() || list.IsObject() {
		t.Errorf("%v", list)
	}
	if err := a.Errorf("wrong: %w", option.ErrElsewhere); !errors.Is(err, option.ErrElsewhere) {
		t.Errorf("%v does not wrap its cause", err)
	}
}

func TestEntries(t *testing.T) {
	lists := tree(t, `
		inline = [192.0.2.1, "198.51.100.0/24"];
		file = "/etc/list.inc";
		some = ["/etc/none.inc", "file:///etc/list.inc", "three"];
		none = "/etc/none.inc";
		remote = "https://lists.example/x";
		upstream { url = ["https://maps.rspamd.com/x.inc", "/etc/list.inc", "fallback+file:///etc/stock.inc"]; }
	`, map[string]string{"etc/list.inc": "one # first\n\n# none\n  two\r\n", "etc/stock.inc": "stock"})
	for name, want := range map[string][]string{
		"inline": {"192.0.2.1", "198.51.100.0/24"}, "file": {"one", "two"}, "some": {"one", "two", "three"}, "upstream": {"one", "two"}, "none": nil, "remote": nil,
	} {
		v, _ := lists.Section(name)
		got, err := v.Entries()
		if !slices.Equal(got, want) || (want == nil) != errors.Is(err, option.ErrElsewhere) || v.Upstream() != (name == "upstream") {
			t.Errorf("%s: %q, %v, upstream %v", name, got, err, v.Upstream())
		}
	}
}
