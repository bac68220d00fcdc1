package osb

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/winnowmail/winnow/internal/stem"
	"github.com/winnowmail/winnow/mail"
)

func list(s string) []word {
	var out []word
	for _, w := range strings.Fields(s) {
		t, address := strings.CutPrefix(w, "@")
		out = append(out, word{t, address})
	}
	return out
}

func hashOf(w string) uint64 {
	d := xxhash.NewWithSeed(hashSeed)
	d.WriteString(w)
	return d.Sum64()
}

// TestPairs has the pairs of short lists, "later earlier distance".
func TestPairs(t *testing.T) {
	for _, c := range []struct {
		window int
		words  string
		want   []string
	}{
		{2, "", nil},
		{2, "a", nil},
		{2, "a b", nil},
		{2, "a b c", []string{"c b 1"}},
		{2, "a b c d", []string{"c b 1", "d c 1"}},
		{2, "a @b c d", []string{"d c 1"}},
		{2, "a b @c d", []string{"c b 1"}},
		{5, "a b c d", []string{"c b 1", "c a 2"}},
		{5, "a b c d e", []string{"d c 1", "d b 2", "d a 3"}},
		{5, "a b c d e f", []string{"f e 1", "f d 2", "f c 3", "f b 4"}},
	} {
		var want []Token
		for _, w := range c.want {
			f := strings.Fields(w)
			d := f[2][0] - '0'
			want = append(want, Token{ID: hashOf(f[0]) + hashOf(f[1])*[]uint64{0, 3, 5, 11, 23}[d], Distance: d})
		}
		if got := pairs(nil, list(c.words), c.window, false); !slices.Equal(got, want) {
			t.Errorf("window %d, %q: %v, want %v", c.window, c.words, got, want)
		}
	}
}

// TestPairOfRspamd has the name that Rspamd 4.1.6 gave to a pair of words.
func TestPairOfRspamd(t *testing.T) {
	got := pairs(nil, list("minut of garden club"), 2, false)
	if id := got[len(got)-1].ID; id != 15062211633722204715 {
		t.Errorf("garden, club: %d", id)
	}
}

func TestWords(t *testing.T) {
	english := stem.Of("en")
	for _, c := range []struct{ text, want string }{
		{"Minutes of the garden club's meetings", "minut of garden club meet"},
		{"don't 3.14 1,000 foo_bar.Quagga:qux", "dont 314 1000 foo_bar quagga qux"},
		{"$5 € ß… (x²) ﬁne", "$ 5 € ß x fine"},
		{"Zürich ÄPFEL", "zürich äpfel"},
		{"alloc @field: zebra a@b_c", "alloc zebra ab_c"}, // an at sign is a letter, but begins no word
	} {
		r := reader{stem: english}
		r.read(c.text, nil)
		var got []string
		for _, w := range r.words {
			got = append(got, w.text)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q: %q, want %q", c.text, s, c.want)
		}
	}
}

func TestURLsAreOneWord(t *testing.T) {
	const raw = "Content-Type: text/plain\r\n\r\nZebra (http://www.example.com/path?x=1) okapi bob@mail.example.org,\r\ntapir <https://sub.example.co.uk/a\nb> http://host.invalid/x\r\n"
	m := mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})
	words, _ := Rspamd34.textWords(m.Texts()[0], "en")
	want := list("zebra @example.com okapi @example.org tapir @example.co.uk http host invalid x")
	if !slices.Equal(words, want) {
		t.Errorf("%v, want %v", words, want)
	}
}

// TestUnbroken joins lines.
func TestUnbroken(t *testing.T) {
	for _, c := range []struct {
		text string
		html bool
		want string
		ends []int
	}{
		{"a\nb", false, "a b", []int{2}},
		{"a\r\n  b\n\n\n c\n", false, "a b c ", []int{2, 4, 6}},
		{"a\n\tb", false, "a \tb", []int{2}},
		{"a <b\nc> d\ne", false, "a <bc> d e", []int{4, 9}},
		{"a <b\n  c", false, "a <b c", []int{4}},
		{"a <b\nc", true, "a <b c", []int{5}},
		{"a <b\r\nc", false, "a <b c", []int{5}},
		{"a\rb", false, "ab", []int{1}},
		{"a\u200b\u00adb\ufeff", false, "ab", nil},
	} {
		if text, ends := unbroken(c.text, c.html, false); text != c.want || !slices.Equal(ends, c.ends) {
			t.Errorf("%q: %q %v, want %q %v", c.text, text, ends, c.want, c.ends)
		}
	}
}

// TestLostPieces: of a word in which a line ended the second half is lost.
func TestLostPieces(t *testing.T) {
	const raw = "Content-Type: text/plain\r\n\r\nzebra <okapi\ntapir> giraffe p->parent.name lemur parent.name\r\n"
	m := mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})
	for d, want := range map[Dialect]string{
		Rspamd34:  "zebra okapi giraffe p parent name lemur @parent.name",
		Rspamd416: "zebra okapi giraffe p @parent.name lemur @parent.name",
	} {
		if words, _ := d.textWords(m.Texts()[0], ""); !slices.Equal(words, list(want)) {
			t.Errorf("%d: %v, want %v", d, words, list(want))
		}
	}
}

