package ucl_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/internal/worktest"
)

// TestLimits has a text for each way to make a reader work without end.
func TestLimits(t *testing.T) {
	files := fstest.MapFS{}
	for i := range 40 {
		files[fmt.Sprint("chain", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, ".include \"/chain%d\"", i+1)}
		twice := fmt.Sprintf(".include \"/bomb%d\"\n", i+1)
		files[fmt.Sprint("bomb", i)] = &fstest.MapFile{Data: []byte(twice + twice)}
	}
	for i := 14; i < 40; i++ {
		files[fmt.Sprint("bomb", i)] = &fstest.MapFile{Data: []byte("a = 1;")}
	}
	for name, text := range map[string]string{
		"objects":                 strings.Repeat("a {", 5000),
		"lists":                   "a = " + strings.Repeat("[", 5000),
		"names":                   strings.Repeat("a ", 5000) + "{}",
		"includes":                `.include "/chain0"`,
		"include bomb":            `.include "/bomb0"`,
		"inheritance":             "a { " + strings.Repeat("x", 9) + " = 1; }\n" + bomb(30),
		"variables":               `a = "` + strings.Repeat("$LONG", 100_000) + `"`,
		"loops":                   "{% set a = {1,2,3,4,5,6,7,8,9} %}" + strings.Repeat("{% for x in a %}", 10) + "y=1;" + strings.Repeat("{% endfor %}", 10),
		"template text":           `{% set a = "xxxxxxxxxxxxxxxx" %}` + strings.Repeat("{% set a = a .. a %}", 40) + "b = {= a =}",
		"template deep":           "{= " + strings.Repeat("(", 1000) + " =}",
		"template not":            "{= " + strings.Repeat("not ", 1000) + "1 =}",
		"template if":             strings.Repeat("{% if 1 %}", 1000),
		"template chain":          "{= 1" + strings.Repeat(" + 1", 100_000) + " =}",
		"template pipes":          `{= "x"` + strings.Repeat("|lower", 100_000) + " =}",
		"fields":                  "{= env" + strings.Repeat(".x", 100_000) + " =}",
		"filters over and over":   long + loop("{% set y = a|lower %}"),
		"splits":                  long + loop(`{% set y = a|split("x") %}`),
		"replacements":            long + loop(`{% set y = a|replace("x", "y") %}`),
		"comparisons":             long + "{% set b = a .. a %}" + loop(`{% if b == a .. a %}{% endif %}`),
		"joins":                   long + `{% set l = {a` + strings.Repeat(",a", 2000) + `} %}{% set y = l|join("") %}`,
		"inherited over and over": "s {\n" + keys(5000) + "}\nt {\n" + strings.Repeat(".inherit \"s\"\n", 5000) + "}\n",
		"merged repeats":          strings.Repeat("s { a = 1 }\n", 3000) + `.include(duplicate=merge) "/many"`,
	} {
		o := options(files)
		o.Vars["LONG"] = strings.Repeat("v", 4096)
		o.Limits = ucl.Limits{Values: 100_000, Size: 16 << 20}
		files["many"] = &fstest.MapFile{Data: []byte("s { " + strings.Repeat("k = 1\n", 1) + keys(8000) + "}")}
		_, err := ucl.Parse("main", []byte(text), o)
		var e *ucl.Error
		if !errors.As(err, &e) || e.Kind != ucl.Limit && e.Kind != ucl.Template {
			t.Errorf("%s: got %v, want a limit", name, err)
		}
	}
}

// long makes a text of 64 KiB in a template, and loop carries one out 6,561 times.
const long = `{% set a = "xxxxxxxxxxxxxxxx" %}` +
	"{% set a = a..a..a..a..a..a..a..a %}{% set a = a..a..a..a..a..a..a..a %}{% set a = a..a..a..a..a..a..a..a %}{% set a = a..a..a..a..a..a..a..a %}"

func loop(body string) string {
	return "{% set i = {1,2,3,4,5,6,7,8,9} %}" + strings.Repeat("{% for x in i %}", 4) + body + strings.Repeat("{% endfor %}", 4)
}

