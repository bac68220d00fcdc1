package mail

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// crowded is a message that exceeds every limit of crowdedLimits that a view
// finds out about, and is broken beside that.
func crowded() []byte {
	return []byte(strings.ReplaceAll("Subject: http://a.example/ =?utf-8?q?=C3=BC?=\nno colon\n"+mixedHead+
		"--b\nContent-Type: text/html; charset=x-none\n\n<p>one <b>two</b> <a href=\"http://b.example/?u=http://c.example/\">http://d.example/</a> f\xfcr\n<img src=cid:p>\n"+
		"--b\nContent-Type: text/plain\n\nfour five http://e.example/ a@f.example and more than the limit of bytes\n"+
		"--b\nContent-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\nUEsDBA*="+strings.Repeat("YWFh", 100)+"\n"+
		"--b\nContent-Type: application/pdf\nContent-ID: <p>\n\n%PDF-1.4\n1 0 obj\n<</S/URI/URI(http://g.example/)>>\nendobj\n"+
		strings.Repeat("--b\nContent-Type: text/plain; charset=x-none\n\nGr\xfc\xdfe\n", 2*maxNotes)+"--b--\n", "\n", "\r\n"))
}

func crowdedLimits() Limits {
	return Limits{DecodedBytes: 100, TextBytes: 100, HTMLTags: 3, URLs: 3, Words: 4, Parts: 60}
}

// views are what can be seen of a message, as text.
func views() map[string]func(m *Message) string {
	urls := func(list []*URL) string {
		var b strings.Builder
		for _, u := range list {
			own := *u
			own.Part, own.Phished = nil, nil
			fmt.Fprintf(&b, "%+v %v %v\n", own, u.Part != nil, u.Phished != nil)
		}
		return b.String()
	}
	texts := func(f func(t *Text) string) func(m *Message) string {
		return func(m *Message) string {
			var b strings.Builder
			for _, t := range m.Texts() {
				b.WriteString(f(t) + "\n")
			}
			return b.String()
		}
	}
	parts := func(f func(p *Part) string) func(m *Message) string {
		return func(m *Message) string {
			var b strings.Builder
			for _, p := range m.Parts() {
				b.WriteString(f(p) + "\n")
			}
			return b.String()
		}
	}
	return map[string]func(m *Message) string{
		"notes":       func(m *Message) string { return fmt.Sprint(m.Notes()) },
		"cuts":        func(m *Message) string { return fmt.Sprint(m.Cuts()) },
		"headerNotes": func(m *Message) string { return fmt.Sprint(m.HeaderNotes()) },
		"broken":      func(m *Message) string { return fmt.Sprint(m.BrokenHeaders()) },
		"urls":        func(m *Message) string { return urls(m.URLs()) },
		"emails":      func(m *Message) string { return urls(m.Emails()) },
		"contentURLs": func(m *Message) string { return urls(m.ContentURLs()) },
		"urlBytes":    texts(func(t *Text) string { return fmt.Sprint(t.Part.msg.URLBytes(t)) }),
		"words":       texts(func(t *Text) string { return fmt.Sprint(t.Words()) }),
		"plain":       texts((*Text).Plain),
		"folded":      texts((*Text).Folded),
		"utf8":        texts((*Text).UTF8),
		"language":    texts(func(t *Text) string { l, c := t.Language(); return fmt.Sprint(l, c, t.Scripts()) }),
		"charset":     texts(func(t *Text) string { return fmt.Sprint(t.Charset(), t.Detected(), t.Lines(), t.ASCII()) }),
		"images": texts(func(t *Text) string {
			out := ""
			if h := t.HTML(); h != nil {
				for _, i := range h.Images {
					out += fmt.Sprint(i.Src, i.Width, i.Height, len(h.Links), h.Cut)
				}
			}
			return out
		}),
		"content":  parts(func(p *Part) string { return fmt.Sprintf("%q %x", p.Content(), p.Digest()) }),
		"detected": parts(func(p *Part) string { m, e := p.Detected(); return m + e + p.EffectiveEncoding() }),
		"archive":  parts(func(p *Part) string { return fmt.Sprintf("%+v", p.Archive()) }),
		"attached": parts(func(p *Part) string { return fmt.Sprint(p.IsAttachment(), p.Filename(), p.Text() != nil) }),
	}
}

// TestViewsInAnyOrder looks at every view of a message in many orders: what
// each shows does not depend on which ones were used before.
func TestViewsInAnyOrder(t *testing.T) {
	all := views()
	names := slices.Sorted(maps.Keys(all))
	want := map[string]string{}
	for _, name := range names {
		want[name] = all[name](Parse(crowded(), Envelope{}, crowdedLimits()))
	}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		m := Parse(crowded(), Envelope{}, crowdedLimits())
		for i, name := range names {
			if got := all[name](m); got != want[name] {
				t.Fatalf("%s after %v:\n%.300q\nwant\n%.300q", name, names[:i], got, want[name])
			}
		}
	}
}

// TestCuts: every limit that a view finds out about is named without any use
// of the view.
func TestCuts(t *testing.T) {
	m := Parse(crowded(), Envelope{}, crowdedLimits())
	var got []string
	for _, n := range m.Cuts() {
		if !slices.Contains(got, n.Text) {
			got = append(got, n.Text)
		}
	}
	slices.Sort(got)
	if want := []string{"DecodedBytes", "HTMLTags", "Parts", "TextBytes", "URLs", "Words", "content URLs"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := m.HeaderNotes(); len(n) != 1 || n[0].Kind != NoteBadHeaderLine {
		t.Errorf("notes of the header: %v", n)
	}
}

// TestNotesKeepTheFirst: of too many notes of a kind the first by place stay,
// and cuts of one limit don't crowd out those of another.
func TestNotesKeepTheFirst(t *testing.T) {
	m := Parse([]byte("A: 1\r\n\r\n"), Envelope{}, Limits{})
	for i := 3 * maxNotes; i > 0; i-- {
		m.note(NoteBadCharset, "1", i, "x")
		m.note(NoteCut, "1", i, "Depth")
	}
	m.note(NoteCut, "1", 4*maxNotes, "Words")
	count := map[string]int{}
	for _, n := range m.Notes() {
		count[string(n.Kind)+n.Text]++
		if n.Offset > maxNotes && n.Text != "Words" {
			t.Errorf("%+v stayed", n)
		}
	}
	if count[string(NoteBadCharset)+"x"] != maxNotes || count["limitDepth"] != maxNotes || count["limitWords"] != 1 {
		t.Errorf("counts %v", count)
	}
}