// TestLetters: some letters tell the language wherever they stand.
func TestLetters(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"the zebra and the okapi of the year", ""},
		{"the zebra and the okapi of α", "el"},
		{"the zebra of 王 and the okapi", "zh-CN"},
		{"the ゼブラ and the okapi", "ja"},
		{"漢字漢字漢字漢字漢字漢字か", "zh-CN"},
		{"the ж zebra", "/cyrillic"},
		{"the ب zebra", "/arabic"},
		{"ž", ""},
	} {
		l, kind := byLetters(c.text)
		if kind != latinLetters {
			l += "/" + string(kind)
		}
		if l != c.want {
			t.Errorf("%q: %q, want %q", c.text, l, c.want)
		}
	}
}

// TestMeta34: 3.4 names charsets as ICU does, and has a token for a sender without
// a name.
func TestMeta34(t *testing.T) {
	const raw = "From: anna@example.org\r\nContent-Type: text/plain; charset=Windows-1252\r\n\r\nzebra okapi\r\n"
	m := mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})
	for d, want := range map[Dialect]string{
		Rspamd34:  "#ps:2|#lang:en|#cs:ibm-5348_P100-1997|#m:#to#ot|#h:C-T:text/plain; charset=Windows-1252|#F:|#dt:4:00",
		Rspamd416: "#ps:2|#lang:en|#cs:UTF-8|#m:#to#ot|#h:C-T:text/plain; charset=Windows-1252|#dt:4:00",
	} {
		if got := metaText(m, d, Seen{}); got != want {
			t.Errorf("%d: %s\nwant %s", d, got, want)
		}
	}
}

// TestDateWord: a date that Rspamd does not read is none.
func TestDateWord(t *testing.T) {
	for date, want := range map[string]string{
		"Mon, 20 May 2002 23:12:36 -0500": "#dt:2:04", "20 May 2002 23:12 GMT": "#dt:1:23",
		"Mon, 20 May 2002 23:12:36": "#dt:4:00", "Monday, 20 May 2002 23:12:36 GMT": "#dt:4:00", "x": "#dt:4:00",
	} {
		m := mail.Parse([]byte("From: Anna <anna@example.org>\r\nDate: "+date+"\r\n\r\nzebra\r\n"), mail.Envelope{}, mail.Limits{})
		if got := metaText(m, Rspamd34, Seen{}); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s, want %s", date, got, want)
		}
	}
}

// TestOneLine has texts of which Rspamd 3.4 says that they are one line or none.
func TestOneLine(t *testing.T) {
	for text, want := range map[string]bool{
		"one": true, "one\n": true, "one\ntwo": true, "one\r\ntwo\r\n": true, "one\n\ntwo\n": false, "one\r\n\r\ntwo\r\n": true,
		"one\r\n\r\n\r\ntwo\r\n": true, "one\r\ntwo\r\nthree\r\n": false, "one\r\rtwo": false,
	} {
		if got := lineEnds(text) < 2; got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestShownAddresses has words that Rspamd 3.4 takes behind an address that a link
// shows, where many blanks or line ends stand before it.
func TestShownAddresses(t *testing.T) {
	const long = "abcdefghijklmnopqrstuvwxyz0123456789zyxwvutsrqpoponmlkjihgfedcba9876543210"
	for before, want := range map[string]string{
		strings.Repeat("<br>", 10):            long,
		strings.Repeat("<br>", 17):            "example.org " + long[15:],
		strings.Repeat("<br>", 18):            "example.org " + long[16:],
		strings.Repeat("<br>", 25):            "example.org abcdefg",
		"<br>" + strings.Repeat("&nbsp;", 10): long,
		"<br>" + strings.Repeat("&nbsp;", 16): "example.org " + long[15:],
		"<br>" + strings.Repeat("&nbsp;", 20): "example.org abc",
		"<br>" + strings.Repeat("\u00a0", 20): long,
	} {
		raw := "Content-Type: text/html; charset=utf-8\r\n\r\n<p>we have been here and there" + before +
			`x <a href="mailto:anna@example.org">anna@example.org</a> ` + long + " next</p>"
		texts := Rspamd34.texts(mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{}))
		var got []string
		for _, w := range texts[0].words {
			got = append(got, w.text)
		}
		_, behind, _ := strings.Cut(strings.Join(got, " "), "x example.org ")
		if behind != want+" next" {
			t.Errorf("%q: %q, want %q", before, behind, want+" next")
		}
	}
}

// TestShownInVain: what links show is not looked for without end where the text does
// not have it.
func TestShownInVain(t *testing.T) {
	const plain = "some text with http://example.org/ in it"
	var shown mail.URL
	mail.EachURL(plain, false, func(u mail.URL, _, _ int) bool { shown = u; return false })
	absent := &mail.Link{Text: "http://example.net/", Shown: &shown}
	there := &mail.Link{Text: "http://example.org/", Shown: &shown}
	for _, c := range []struct{ before, spans int }{{0, 1}, {maxVain, 1}, {maxVain + 1, 0}} {
		links := append(slices.Repeat([]*mail.Link{absent}, c.before), there)
		if got := withShown(nil, plain, links); len(got) != c.spans {
			t.Errorf("behind %d that are not there: %v", c.before, got)
		}
	}
}

// TestDecay: of a text's first 600 words none is left out, of the others most are.
func TestDecay(t *testing.T) {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "okapi%06d ", i)
	}
	r := reader{stem: stem.Of("")}
	r.read(b.String(), nil)
	if n := len(r.words); n < 750 || n > 1050 || r.words[600].text != "okapi000600" {
		t.Errorf("%d words of 2000, the 601st is %q", n, r.words[600].text)
	}
	again := reader{stem: stem.Of("")}
	again.read(b.String(), nil)
	if !slices.Equal(r.words, again.words) {
		t.Error("the same text has other words")
	}
}

