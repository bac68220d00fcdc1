package ucl_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/winnowmail/winnow/config/ucl"
)

func options(files fstest.MapFS) ucl.Options {
	return ucl.Options{
		Files:    ucl.FS(files),
		Vars:     map[string]string{"ETC": "/etc/filter", "ETCETERA": "more", "HOST": "mx.example.org"},
		Template: map[string]any{"env": map[string]string{"PORT": "11332", "NETS": "192.0.2.0/24, 2001:db8::/32", "MODE": "strict"}},
	}
}

// flat is v as JSON in one line without blanks.
func flat(t *testing.T, v *ucl.Value) string {
	t.Helper()
	var b bytes.Buffer
	if err := ucl.WriteJSON(&b, v); err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`\n *`).ReplaceAllString(b.String(), "")
}

func TestParse(t *testing.T) {
	files := fstest.MapFS{
		"etc/filter/local.conf": {Data: []byte("limit = 20; names = [c]; deep { b = 9; d = 1 }")},
		"etc/filter/over.conf":  {Data: []byte("deep { only = yes }")},
		"etc/filter/p3.conf":    {Data: []byte(".priority 3\nlimit = 3;")},
		"etc/filter/x1.conf":    {Data: []byte("one = 1;")},
		"etc/filter/x2.conf":    {Data: []byte("{\"two\": 2}\n")},
		"etc/filter/secret.txt": {Data: []byte(" s3cret \n")},
		"etc/filter/empty.conf": {},
	}
	base := `s { limit = 10; names = [a, b]; deep { b = 1; c = 2 } `
	for _, c := range []struct{ text, want string }{
		{``, `{}`},
		{`port = 25; name = mail server # which`, `{"port": 25,"name": "mail server"}`},
		{`a = [x, 'y z', "w"];`, `{"a": ["x","y z","w"]}`},
		{`{"a": {"b": [1, 2.5, null, true]}}`, `{"a": {"b": [1,2.5,null,true]}}`},
		{`[1, {a = b}]`, `[1,{"a": "b"}]`},
		{`rule "first" { a = 1 } rule "second" { a = 2 }`, `{"rule": [{"first": {"a": 1}},{"second": {"a": 2}}]}`},
		{`one two three { a = 1 }`, `{"one": {"two": {"three": {"a": 1}}}}`},
		{`a "has { inside";`, `{"a": "has { inside"}`},
		{`t = 90s; u = 1.5h; v = 250ms; w = 3min; x = 2kb; y = 2k; z = 0.5mb`, `{"t": 90,"u": 5400,"v": 0.25,"w": 180,"x": 2048,"y": 2000,"z": 524288}`},
		{`a = 12 apples; b = 7days; c = 1.2.3.4; d = -; e = 0x2A; f = 1e2; g = -3`, `{"a": "12 apples","b": "7days","c": "1.2.3.4","d": "-","e": 42,"f": 100.0,"g": -3}`},
		{`a = On; b = NO; c = null; d = Null`, `{"a": true,"b": false,"c": null,"d": "Null"}`},
		{"t = <<END\nline 1\n  ENDless\nEND\nu = <<END\r\nx\r\ny\r\nEND;\r\n", `{"t": "line 1\n  ENDless","u": "x\ny"}`},
		{`a = '\d+\'s'; b = "\d\u00e9\ud83d\ude00"; c = \d.`, `{"a": "\\d+'s","b": "dé😀","c": "d."}`},
		{`a = "$ETC/x"; b = ${HOST}; c = $ETCETERA; d = '$ETC'; e = "$NO $$ETC"; f = "$$ $ETC"`, `{"a": "/etc/filter/x","b": "mx.example.org","c": "more","d": "$ETC","e": "$NO $$ETC","f": "$ /etc/filter"}`},
		{`a = 1; a = 2; b { x = 1 } b { x = 2 }`, `{"a": [1,2],"b": [{"x": 1},{"x": 2}]}`},
		{"/* a /* b */ c */ a = 1 # d\nb = x/* e */;", `{"a": 1,"b": "x"}`},
		{base + `.include(priority=1, duplicate=merge) "$ETC/local.conf"` + "\n}", `{"s": {"limit": 20,"names": ["a","b","c"],"deep": {"b": 9,"c": 2,"d": 1}}}`},
		{base + `.include(priority=1; duplicate=merge) "$ETC/local.conf"; .include(priority=10) "$ETC/over.conf"` + "\n}", `{"s": {"limit": 20,"names": ["a","b","c"],"deep": {"only": true}}}`},
		{base + `.include(duplicate=rewrite) "$ETC/local.conf"` + "\n}", `{"s": {"limit": 20,"names": ["c"],"deep": {"b": 9,"d": 1}}}`},
		{base + `.include "$ETC/p3.conf"` + "\n}", `{"s": {"limit": 3,"names": ["a","b"],"deep": {"b": 1,"c": 2}}}`},
		{`.include(glob=true) "$ETC/x*.conf"`, `{"one": 1,"two": 2}`},
		{`.include(try=true) "$ETC/none.conf"`, `{}`},
		{`.include "$ETC/empty.conf"`, `{}`},
		{`.include(prefix=true) "$ETC/x1.conf"`, `{"x1": {"one": 1}}`},
		{`.include(key=k, target=array) "$ETC/x1.conf"` + "\n" + `.include(key=k, target=array) "$ETC/x2.conf"`, `{"k": [{"one": 1},{"two": 2}]}`},
		{`.include(path=["/nowhere", "$ETC"]) "x1.conf"`, `{"one": 1}`},
		{`.load(key=pw, trim=true) "$ETC/secret.txt"`, `{"pw": "s3cret"}`},
		{`a { x = 1; y = 2 } b { .inherit "a"` + "\ny = 3 }", `{"a": {"x": 1,"y": 2},"b": {"x": 1,"y": 3}}`},
		{`p = {= env.PORT =}; q = "{= env.NONE|default('x') =}";{# gone #}`, `{"p": 11332,"q": "x"}`},
		{"{% for n in env.NETS|split(',') %}net = \"{= n =}\";\n{% endfor %}", `{"net": ["192.0.2.0/24","2001:db8::/32"]}`},
		{`{% if env.MODE == "strict" and not env.NONE %}a = 1;{% else %}a = 2;{% endif %}`, `{"a": 1}`},
		{`{% set n = 2 * 3 + 1 %}a = {= n =}; {% raw %}b = "{= x =}";{% endraw %}`, `{"a": 7,"b": "{= x =}"}`},
	} {
		doc, err := ucl.Parse("/etc/filter/main.conf", []byte(c.text), options(files))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		} else if got := flat(t, doc.Root); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestRefuse(t *testing.T) {
	files := fstest.MapFS{
		"loop.conf":  {Data: []byte(".include \"/loop.conf\"")},
		"bad.conf":   {Data: []byte("a = 1;\n}\n")},
		"dup.conf":   {Data: []byte("a = 2;")},
		"binary.ucl": {Data: []byte("k = \"a\x00b\";")},
	}
	for _, c := range []struct {
		text string
		kind ucl.Reason
		pos  string
	}{
		{"a = 1;\nb {\n c = 2;\n", ucl.MissingClose, "main:4:1"},
		{"a = 1 }", ucl.ExtraClose, "main:1:7"},
		{"a = [1, 2", ucl.MissingClose, "main:1:10"},
		{"a { b = [ 1 } ]", ucl.MismatchedClose, "main:1:13"},
		{"a = \"x\n", ucl.UnterminatedString, "main:1:5"},
		{"a = 'x", ucl.UnterminatedString, "main:1:5"},
		{"a = 1; /* b", ucl.UnterminatedNote, "main:1:8"},
		{"a = <<EOD\nx\n", ucl.UnterminatedText, "main:1:5"},
		{"a = ;", ucl.ValueMissing, "main:1:5"},
		{"a\n", ucl.BadKey, "main:1:2"},
		{"a.b@c = 1", ucl.BadKey, "main:1:4"},
		{"'a' = 1", ucl.BadKey, "main:1:1"},
		{"\"\" = 1", ucl.EmptyKey, "main:1:1"},
		{"a = \"x\" y", ucl.DelimiterMissing, "main:1:9"},
		{"a = \"\\u12\"", ucl.BadEscape, "main:1:6"},
		{"a = 99999999999999999999", ucl.NumberRange, "main:1:5"},
		{"a = 9000000000gb", ucl.NumberRange, "main:1:5"},
		{"x = 1\n.frob \"y\"", ucl.UnknownMacro, "main:2:1"},
		{".include \"/none\"", ucl.Missing, "main:1:1"},
		{"\n .include \"/loop.conf\"", ucl.IncludeLoop, "/loop.conf:1:1"},
		{".include(try=true) \"/bad.conf\"", ucl.ExtraClose, "/bad.conf:2:1"},
		{"a = 1\n.include(duplicate=error) \"/dup.conf\"", ucl.DuplicateKey, "/dup.conf:1:1"},
		{".include \"/binary.ucl\"", ucl.ControlCharacter, "/binary.ucl:1:7"},
		{".include(sign=true) \"/dup.conf\"", ucl.MacroArgument, "main:1:1"},
		{".include \"https://example.org/x\"", ucl.MacroArgument, "main:1:1"},
		{".inherit \"later\"", ucl.InheritMissing, "main:1:1"},
		{"a = [1]; .include(duplicate=merge) \"/obj\"", ucl.Missing, "main:1:10"},
		{"ok = 1;\nx = {= env.A|frob =};", ucl.Template, "main:2:5"},
		{"{% if env.A %}\na = 1;", ucl.Template, "main:1:1"},
		{"{# no end", ucl.Template, "main:1:1"},
		{"a = {= env.PORT =};\nb = {= env.PORT =} ]", ucl.MismatchedClose, "main:2:20"},
	} {
		_, err := ucl.Parse("main", []byte(c.text), options(files))
		var e *ucl.Error
		if !errors.As(err, &e) {
			t.Errorf("%q: got %v, want a refusal", c.text, err)
		} else if e.Kind != c.kind || e.Pos.String() != c.pos {
			t.Errorf("%q: got %s %s (%v), want %s %s", c.text, e.Kind, e.Pos, e, c.kind, c.pos)
		}
	}
}

func TestProvenance(t *testing.T) {
	files := fstest.MapFS{
		"local.d/x.conf":    {Data: []byte("\nlimit = 2;\nlist = [b];")},
		"override.d/x.conf": {Data: []byte("# why\n  limit = 3;")},
		"dynamic/x.conf":    {Data: []byte("limit = 9;")},
	}
	doc, err := ucl.Parse("main", []byte("x {\n limit = 1; list = [a];\n"+
		".include(priority=10) \"/override.d/x.conf\"\n"+
		".include(priority=1,duplicate=merge) \"/local.d/x.conf\"\n"+
		".include(try=true,priority=5) \"/dynamic/x.conf\"\n .include_map \"/m\"\n.include(try=true) \"/none\"\n}"), options(files))
	if err != nil {
		t.Fatal(err)
	}
	v := doc.Root.Get("x", "limit")
	if v.Int != 3 || v.Pos().String() != "/override.d/x.conf:2:3" || v.Priority != 10 {
		t.Errorf("limit is %d from %s with priority %d", v.Int, v.Pos(), v.Priority)
	}
	var over []string
	for _, o := range v.Over {
		over = append(over, o.Pos().String())
	}
	if got := strings.Join(over, " "); got != "main:2:2 /local.d/x.conf:2:1 /dynamic/x.conf:1:1" {
		t.Errorf("it took the place of %s", got)
	}
	if got := doc.Root.Get("x", "list").Items[1].Pos().String(); got != "/local.d/x.conf:3:9" {
		t.Errorf("the second item is from %s", got)
	}
	if len(doc.Maps) != 1 || doc.Maps[0].Name != "/m" || doc.Maps[0].Into != doc.Root.Get("x") {
		t.Errorf("maps: %+v", doc.Maps)
	}
	if len(doc.Missing) != 1 || len(doc.Files) != 3 {
		t.Errorf("files %v, missing %v", doc.Files, doc.Missing)
	}
}

func TestWarnings(t *testing.T) {
	doc, err := ucl.Parse("main", []byte("\ufeffa = 1;\n.priority 99\n.include(try=maybe, wrong=1, priority=-1) \"/f\""), options(fstest.MapFS{"f": {Data: []byte("b = 1")}}))
	if err != nil || flat(t, doc.Root) != `{"a": 1,"b": 1}` {
		t.Fatal(err, doc)
	}
	if len(doc.Warnings) != 5 || !strings.Contains(doc.Warnings[4].String(), "main:3:1") && !strings.Contains(doc.Warnings[4].String(), "-1 is kept as 15") {
		t.Errorf("warnings: %q", doc.Warnings)
	}
}
