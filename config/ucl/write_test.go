package ucl_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/config/ucl"
)

func parse(t *testing.T, text string) *ucl.Value {
	t.Helper()
	doc, err := ucl.Parse("main", []byte(text), ucl.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return doc.Root
}

func TestWrite(t *testing.T) {
	const text = `path = "/etc/keys/mail.key";
re = '/\d+/';
n = 5;
n = 6;
list [
    1,
    {
        a = true;
    }
    [
        "x",
    ]
]
empty {}
"od d" = null;
s {
    t = <<EOD
a
b
EOD;
    f = 1.5;
}
`
	var b bytes.Buffer
	if err := ucl.Write(&b, parse(t, text), ucl.Style{}); err != nil || b.String() != text {
		t.Errorf("got %v\n%s", err, &b)
	}
	b.Reset()
	if err := ucl.Write(&b, parse(t, "a = 1;\n.priority 1\na = 2;"), ucl.Style{Places: true}); err != nil || b.String() != "a = 2; # main:3:1, over main:1:1 (1)\n" {
		t.Errorf("got %v %s", err, &b)
	}
}

func TestTyped(t *testing.T) {
	v := parse(t, `s = text; i = 5; f = 2.5; d = 90s; b = yes; l = [a, 2]; o { x = 1 }
		si = "7"; sd = "2min"; sb = "off"; r { a = 1 } r { b = 2; a = 3 }`)
	str, err := v.Get("i").AsString()
	check(t, str, "5", err)
	n, err := v.Get("si").AsInt()
	check(t, n, 7, err)
	f, err := v.Get("f").AsFloat()
	check(t, f, 2.5, err)
	d, err := v.Get("d").AsDuration()
	check(t, d, 90*time.Second, err)
	d, err = v.Get("sd").AsDuration()
	check(t, d, 2*time.Minute, err)
	on, err := v.Get("sb").AsBool()
	check(t, on, false, err)
	l, err := v.Get("l").AsStrings()
	check(t, strings.Join(l, "+"), "a+2", err)
	l, err = v.Get("s").AsStrings()
	check(t, strings.Join(l, "+"), "text", err)
	o, err := v.Get("r").AsObject()
	check(t, flat(t, o), `{"a": 3,"b": 2}`, err)
	for name, err := range map[string]error{
		`main:1:1: a number is needed, not "text"`:                                    second(v.Get("s").AsFloat()),
		`main:1:18: a whole number is needed, not a value of type number`:             second(v.Get("f").AsInt()),
		`main:1:11: a boolean (true or false) is needed, not a value of type integer`: second(v.Get("i").AsBool()),
		`main:1:57: a string is needed, not a value of type object`:                   second(v.Get("o").AsString()),
		`a time is missing`: second(v.Get("none").AsDuration()),
		`main:1:45: a section is needed, not a value of type list`: second(v.Get("l").AsObject()),
	} {
		if err == nil || err.Error() != name {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func check[T comparable](t *testing.T, got, want T, err error) {
	t.Helper()
	if err != nil || got != want {
		t.Errorf("got %v and %v, want %v", got, err, want)
	}
}

func TestEdit(t *testing.T) {
	const text = "# keep me\n.include(try=true) \"$X/y\"\nlimit = 5; # five\nsec \"a\" {\n    on = yes\n}\nlast = 'x'"
	for _, c := range []struct {
		value string
		path  string
		want  string
	}{
		{"7", "limit", strings.Replace(text, "limit = 5", "limit = 7", 1)},
		{"no", "sec a on", strings.Replace(text, "yes", "no", 1)},
		{`"y"`, "sec a off", strings.Replace(text, "yes\n", "yes\n    off = \"y\";\n", 1)},
		{"1", "new", text + "\nnew = 1;\n"},
		{"[1, 2]", "p q", text + "\np {\n  q = [1, 2];\n}\n"},
		{"", "limit", strings.Replace(text, "limit = 5; # five", "# five", 1)},
		{"", "sec", strings.Replace(text, "sec \"a\" {\n    on = yes\n}\n", "", 1)},
	} {
		e, err := ucl.Edit("f", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if path := strings.Fields(c.path); c.value == "" {
			err = e.Delete(path...)
		} else {
			err = e.Set(c.value, path...)
		}
		if got := string(e.Bytes()); err != nil || got != c.want {
			t.Errorf("%s %s: %v\n got %q\nwant %q", c.path, c.value, err, got, c.want)
		}
	}
	e, err := ucl.Edit("f", []byte("a = 1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Set("}", "a"); err == nil || string(e.Bytes()) != "a = 1" {
		t.Errorf("a value that breaks the file: %v, %q", err, e.Bytes())
	}
}
