package spamassassin

import (
	"strconv"
	"strings"
	"testing"
)

// Rules that are defined and dropped over and over, and tags without end, take time in
// proportion to the file: each would look at all rules otherwise.
func TestHostileFiles(t *testing.T) {
	var b strings.Builder
	for i := range maxRules / 8 {
		b.WriteString("body R" + strconv.Itoa(i) + " /a/\n")
	}
	for range 10_000 {
		b.WriteString("body X /a/\nbody X /\n")
	}
	r := read([]File{{Name: "dropped", Text: b.String()}})
	if len(r.rules) != maxRules/8 || r.rules["X"] != nil || len(r.problems) != 10_000 {
		t.Errorf("%d rules, %d problems", len(r.rules), len(r.problems))
	}
	b.Reset()
	for i := range 3 * maxTags {
		b.WriteString("replace_tag T" + strconv.Itoa(i) + " " + strings.Repeat("x", 100) + "\n")
	}
	r = read([]File{{Name: "tags", Text: b.String()}})
	if len(r.tags.tags) != maxTags || len(r.problems) != 2*maxTags {
		t.Errorf("%d tags, %d problems", len(r.tags.tags), len(r.problems))
	}
}

// What tags make of a pattern is bounded before it is made.
func TestHostileTags(t *testing.T) {
	for name, text := range map[string]string{
		"one large":       "replace_tag A " + strings.Repeat("x", 1<<20) + "\nbody R /" + strings.Repeat("<A>", 100_000) + "/\nreplace_rules R\n",
		"in one another":  "replace_tag A <B><B><B><B><B><B><B><B><B><B>\nreplace_tag B <A><A><A><A><A><A><A><A><A><A>\nbody R /<A>/\nreplace_rules R\n",
		"itself":          "replace_tag A " + strings.Repeat("<A>", 1000) + "\nbody R /<A>/\nreplace_rules R\n",
		"without a start": "replace_start\nreplace_end\nreplace_tag A " + strings.Repeat("x", 1<<10) + "\nbody R /" + strings.Repeat("A", 100_000) + "/\nreplace_rules R\n",
	} {
		r := read([]File{{Name: name, Text: text}})
		if x := r.rules["R"]; x != nil {
			if n := len(r.tags.apply(x.source)); n > maxReplaced {
				t.Errorf("%s: a pattern of %d bytes", name, n)
			}
		}
	}
}
