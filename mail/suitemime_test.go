package mail

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/shared"
)

// suiteMessage is the part list of one expectation file: parts in order, the
// children of a multipart by their index.
type suiteMessage struct {
	Parts []struct {
		Headers []struct {
			Name  json.RawMessage
			Value json.RawMessage
		}
		Body map[string]json.RawMessage
	}
}

type suiteType struct {
	ContentType *struct {
		CType    string  `json:"c_type"`
		CSubtype *string `json:"c_subtype"`
		Attrs    []Param `json:"attributes"`
	}
}

// TestSuiteMIME compares part tree, types, parameters, names and decoded
// contents with the expectations, once with LF and once with CRLF.
func TestSuiteMIME(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(shared.Path(t, "suites/mime"), "*", "*.eml"))
	// Cases where a rule that outranks the expectation gives another result.
	outranked := map[string]string{
		"malformed/001": "RFC 2046 section 5.1.2: an outer boundary ends the inner multipart",
		"malformed/009": "RFC 2046 section 5.1.2: an outer boundary ends the inner multipart",
		"malformed/011": "RFC 2046 section 5.1.2: an outer boundary ends the inner multipart",
		"malformed/007": "whole lines are compared with boundaries, as Rspamd does",
		"malformed/021": "of two Content-Type fields the multipart one counts, as in Rspamd",
	}
	good, ruled := 0, 0
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lf := bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
		crlf := bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n"))
		base := strings.TrimSuffix(f, ".eml")
		bad := compareSuite(t, lf, base+".json")
		if bad == "" {
			bad = compareSuite(t, crlf, base+".crlf.json")
		}
		name := filepath.Base(filepath.Dir(f)) + "/" + strings.TrimSuffix(filepath.Base(f), ".eml")
		switch {
		case bad == "":
			good++
		case outranked[name] != "":
			ruled++
			t.Logf("%s: %s (%s)", name, bad, outranked[name])
		default:
			t.Logf("%s: %s", name, bad)
		}
	}
	t.Logf("mime: %d of %d agree, %d more follow a higher rule", good, len(files), ruled)
	if len(files) == 0 || good+ruled < len(files) {
		t.Errorf("%d of %d messages agree", good+ruled, len(files))
	}
}

func compareSuite(t *testing.T, raw []byte, file string) string {
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return ""
	}
	var want suiteMessage
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(file, err)
	}
	m := Parse(raw, Envelope{}, Limits{})
	return compareMessage(m.Root(), &want, "")
}

// compareMessage walks the expected parts from the root of one message.
func compareMessage(root *Part, want *suiteMessage, at string) string {
	var walk func(p *Part, i int) string
	walk = func(p *Part, i int) string {
		w := want.Parts[i]
		for _, h := range w.Headers {
			if s := compareHeader(p, h.Name, h.Value); s != "" {
				return at + p.Path + ": " + s
			}
		}
		for kind, body := range w.Body {
			if s := compareBody(p, kind, body, at, walk); s != "" {
				return s
			}
		}
		return ""
	}
	return walk(root, 0)
}

func compareBody(p *Part, kind string, body json.RawMessage, at string, walk func(*Part, int) string) string {
	switch kind {
	case "Multipart":
		var kids []int
		json.Unmarshal(body, &kids)
		if len(kids) != len(p.Children) {
			return at + p.Path + ": " + "children: got " + itoa(len(p.Children)) + ", want " + itoa(len(kids))
		}
		for i, k := range kids {
			if s := walk(p.Children[i], k); s != "" {
				return s
			}
		}
	case "Message":
		var inner suiteMessage
		json.Unmarshal(body, &inner)
		if len(p.Children) != 1 {
			return at + p.Path + ": no message inside"
		}
		return compareMessage(p.Children[0], &inner, at)
	case "Text", "Html":
		var s string
		json.Unmarshal(body, &s)
		text := p.Text()
		if text == nil {
			text = &Text{Part: p} // an attachment, or not prose
		}
		got := text.UTF8()
		if p.EffectiveEncoding() == "uuencode" {
			got = string(p.Body())
		}
		if !alike(got, s) {
			return at + p.Path + ": text: got " + quote(got) + ", want " + quote(s)
		}
	default:
		var nums []int
		json.Unmarshal(body, &nums)
		want := make([]byte, len(nums))
		for i, n := range nums {
			want[i] = byte(n)
		}
		got := p.Content()
		if p.EffectiveEncoding() == "uuencode" {
			got = p.Body() // the expectations leave it encoded
		}
		if !bytes.Equal(got, want) {
			return at + p.Path + ": content: got " + quote(string(got)) + ", want " + quote(string(want))
		}
	}
	return ""
}

func compareHeader(p *Part, name, value json.RawMessage) string {
	var n string
	if json.Unmarshal(name, &n) != nil {
		return ""
	}
	var text struct{ Text *string }
	switch n {
	case "content_type":
		var w suiteType
		json.Unmarshal(value, &w)
		if w.ContentType == nil {
			return ""
		}
		if w.ContentType.CSubtype != nil && !p.Type.Is(w.ContentType.CType, *w.ContentType.CSubtype) {
			return "type: got " + p.Type.Full() + ", want " + w.ContentType.CType + "/" + *w.ContentType.CSubtype
		}
		for _, a := range w.ContentType.Attrs {
			if got := p.Type.Param(a.Name); !alike(got, a.Value) && !strings.HasSuffix(a.Name, "-language") {
				return a.Name + ": got " + quote(got) + ", want " + quote(a.Value)
			}
		}
	case "content_disposition":
		var w suiteType
		json.Unmarshal(value, &w)
		if w.ContentType == nil {
			return ""
		}
		if p.Disposition.Kind != w.ContentType.CType {
			return "disposition: got " + p.Disposition.Kind + ", want " + w.ContentType.CType
		}
		for _, a := range w.ContentType.Attrs {
			if got := param(p.Disposition.Params, a.Name); !alike(got, a.Value) && !strings.HasSuffix(a.Name, "-language") {
				return a.Name + ": got " + quote(got) + ", want " + quote(a.Value)
			}
		}
	case "subject":
		if json.Unmarshal(value, &text); text.Text != nil {
			if got := p.Header.Text("Subject"); !alike(strings.TrimSpace(got), *text.Text) {
				return "subject: got " + quote(got) + ", want " + quote(*text.Text)
			}
		}
	}
	return ""
}

// alike compares with an expectation in which U+FFFD stands for bytes that its
// maker could not read and we may have guessed.
func alike(got, want string) bool {
	if got == want {
		return true
	}
	if !strings.ContainsRune(want, utf8.RuneError) {
		return false
	}
	fold := func(s string) string {
		var b strings.Builder
		for _, r := range s {
			if r >= utf8.RuneSelf {
				if strings.HasSuffix(b.String(), "~") {
					continue
				}
				r = '~'
			}
			b.WriteRune(r)
		}
		return b.String()
	}
	return fold(got) == fold(want)
}

func itoa(n int) string { return quote(string(rune('0' + n%10)))[1:2] }

func quote(s string) string {
	b, _ := json.Marshal(s[:min(len(s), 600)])
	return string(b)
}
