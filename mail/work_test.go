package mail

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/hostile"
	"github.com/winnowmail/winnow/internal/steps"
	"github.com/winnowmail/winnow/internal/worktest"
)

// TestHTMLWork: reading a page costs a number of steps for each byte that does
// not depend on how many there are, whatever nests in what.
func TestHTMLWork(t *testing.T) {
	worst := []string{"html links in links around text", "html ends from afar", "html names"}
	for _, s := range slices.Concat(hostile.HTML(), hostile.CSS()) {
		sizes := []int{1 << 10, 1 << 14, 1 << 17}
		if slices.Contains(worst, s.Name) {
			sizes = append(sizes, 1<<20, 16<<20)
		}
		for _, n := range worktest.Sizes(sizes...) {
			page := string(s.Make(n)) // as a whole, beyond what Limits let through
			h := parseHTML(page, 8192)
			t.Logf("%-40s %8d bytes, %.2f steps each, cut %v", s.Name, len(page), float64(h.steps)/float64(len(page)), h.short)
			if h.steps > steps.Least+steps.PerByte*len(page) {
				t.Errorf("%s: %d steps for %d bytes", s.Name, h.steps, len(page))
			}
		}
	}
}

// TestLinearShapes holds what a message of each shape costs to growing as it does.
func TestLinearShapes(t *testing.T) {
	all := slices.Concat(hostile.HTML(), hostile.CSS(), hostile.Charsets())
	for _, s := range all {
		worktest.Linear(t, s.Name, 1<<17, func(n int) func() {
			raw := s.Mail(n)
			return func() {
				m := Parse(raw, Envelope{}, Limits{HTMLTags: 1 << 20})
				m.Notes()
			}
		})
	}
}

// TestLinearHeaders holds what reading a header costs to growing as it does.
func TestLinearHeaders(t *testing.T) {
	for _, s := range hostile.Headers() {
		worktest.Linear(t, s.Name, 1<<17, func(n int) func() {
			raw := s.Make(n)
			return func() {
				m := Parse(raw, Envelope{}, Limits{})
				for _, f := range m.Header().Fields() {
					f.Text()
				}
				m.Recipients()
				m.ReplyTo()
				m.Hops()
			}
		})
	}
}

// TestHonestPages: what pages are like takes no more than a few steps a byte.
func TestHonestPages(t *testing.T) {
	for name, page := range map[string]string{
		"a letter": strings.Repeat("<p>Hello <b>world</b>, this is <a href='https://www.example.org/a'>www.example.org</a>.<br></p>\n", 50),
		"tables":   strings.Repeat("<table><tr><td>", 40) + strings.Repeat("<font color=red>x</font></font><br>", 200) + strings.Repeat("</td></tr></table>", 40),
		"links":    strings.Repeat("<a href=http://example.org/>"+strings.Repeat("text ", 200)+"</a>", 50),
	} {
		h := parseHTML(page, 8192)
		if h.short || h.steps > 4*len(page) {
			t.Errorf("%s: %d steps for %d bytes", name, h.steps, len(page))
		}
	}
}

// TestCutWork: what of a page or a container is left out for the work it asks
// for is noted, by whoever looks.
func TestCutWork(t *testing.T) {
	shapes := hostile.Shapes()
	for name, want := range map[string]string{
		"html links in links around text": "HTML", "html links in links around colons": "HTML", "html ends without beginning": "", "html ends from afar": "HTML", "html elements in elements": "",
		"7z sizes again": "Archive", "7z one long name": "", "zip entries of one member": "Archive",
		"pdf streams of blanks": "PDF", "pdf streams of nothing": "",
	} {
		i := slices.IndexFunc(shapes, func(s hostile.Shape) bool { return s.Name == name })
		if i < 0 {
			t.Fatalf("no shape %q", name)
		}
		got := ""
		for _, n := range Parse(shapes[i].Mail(100_000), Envelope{}, Limits{HTMLTags: 1 << 20}).Cuts() {
			if n.Text == "HTML" || n.Text == "Archive" || n.Text == "PDF" {
				got = n.Text
			}
		}
		if got != want {
			t.Errorf("%s: cut %q, want %q", name, got, want)
		}
	}
}