// bomb makes sections each of which inherits what all before it have.
func bomb(n int) string {
	var b strings.Builder
	b.WriteString("b0 { x { y { z = 1 } } }\n")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, "b%d { p { .inherit \"b%d\"\n } .inherit \"b%d\"\n l { .inherit \"b%d\"\n } }\n", i, i-1, i-1, i-1)
	}
	return b.String()
}

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d = 1\n", i)
	}
	return b.String()
}

// TestLinear reads texts of one kind in two sizes; what it allocates must not
// grow faster than the text.
func TestLinear(t *testing.T) {
	for name, text := range map[string]func(n int) string{
		"keys":     keys,
		"repeated": func(n int) string { return strings.Repeat("a = 1;\n", n) },
		"sections": func(n int) string { return strings.Repeat("a \"b\" { c = 1 }\n", n) },
		"items":    func(n int) string { return "a = [" + strings.Repeat("x,", n) + "]" },
		"replaced": func(n int) string {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, ".priority %d\na = 1;\n", i%16)
			}
			return b.String()
		},
	} {
		cost := func(n int) float64 {
			data := []byte(text(n))
			return testing.AllocsPerRun(1, func() {
				if _, err := ucl.Parse("main", data, ucl.Options{}); err != nil {
					t.Fatal(name, err)
				}
			})
		}
		if small, large := cost(500), cost(5000); large > 12*small {
			t.Errorf("%s: ten times the text takes %.0f instead of %.0f allocations", name, large, small)
		}
	}
}

// TestReplacedInPlace: a key that is rewritten over and over keeps what it replaced
// once.
func TestReplacedInPlace(t *testing.T) {
	read := func(n int) func() {
		files := fstest.MapFS{"many": &fstest.MapFile{Data: []byte(strings.Repeat("a = 1\n", n))}}
		o := options(files)
		return func() {
			doc, err := ucl.Parse("main", []byte(`.include(duplicate=rewrite) "/many"`), o)
			if err != nil || len(doc.Root.Get("a").Over) != n-1 {
				t.Fatal(err)
			}
		}
	}
	worktest.Linear(t, "replaced", 80_000, func(n int) func() { return read(n) })
}

// TestInheritedApart: what two sections inherit of one keeps what each replaced.
func TestInheritedApart(t *testing.T) {
	var s strings.Builder
	s.WriteString("s { .priority 1\n a = 1\n .priority 0\n a = 2\n a = 3\n a = 4\n }\n")
	for _, name := range []string{"x", "y"} {
		fmt.Fprintf(&s, "%s { a = %s\n .inherit(replace=true) \"s\"\n }\n", name, name)
	}
	doc, err := ucl.Parse("main", []byte(s.String()), ucl.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x", "y"} {
		over := doc.Root.Get(name, "a").Over
		if len(over) == 0 || over[len(over)-1].Text != name {
			t.Errorf("%s replaced %v", name, over)
		}
	}
}

// TestDeleteRepeated deletes a key that is repeated, one a line or all in one.
func TestDeleteRepeated(t *testing.T) {
	for _, sep := range []string{"\n", " "} {
		worktest.Linear(t, "deleted", 20_000, func(n int) func() {
			text := []byte("b = 1;\n" + strings.Repeat("a = 1;"+sep, n) + "c = 2;\n")
			return func() {
				e, err := ucl.Edit("x", text)
				if err == nil {
					err = e.Delete("a")
				}
				if err != nil || string(e.Bytes()) != "b = 1;\nc = 2;\n" {
					t.Fatalf("%.100s, %v", e.Bytes(), err)
				}
			}
		})
	}
	e, err := ucl.Edit("x", []byte("  a = 1; a = 2;\nb = 1; a = 3; c = 1; a = 4\na = 5; d = 1\n"))
	if err == nil {
		err = e.Delete("a")
	}
	if got := string(e.Bytes()); err != nil || got != "b = 1; c = 1; \nd = 1\n" {
		t.Errorf("%q, %v", got, err)
	}
}
