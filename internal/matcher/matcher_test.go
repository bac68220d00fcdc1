package matcher

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func compile(t testing.TB, pattern string, o Options) *Pattern {
	t.Helper()
	p, err := Compile(pattern, o)
	if err != nil {
		t.Fatalf("%s: %v", pattern, err)
	}
	return p
}

// slashed reads "/pattern/flags".
func slashed(t testing.TB, s string) *Pattern {
	t.Helper()
	i := strings.LastIndexByte(s, '/')
	o := Options{Flags: strings.ReplaceAll(s[i+1:], "b", "")}
	o.Bytes = strings.Contains(s[i+1:], "b")
	return compile(t, s[1:i], o)
}

func TestSyntax(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          string // the match in brackets, "" for none
	}{
		{`/b+/`, "abbbc", "a[bbb]c"},
		{`/B+/i`, "abbbc", "a[bbb]c"},
		{`/a.c/`, "a\nc", ""},
		{`/a.c/s`, "a\nc", "[a\nc]"},
		{`/^b$/`, "a\nb\nc", ""},
		{`/^b$/m`, "a\nb\nc", "a\n[b]\nc"},
		{`/c$/`, "abc\n", "ab[c\n]"}, // before a final line feed
		{`/c\z/`, "abc\n", ""},
		{`/c$\n/`, "abc\n", "ab[c\n]"},
		{`/c$+\n/`, "abc\n", "ab[c\n]"},
		{`/(?:b|c$)\s?/`, "ac\n", "a[c\n]"},
		{`/c$\z/`, "abc\n", ""},
		{`/(?:x|c$)/`, "abc\n", "ab[c\n]"},
		{"/a b # comment\n c/x", "abc", "[abc]"},
		{`/a[ ]b\ c/x`, "a b c", "[a b c]"},
		{`/(?x) a b (?-x) c/`, "ab c", "[ab c]"},
		{`/a(?i)b(?-i)c/`, "aBc", "[aBc]"},
		{`/a(?i:b)c/`, "aBC", ""},
		{`/(?:(?i)a)b/`, "AB", ""},
		{`/(?#note)a/`, "a", "[a]"},
		{`/\Qa.b*\Ec/`, "a.b*c", "[a.b*c]"},
		{`/\x41\x{42}\103\e\cA/`, "ABC\x1b\x01", "[ABC\x1b\x01]"},
		{`/[]a]+[^]a]/`, "]a]b", "[]a]b]"},
		{`/[a\-z]+/`, "b-a", "b[-a]"},
		{`/[\w-]+/`, "!a-b!", "![a-b]!"},
		{`/[a-\d]+/`, "xa-1", "x[a-1]"},
		{`/[[:alpha:]_]+[[:^digit:]]/`, "1a_b;", "1[a_b;]"},
		{`/[\b]/`, "a\bc", "a[\b]c"},
		{`/a{2}b{1,}c{0,2}d{,1}/`, "aabbccd", "[aabbccd]"},
		{`/a{x}/`, "a{x}", "[a{x}]"},
		{`/\h\R\H/`, "a \r\nb", "a[ \r\nb]"},
		{`/\v+\V/`, "a\n\rb", "a[\n\rb]"},
		{`/\s/`, "a\vb", "a[\v]b"}, // Perl's, unlike Go's
		{`/\N+/s`, "ab\nc", "[ab]\nc"},
		{`/a+?/`, "aaa", "[a]aa"},
		{`/a+/U`, "aaa", "[a]aa"},
		{`/a+?/U`, "aaa", "[aaa]"},
		{`/\bfoo\b/`, "a foo.", "a [foo]."},
		{`/foo\B/`, "foo food", "foo [foo]d"},
		{`/(?<n>a)b/`, "ab", "[ab]"},
		{`/(?P<n>a)(?P=n)/`, "baa", "b[aa]"},
		{`/(a|b)\1/`, "abba", "a[bb]a"},
		{`/(?'q'["'])x\k<q>/`, `"x' "x"`, `"x' ["x"]`},
		{`/(.)\g{-1}/`, "abcc", "ab[cc]"},
		{`/(a)(b)\g2/`, "abb", "[abb]"},
		{`/(A)\1/i`, "aA", "[aA]"},
		{`/foo(?!bar)/`, "foobar foobaz", "foobar [foo]baz"},
		{`/foo(?=baz)/`, "foobar foobaz", "foobar [foo]baz"},
		{`/(?<!a)b/`, "ab cb", "ab c[b]"},
		{`/(?<=ab|c)d/`, "d bd cd abd", "d bd c[d] abd"},
		{`/(?<!\w)x/`, "äx x", "ä[x] x"},
		{`/(?>a+)ab/`, "aaab", ""},
		{`/a++b/`, "aaab", "[aaab]"},
		{`/"[^"]*+"/`, `a "b" c`, `a ["b"] c`},
		{`/x*+x/`, "xxx", ""},
		{`/foo\Kbar/`, "foobar", "foo[bar]"},
		{`/(?=(a+))a*b\1/`, "baaabac", "baa[aba]c"},
		{`/(?:(?=a)a|b)+c/`, "zabac", "z[abac]"},
		{`/(?:a*)*b(?!x)/`, "aaab", "[aaab]"},
		{`/(?:|a)+c(?!x)/`, "aac", "[aac]"},
		{`/ä/i`, "Ä", "[Ä]"},
		{`/[ä-ü]/i`, "Ö", "[Ö]"},
		{`/k[s]/i`, "\u212a\u017f", "[\u212a\u017f]"},
		{`/ſtop/i`, "STOP", "[STOP]"},
		{`/\p{Greek}\pL\P{L}/`, "αa1", "[αa1]"},
		{`/\p{^L}/`, "a1", "a[1]"},
		{`/\xe4/`, "ä", "[ä]"},
		{`/\xc3\xa4/b`, "Ã¤", "[Ã¤]"}, // the bytes of ä as Latin1 gives them
		{`/ä/b`, "Ã¤", "[Ã¤]"},
		{`/\xc3/bi`, "ã", ""},
		{`/.{0,2000}b/`, strings.Repeat("a", 1500) + "b", "[" + strings.Repeat("a", 1500) + "b]"},
		{`/^a{1500}b{3,1200}c/`, strings.Repeat("a", 1500) + "bbbc", "[" + strings.Repeat("a", 1500) + "bbbc]"},
		{`/(?:ab{600}){3}/`, strings.Repeat("a"+strings.Repeat("b", 600), 3), "[" + strings.Repeat("a"+strings.Repeat("b", 600), 3) + "]"},
		{`/()/`, "a", "[]a"},
		{`/a||b/`, "b", "[]b"},
		{`/(*UTF8)a/`, "a", "[a]"},
		{`/\/\<\=/`, "/<=", "[/<=]"},
	} {
		p := slashed(t, c.pattern)
		got := ""
		if m := p.Find(c.text, NewBudget(1<<20)); m != nil {
			got = c.text[:m[0]] + "[" + c.text[m[0]:m[1]] + "]" + c.text[m[1]:]
		}
		if got != c.want {
			t.Errorf("%s on %.60q: %.80q, want %.80q", c.pattern, c.text, got, c.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for pattern, want := range map[string]string{
		`a(b`: "at offset 1: parenthesis is not closed", `a)b`: "at offset 1: closing parenthesis", `[a`: "at offset 0: bracket",
		`*a`: "at offset 0: nothing to repeat", `a**`: "repetition of a repetition", `a{3,2}`: "out of order", `a{70000}`: "more than 65535",
		`[b-a]`: "at offset 2: range", `\`: "a backslash at the end", `(?<=a*)b`: "no length below", `(?P<n`: "name of a group",
		`(a)\2\8`: "no group 8", `\k<x>`: `no group is named "x"`, `[[:nope:]]`: `"nope" is not known`, `\p{Nope}`: `"Nope" is not known`,
		`(?R)`: "(?R is not supported", `a(*FAIL)`: "not supported", `\x{110000}`: "no character", `(?#`: "comment is not closed",
		`(a{1000}){1000}`: "larger than", `\o{7`: "octal", `\g{5`: "not closed",
	} {
		_, err := Compile(pattern, Options{})
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
	if _, err := Compile("a", Options{Flags: "q"}); err == nil {
		t.Error("an unknown flag")
	}
}

func TestLiterals(t *testing.T) {
	for pattern, want := range map[string]string{
		`foo`: "foo", `(?i)FOO`: "foo", `colou?r`: "color colour", `v[i1]agra`: "v1agra viagra", `viagra|cialis`: "cialis viagra",
		`\bcheap\s+watches\b`: "watches", `a.b`: "", `(?:ab)+c`: "abc", `x{3}y`: "xxxy", `[a-z]+@example\.org`: "@example.org",
		`(?i)äther`: "ther", `äther`: "äther", `foo(?!bar)`: "foo", `(?:foo|b.)`: "", `(?:one|two).*three`: "three", `\d+`: "",
		`(?:ab|cd)?ef`: "abef cdef ef", `abcdefghijklmnop`: "abcdefghijkl", `^$`: "", `(?i)[ks]end`: "kend send",
	} {
		if got := strings.Join(compile(t, pattern, Options{}).literals, " "); got != want {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}

// TestSetAgreesWithItsPatterns holds that a Set finds what each pattern finds
// alone.
func TestSetAgreesWithItsPatterns(t *testing.T) {
	list := []string{
		`/foo/`, `/FOO/i`, `/\bfoo\b/`, `/^foo/`, `/^foo/m`, `/foo$/`, `/foo$/m`, `/foo.*bar/`, `/foo.*bar/s`, `/foo[^x]{0,5}bar/`,
		`/(?<!x)foo/`, `/foo(?!bar)/`, `/(fo)o\1/`, `/o+b/`, `/[[:upper:]]{3}/`, `/ä+foo/i`, `/\Bfoo/`, `/foo\Z/`, `/foo|bar|baz/`, `/.{3}baz/`,
		`/stop/i`, `/baz\b.{0,3}\bfoo/s`, `/(?:foo|ba)r?\s/`,
	}
	texts := []string{
		"", "foo", "xfoo foo", "foo\nbar", "barfoo", strings.Repeat("x ", 300) + "foo" + strings.Repeat(" y", 300), strings.Repeat("foo ", 200),
		"a\nfoo\nb foo bar\nxfoobar", "FOO Foo", strings.Repeat("z", 50) + "\nfoo\n", "fofofoo", "äÄfoo äfoo", "\u017ftop STOP", "baz foo baz\nfoo bazfoo",
		"\xff\xfefoo\xffbar baz", strings.Repeat("é", 40) + "foo" + strings.Repeat("é", 40), "foo\n\nfoo", strings.Repeat("foo", 50) + "baz ",
	}
	var b Builder
	for _, l := range list {
		b.Add(slashed(t, l))
	}
	set := b.Set()
	for _, text := range texts {
		got := map[int][][2]int{}
		budget := NewBudget(1 << 24)
		set.Each(text, "", budget, func(int) bool { return true }, func(i, start, end int) bool {
			got[i] = append(got[i], [2]int{start, end})
			return true
		})
		for i, l := range list {
			var want [][2]int
			for _, m := range slashed(t, l).All(text, -1, NewBudget(1<<24)) {
				want = append(want, [2]int{m[0], m[1]})
			}
			if !slices.Equal(got[i], want) {
				t.Errorf("%s on %.70q: %v, alone %v", l, text, got[i], want)
			}
		}
	}
}

func TestSetKeysAndWishes(t *testing.T) {
	var b Builder
	b.Add(slashed(t, `/foo/`), "subject")
	b.Add(slashed(t, `/./`), "from", "to")
	b.Add(slashed(t, `/o+/`))
	b.Add(slashed(t, `/foo/i`), "from")
	set := b.Set()
	if got := fmt.Sprint(set.Direct()); got != "[1 2]" {
		t.Errorf("run directly: %s", got)
	}
	for key, want := range map[string]string{"subject": "0 2 2", "from": "1 2 2 3", "cc": "2 2"} {
		var got []string
		set.Each("foo bo", key, NewBudget(1<<20), func(int) bool { return true }, func(i, _, _ int) bool {
			got = append(got, fmt.Sprint(i))
			return i == 2
		})
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", key, got, want)
		}
	}
	set.Each("foo", "subject", NewBudget(1<<20), func(i int) bool { return i == 2 }, func(i, _, _ int) bool {
		if i != 2 {
			t.Errorf("%d was not wanted", i)
		}
		return true
	})
}

// TestWorkIsBounded counts steps: patterns that take exponential time elsewhere
// end, and are counted.
func TestWorkIsBounded(t *testing.T) {
	for _, pattern := range []string{`(a+)+\1b`, `(?!x)(?:a|aa)+$`, `(?=(a*)*b)c`, `^(?:.*?,){11}(?!P)P`, `(?>(?:a?){20}a{20})b`} {
		p := compile(t, pattern, Options{})
		text := strings.Repeat("a", 5000) + strings.Repeat("a,", 2000)
		b := NewBudget(10 << 20)
		p.Match(text, b)
		if used := 10<<20 - b.Left(); used > leastSteps+stepsPerByte*len(text) {
			t.Errorf("%s took %d steps", pattern, used)
		}
	}
	b := NewBudget(100)
	if compile(t, `a`, Options{}).Match(strings.Repeat("b", 90)+"a", b); b.Cut() != 0 || b.Left() != 9 {
		t.Errorf("%d left, %d cut", b.Left(), b.Cut())
	}
	if compile(t, `a`, Options{}).Match(strings.Repeat("b", 90)+"a", b) || b.Cut() != 1 {
		t.Error("more was done than the budget has")
	}
}

func TestLatin1(t *testing.T) {
	if got := Latin1("a\xc3\xa4\xff"); got != "aÃ¤ÿ" {
		t.Errorf("%q", got)
	}
}

// FuzzPattern holds that whatever compiles runs, that the bounded matcher agrees
// with package regexp where both can, and that a Set misses nothing.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{`foo`, `\bfo+\b`, `(a|b)*c`, `[^a-c]{2,3}$`, `(?i)k(?!x)`, `^x|y$`, `a{2,}?b`, `\Qab\E+`, `(?m)^a.$`, `(?<=a)b`, `[[:space:]]x`, `$+\n`, `(?:y$)?\s`} {
		f.Add(s, "foo ab cab\nabc kx K xx y\n")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 200 || len(text) > 2000 {
			return
		}
		p, err := Compile(pattern, Options{})
		if err != nil {
			return
		}
		const plenty = 1 << 22
		budget := NewBudget(plenty)
		want := p.All(text, -1, budget)
		if !p.extended {
			slow := NewBudget(plenty)
			got := assemble(p.root).all(text, 0, len(text), 1, slow)
			first := p.Find(text, NewBudget(plenty))
			if slow.Cut() == 0 && (len(got) > 0) != (first != nil) {
				t.Fatalf("%q on %q: bounded %v, regexp %v", pattern, text, got, first)
			}
		}
		var b Builder
		b.Add(p)
		n := 0
		set := NewBudget(plenty)
		b.Set().Each(text, "", set, func(int) bool { return true }, func(_, _, _ int) bool { n++; return true })
		if budget.Cut() == 0 && set.Cut() == 0 && (n > 0) != (len(want) > 0) {
			t.Fatalf("%q on %q: the set finds %d, the pattern %v", pattern, text, n, want)
		}
	})
}

// thousands are n patterns as operators write them.
func thousands(n int) []string {
	words := []string{"casino", "pills", "invoice", "wallet", "lottery", "refund", "parcel", "winner", "crypto", "dating", "loan", "watches", "diploma", "degree", "miracle", "bonus"}
	shapes := []string{
		`/\b%s%d\s+%s\b/i`, `/(?:%[1]s|%[3]s)\W{0,3}no%[2]d/i`, `/%s[-_ ]?%d.{0,20}%s/i`, `/^%s nr%d (?!%s)/i`, `/%s\d+%d%s$/`, `/\$%[2]d,000 %[1]s (?:and|or) %[3]s/i`,
	}
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(shapes[i%len(shapes)], words[i%len(words)], i, words[(i/7)%len(words)])
	}
	return out
}

func BenchmarkCompile5000(b *testing.B) {
	list := thousands(5000)
	for b.Loop() {
		var set Builder
		for _, l := range list {
			set.Add(slashed(b, l))
		}
		set.Set()
	}
}

func BenchmarkSet5000(b *testing.B) {
	var set Builder
	for _, l := range thousands(5000) {
		set.Add(slashed(b, l))
	}
	s := set.Set()
	text := benchText()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Each(text, "", NewBudget(1<<24), func(int) bool { return true }, func(int, int, int) bool { return true })
	}
}

// benchText is a letter of 5 KB in which a few of the patterns' words occur.
func benchText() string {
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, "Line %d of a letter says little that anybody would look for, and %x says less.\n", i, i*i*7919)
	}
	return b.String() + "Dear winner, your parcel with the invoice for 12 watches is on its way; see the refund policy.\n"
}

// BenchmarkEach100 is the peer: 100 patterns run one by one.
func BenchmarkEach100(b *testing.B) {
	var list []*regexp.Regexp
	for _, l := range thousands(100) {
		if p := slashed(b, l); !p.extended {
			p.machine()
			list = append(list, p.std)
		}
	}
	text := benchText()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for _, re := range list {
			re.MatchString(text)
		}
	}
}

// TestSecondLiteral: a pattern is left alone where one of the two literals that
// it needs is absent.
func TestSecondLiteral(t *testing.T) {
	var b Builder
	b.Add(slashed(t, `/casino\W{1,3}4711/i`))
	set := b.Set()
	for text, want := range map[string]bool{"the Casino has no number": false, "4711 and no game": false, "the casino 4711": true, "4711 casino": true} {
		budget := NewBudget(1000)
		set.Each(text, "", budget, func(int) bool { return true }, func(int, int, int) bool { return true })
		if looked := budget.Left() < 1000; looked != want {
			t.Errorf("%q: looked at is %v", text, looked)
		}
	}
}