// TestMessagesInMessages: what is decoded again and again is bounded by the
// message's own size.
func TestMessagesInMessages(t *testing.T) {
	for _, encoding := range []string{"quoted-printable", "base64"} {
		raw := hostile.Nested(encoding, 20, 10_000)
		m := Parse(raw, Envelope{}, Limits{})
		total := 0
		for _, p := range m.Parts() {
			if p.encoded() {
				total += len(p.Content())
			}
		}
		if total > steps.Least+steps.PerByte*len(raw) {
			t.Errorf("%s: %d bytes decoded of %d", encoding, total, len(raw))
		}
		cut := slices.ContainsFunc(m.Notes(), func(n Note) bool { return n.Kind == NoteCut && n.Text == "DecodedBytes" })
		if cut != (encoding == "quoted-printable") {
			t.Errorf("%s: %d bytes of %d decoded, cut %v", encoding, total, len(raw), cut)
		}
	}
}

// TestURLsThatAreRefused: URLs that end at a bracket that belongs to something
// else hide those behind them only when there are very many.
func TestURLsThatAreRefused(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 1, 5: 1} {
		text := strings.Repeat("http://a.example/", n) + "> http://b.example/"
		got := 0
		FindURLs(text, func(URL) bool { got++; return true })
		if got != want {
			t.Errorf("%d: %d found", n, got)
		}
	}
	worktest.LinearAt(t, "up to a bracket", 4<<20, func(n int) func() {
		text := strings.Repeat(strings.Repeat("http://a.example/", 1900)+"> ", n/32_000)
		return func() { FindURLs(text, func(URL) bool { return true }) }
	})
	for _, unit := range []string{"http:", "\u00e9www.", "a@", "http:a@"} {
		worktest.Linear(t, unit, 1<<20, func(n int) func() {
			text := strings.Repeat(unit, n/len(unit))
			return func() { FindURLs(text, func(URL) bool { return true }) }
		})
	}
	far := strings.Repeat("http://a.example/", 1<<16) + ">"
	worktest.Linear(t, "mailto", 1<<20, func(n int) func() {
		text := strings.Repeat("mailto:?", n/8) + far[:17]
		return func() { FindURLs(text, func(URL) bool { return true }) }
	})
}

// TestShownWork: what links that stand in each other show costs no more than
// the page is worth, whatever looks like the beginning of a URL in it.
func TestShownWork(t *testing.T) {
	for _, unit := range []string{"http:", "\u00e9www.", "a@", "http:a@", "a.b"} {
		looks, text := 0, strings.Repeat(unit, 4000/len(unit))
		finder{text: text, within: maxShown, take: func(n int) bool { looks += n; return true }}.find(func(URL, int, int) bool { return false })
		if least := perLook * strings.Count(text[:maxShown], unit); looks < least {
			t.Errorf("%q: %d steps counted, at least %d done", unit, looks, least)
		}
		page := strings.Repeat("<a href=http://example.com/a>", 4000) + text
		h := parseHTML(page, 8192)
		if most := steps.Least + steps.PerByte*len(page); !h.short || h.steps > most {
			t.Errorf("%q: %d steps for %d bytes, cut %v", unit, h.steps, len(page), h.short)
		}
	}
}

// TestImagesOfOnePart: many images of one part cost as much as it does.
func TestImagesOfOnePart(t *testing.T) {
	worktest.Linear(t, "images of one part", 1<<20, func(n int) func() {
		raw := []byte("Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n" +
			strings.Repeat("<img src=cid:a>", n/30) + "\r\n--b\r\nContent-Type: image/jpeg\r\nContent-ID: <a>\r\nContent-Transfer-Encoding: binary\r\n\r\n\xff\xd8" +
			strings.Repeat("\xff\xe0\x00\x02", n/8) + "\r\n--b--\r\n")
		return func() { Parse(raw, Envelope{}, Limits{HTMLTags: 1 << 20}).URLs() }
	})
}
