package ucl_test

import (
	"bytes"
	"testing"
	"testing/fstest"

	"github.com/winnowmail/winnow/config/ucl"
)

// FuzzParse reads any text: what is read can be written and read again, and
// then says the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a = 1; b { c = \"x\\n\"; }", "n 'x' ;\"k\" [1,2kb,3min,]", "t = <<EOD\nx\nEOD\n/* c /* d */ */ u = yes",
		".include(try=true,priority=3,duplicate=merge) \"$CURDIR/inc\"\n", "a { x = 1 } b { .inherit \"a\"\n}",
		"a = {= env.X|default(3) =};{% if env.X == 'y' %}b = 1;{% elseif 1 < 2 %}c = 2{% endif %}", "{% for i in {1,2} %}k{= i =} = {= i * 2 .. '' =};{% endfor %}",
		"x \"y\" z { q = ${V}$V$$V }", "{\"a\": [null, -1.5e3, {\"b\": []}]}", ".load(key=k, trim=true) \"inc\"", "\ufeffa = \xff", ".priority 7\na = 1\na = 2",
	} {
		f.Add([]byte(seed))
	}
	files := ucl.FS(fstest.MapFS{"inc": {Data: []byte("a { y = 2; } b = [1]; c = 3")}})
	f.Fuzz(func(t *testing.T, text []byte) {
		o := ucl.Options{Files: files, Vars: map[string]string{"V": "value"}, Limits: ucl.Limits{Size: 1 << 20, Values: 1 << 16, Depth: 200, Files: 20},
			Template: map[string]any{"env": map[string]string{"X": "y"}}}
		doc, err := ucl.Parse("main", text, o)
		if err != nil {
			return
		}
		var once, twice, json1, json2 bytes.Buffer
		if err := ucl.Write(&once, doc.Root, ucl.Style{}); err != nil {
			t.Fatal(err)
		}
		if doc.Root.Kind != ucl.Object {
			return
		}
		again, err := ucl.Parse("main", once.Bytes(), ucl.Options{})
		if err != nil {
			t.Fatalf("%v\nin what was written:\n%s", err, &once)
		}
		ucl.Write(&twice, again.Root, ucl.Style{})
		ucl.WriteJSON(&json1, doc.Root)
		ucl.WriteJSON(&json2, again.Root)
		if !bytes.Equal(once.Bytes(), twice.Bytes()) || !bytes.Equal(json1.Bytes(), json2.Bytes()) {
			t.Fatalf("written:\n%s\nread again:\n%s", &once, &twice)
		}
	})
}

// FuzzEdit changes any text that reads as UCL; the change can be read back.
func FuzzEdit(f *testing.F) {
	f.Add([]byte("a = 1; b { c = 2 }"), "a", "c")
	f.Add([]byte("{\"a\": 1}"), "b", "a")
	f.Add([]byte("b \"c\" {}\n# x"), "b", "c")
	f.Fuzz(func(t *testing.T, text []byte, one, two string) {
		e, err := ucl.Edit("main", text)
		if err != nil || !bytes.Equal(e.Bytes(), text) || e.Root().Kind != ucl.Object {
			return
		}
		if e.Set(`"new"`, one, two) != nil {
			return
		}
		m := e.Root().Member(one)
		if m == nil {
			t.Fatalf("%q is gone from %q", one, e.Bytes())
		}
		if v := m.Values[len(m.Values)-1].Member(two); v == nil || v.Values[len(v.Values)-1].Text != "new" {
			t.Fatalf("%q %q is not what was set: %q", one, two, e.Bytes())
		}
	})
}