func TestNameWords(t *testing.T) {
	for _, c := range []struct {
		d    Dialect
		name string
		want string
	}{
		{Rspamd34, "Invoice-2024.tar.gz", "#f:Invoice-2024.tar.gz"},
		{Rspamd416, "Invoice-2024.tar.gz", "#f:Invoice-2024.tar.gz #fe:gz #fe:tar.gz #fp:invoice #fp:tar"},
		{Rspamd416, "InvoiceReport_temp36173", "#f:InvoiceReport_temp36173 #fp:invoice #fp:report #fp:temp"},
		{Rspamd416, ".x", "#f:.x"},
	} {
		if got := strings.Join(c.d.nameWords(nil, c.name), " "); got != c.want {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
}

func metaText(m *mail.Message, d Dialect, seen Seen) string {
	var list []string
	for _, w := range d.meta(m, d.texts(m), seen).words(nil) {
		list = append(list, w.text)
	}
	return strings.Join(list, "|")
}

func TestMetaWords(t *testing.T) {
	const raw = "From: \"Anna Smith\" <anna@example.org>\r\nSubject: gnu\r\nDate: Thu, 26 Nov 2026 10:14:58 +0000\r\n" +
		"User-Agent: UA1\r\nX-Mailer: XM1\r\nAuthentication-Results: mx; spf=pass x; dkim=pass header.d=example.org\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\n\r\nSee http://www.example.com/ and http://a.example.com\r\n"
	m := mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})
	meta := func(s Seen) string { return metaText(m, Rspamd416, s) }
	const first = "#ps:3|#lang:en|#cs:UTF-8|#m:#to#ot|#h:xmai:XM1|#h:C-T:text/plain; charset=utf-8|#h:U-A:UA1|#F:Anna Smith|#u:example.com|#dt:4:10"
	if got, want := meta(Seen{}), first+"|#aur:s=pass,d=pass:example.org"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := meta(Seen{Checked: true, DKIM: []string{"example.net"}}), first+"|#aur:d=pass:example.net"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestAlternatives: of two texts of a like length the HTML is read by 4.1.6, the
// first by 3.4.
func TestAlternatives(t *testing.T) {
	const raw = "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nzebra okapi tapir giraffe lemur ibex emu\r\n" +
		"--b\r\nContent-Type: text/html\r\n\r\n<p>quagga okapi tapir giraffe lemur ibex emu</p>\r\n--b--\r\n"
	m := mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})
	text := func(d Dialect) (n int) {
		for _, k := range Tokens(m, d, Seen{}) {
			if !k.Meta {
				n++
			}
		}
		return n
	}
	if a, b := text(Rspamd416), text(Rspamd34); a != 5 || b != 8 {
		t.Errorf("%d and %d tokens", a, b)
	}
}

func FuzzTokens(f *testing.F) {
	f.Add([]byte("Subject: a b c\r\n\r\nhttp://www.example.com. x\u200b y.z:w"))
	f.Add([]byte("Content-Type: text/html\r\n\r\n<a href=http://example.org/>http://example.com/</a>"))
	f.Add([]byte("Content-Disposition: attachment; filename=aB1.tar.gz\r\nAuthentication-Results: dkim=dkim= header.d=\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := mail.Parse(raw, mail.Envelope{}, mail.Limits{})
		for _, d := range []Dialect{Rspamd416, Rspamd34} {
			a := Tokens(m, d, Seen{})
			if !slices.Equal(a, Tokens(m, d, Seen{})) {
				t.Fatal("other tokens at the second time")
			}
			for _, k := range a {
				if k.Distance < 1 || int(k.Distance) >= d.window() {
					t.Fatalf("distance %d", k.Distance)
				}
			}
			if n := 64 + 4*d.window()*(len(raw)+1000); len(a) > n {
				t.Fatalf("%d tokens of %d bytes", len(a), len(raw))
			}
		}
	})
}
