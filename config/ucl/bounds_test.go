package ucl_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/winnowmail/winnow/config/ucl"
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
		"objects":        strings.Repeat("a {", 5000),
		"lists":          "a = " + strings.Repeat("[", 5000),
		"names":          strings.Repeat("a ", 5000) + "{}",
		"includes":       `.include "/chain0"`,
		"include bomb":   `.include "/bomb0"`,
		"inheritance":    "a { " + strings.Repeat("x", 9) + " = 1; }\n" + bomb(30),
		"variables":      `a = "` + strings.Repeat("$LONG", 100_000) + `"`,
		"loops":          "{% set a = {1,2,3,4,5,6,7,8,9} %}" + strings.Repeat("{% for x in a %}", 10) + "y=1;" + strings.Repeat("{% endfor %}", 10),
		"template text":  `{% set a = "xxxxxxxxxxxxxxxx" %}` + strings.Repeat("{% set a = a .. a %}", 40) + "b = {= a =}",
		"template deep":  "{= " + strings.Repeat("(", 1000) + " =}",
		"template not":   "{= " + strings.Repeat("not ", 1000) + "1 =}",
		"template if":    strings.Repeat("{% if 1 %}", 1000),
		"merged repeats": strings.Repeat("s { a = 1 }\n", 3000) + `.include(duplicate=merge) "/many"`,
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
