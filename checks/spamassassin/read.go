package spamassassin

import (
	"slices"
	"strconv"
	"strings"
)

// The bounds of rule files. Those that SpamAssassin comes with have 40,000 lines.
const (
	maxLines = 1 << 20
	maxRules = 1 << 16
)

// A reader gathers what files say.
type reader struct {
	rules    map[string]*rule
	order    []string // names as they came, of dropped rules, too
	seen     map[string]bool
	scores   map[string]float64
	about    map[string]string
	tflags   map[string][]string
	tags     replacements
	lists    *lists
	at       place
	problems []Problem
	// conditions are those that surround a line: each tells whether its lines
	// hold.
	conditions []condition
	lines      int
}

func read(files []File) *reader {
	r := &reader{rules: map[string]*rule{}, seen: map[string]bool{}, scores: map[string]float64{}, about: map[string]string{}, tflags: map[string][]string{}, tags: newReplacements(), lists: newLists()}
	for _, f := range files {
		r.conditions = nil
		n := 0
		for line := range strings.Lines(f.Text) {
			n++
			if r.lines++; r.lines > maxLines {
				break
			}
			r.at = place{f.Name, n, strings.TrimSpace(line)}
			r.line(uncomment(line))
		}
		if len(r.conditions) > 0 {
			r.at = r.conditions[len(r.conditions)-1].at
			r.problem("the condition is not closed by endif")
		}
		if r.lines > maxLines {
			r.problem("more than " + strconv.Itoa(maxLines) + " lines; the rest is not read")
			break
		}
	}
	r.finish()
	return r
}

func (r *reader) problem(reason string) { r.problemAt(r.at, reason) }

func (r *reader) problemAt(at place, reason string) {
	r.problems = append(r.problems, Problem{File: at.file, Line: at.line, Text: at.text, Reason: reason})
}

// uncomment cuts a comment off, and white space. A number sign after a backslash
// begins none, and the backslash goes.
func uncomment(line string) string {
	for i := 0; i < len(line); i++ {
		if line[i] == '#' && (i == 0 || line[i-1] != '\\') {
			line = line[:i]
			break
		}
	}
	return strings.ReplaceAll(strings.TrimSpace(line), `\#`, "#")
}

// word cuts the first word off.
func word(s string) (first, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

func (r *reader) line(s string) {
	key, rest := word(s)
	if key == "" || r.conditional(key, rest) || !r.holds() {
		return
	}
	switch key {
	case "header", "body", "rawbody", "uri", "full", "mimeheader", "meta", "selector":
		r.rule(key, rest)
	case "score":
		r.score(rest)
	case "describe":
		name, text := word(rest)
		r.about[name] = text
	case "tflags":
		name, flags := word(rest)
		r.tflags[name] = append(r.tflags[name], strings.Fields(flags)...)
	case "replace_tag", "replace_pre", "replace_inter", "replace_post", "replace_rules", "replace_start", "replace_end":
		if err := r.tags.read(key, rest); err != nil {
			r.problem(err.Error())
		}
	case "lang":
		// Only texts of other languages stand there.
	default:
		if !r.lists.read(key, strings.Fields(rest)) {
			r.problem(setting(key))
		}
	}
}

// setting says why a line that is no rule has no effect.
func setting(key string) string {
	switch {
	case slices.Contains([]string{"uri_detail", "uridnsbl", "urirhsbl", "urirhssub", "uridnssub", "urinsrhssub", "askdns", "dns_block_rule", "asn_lookup"}, key):
		return key + " asks DNS lists: those are lists of the family rbl"
	case slices.Contains([]string{"test", "priority", "reuse", "util_rb_tld", "util_rb_2tld", "util_rb_3tld", "loadplugin", "tryplugin", "require_version"}, key):
		return key + " is for SpamAssassin itself"
	}
	return key + " is no rule, but a setting of SpamAssassin's own or of a plugin that is not here"
}

// add notes a rule; it replaces one of that name.
func (r *reader) add(x *rule) {
	if len(r.rules) == maxRules {
		r.problem("more than " + strconv.Itoa(maxRules) + " rules")
		return
	}
	if !r.seen[x.name] {
		r.seen[x.name] = true
		r.order = append(r.order, x.name)
	}
	r.rules[x.name] = x
}

// drop forgets a rule whose newer definition is not understood.
func (r *reader) drop(name string) {
	delete(r.rules, name)
}

// score reads "NAME n", or "NAME n n n n": of these the last is taken, which is
// for scans with network tests and with statistics. In parentheses it adds to
// the score so far.
func (r *reader) score(rest string) {
	words := strings.Fields(rest)
	if len(words) != 2 && len(words) != 5 {
		r.problem("a score has one number or four")
		return
	}
	text, add := words[len(words)-1], false
	if inner, ok := strings.CutPrefix(text, "("); ok {
		text, add = strings.TrimSuffix(inner, ")"), true
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n != n || n > 1e6 || n < -1e6 {
		r.problem("a score is not understood")
		return
	}
	if add {
		n += r.scores[words[0]]
	}
	r.scores[words[0]] = n
}

// finish applies what files say of rules wherever it stood.
func (r *reader) finish() {
	for _, name := range r.order {
		x := r.rules[name]
		if x == nil {
			continue
		}
		x.about = r.about[name]
		x.score = r.scored(name)
		_, x.said = r.scores[name]
		for _, f := range r.tflags[name] {
			if n, ok := strings.CutPrefix(f, "maxhits="); ok {
				if x.most, _ = strconv.Atoi(n); x.most < 1 || x.most > 1000 {
					x.most = 1000
				}
			} else if f == "multiple" && x.most == 0 {
				x.most = 1000
			}
		}
		if !slices.Contains(r.tflags[name], "multiple") {
			x.most = 1
		}
		if x.source == "" {
			continue
		}
		if err := x.compile(&r.tags); err != nil {
			r.problemAt(x.place, err.Error())
			r.drop(name)
		}
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		if a.File != b.File {
			return 0
		}
		return a.Line - b.Line
	})
}

// scored is a rule's score: 1 where nothing says it, 0.01 for rules on trial, and
// the opposite for nice ones, as in SpamAssassin.
func (r *reader) scored(name string) float64 {
	if n, ok := r.scores[name]; ok {
		return n
	}
	n := 1.0
	if strings.HasPrefix(name, "T_") {
		n = 0.01
	}
	if slices.Contains(r.tflags[name], "nice") {
		n = -n
	}
	return n
}
