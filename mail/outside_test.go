package mail

import (
	"slices"
	"strings"
	"testing"
)

// TestOutside: what stands outside of the parts of a multipart is text, in
// which links are seen, and no part.
func TestOutside(t *testing.T) {
	const part = "--b\nContent-Type: text/plain\n\nhello http://in.example/\n"
	for _, c := range []struct {
		name, head, body string
		outside          []string // plain texts
		hosts            []string
		parts            int
	}{
		{"no boundary line", `multipart/mixed; boundary=b`, "Go to http://pay.example/ now.\n",
			[]string{"Go to http://pay.example/ now.\n"}, []string{"pay.example"}, 1},
		{"no boundary line, HTML", `multipart/alternative; boundary=b`, "<html><body><a href='http://pay.example/'>here</a></body></html>\n",
			[]string{"here"}, []string{"pay.example"}, 1},
		{"no boundary parameter", `multipart/related`, "Visit http://pay.example/\n", []string{"Visit http://pay.example/\n"}, []string{"pay.example"}, 1},
		{"bare type", `multipart`, "Visit http://pay.example/\n", []string{"Visit http://pay.example/\n"}, []string{"pay.example"}, 1},
		{"boundary of dashes", `multipart/mixed; boundary="--"`, "Visit\n\nhttp://pay.example/\n", []string{"Visit\n\nhttp://pay.example/\n"}, []string{"pay.example"}, 1},
		{"encoded", "multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64", "VmlzaXQgaHR0cDovL3BheS5leGFtcGxlLw==\n",
			[]string{"Visit http://pay.example/"}, []string{"pay.example"}, 1},
		{"preamble", `multipart/mixed; boundary=b`, "First http://pre.example/\n" + part + "--b--\n",
			[]string{"First http://pre.example/\n"}, []string{"in.example", "pre.example"}, 2},
		{"epilogue", `multipart/mixed; boundary=b`, part + "--b--\nLast http://post.example/\n",
			[]string{"Last http://post.example/\n"}, []string{"in.example", "post.example"}, 2},
		{"epilogue that is none", `multipart/mixed; boundary=b`, part + "--b--\n" + part + "--b--\n \n", nil, []string{"in.example"}, 3},
		{"known link", `multipart/mixed; boundary=b`, part + "--b--\nSee http://in.example/\n", []string{"See http://in.example/\n"}, []string{"in.example"}, 2},
		{"no empty line behind fields", `multipart/mixed; boundary=b`, "--b\nContent-Type: text/plain\nX: y\n z\nVisit http://pay.example/\n--b--\n",
			[]string{"Visit http://pay.example/"}, []string{"pay.example"}, 2},
		{"the same in base64", `multipart/mixed; boundary=b`, "--b\nContent-Transfer-Encoding: base64\nVmlzaXQgaHR0cDovL3BheS5leGFtcGxlLw==\n--b--\n",
			[]string{"Visit http://pay.example/"}, []string{"pay.example"}, 2},
		{"nothing but fields", `multipart/mixed; boundary=b`, "--b\nContent-Type: text/plain\nX: http://field.example/\n--b--\n", nil, nil, 2},
		{"blank", `multipart/mixed; boundary=b`, "\n \n" + part + "--b--\n\n\n", nil, []string{"in.example"}, 2},
		{"inside a multipart", `multipart/mixed; boundary=o`, "--o\nContent-Type: multipart/alternative; boundary=b\n\npre\n" + part +
			"--b--\npost\n--o\nContent-Type: multipart/mixed; boundary=x\n\nVisit http://pay.example/\n--o--\n",
			[]string{"pre\n", "post", "Visit http://pay.example/"}, []string{"in.example", "pay.example"}, 4},
		{"inside an encoded message", `multipart/mixed; boundary=o`, "--o\nContent-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n" +
			"Content-Type: multipart/mixed; boundary=3Db\n\nVisit http://pay.example/\n--o--\n",
			[]string{"Visit http://pay.example/"}, []string{"pay.example"}, 3},
	} {
		m := Parse([]byte("Subject: x\nContent-Type: "+c.head+"\n\n"+c.body), Envelope{}, Limits{})
		var outside []string
		for _, x := range m.AllTexts()[len(m.Texts()):] {
			outside = append(outside, x.Plain())
			if up := x.Part.Parent; up == nil || !up.IsMultipart() && len(up.Body()) > 0 || slices.Contains(m.Parts(), x.Part) {
				t.Errorf("%s: part %+v", c.name, x.Part)
			}
			if !x.IsHTML && !x.Part.encoded() && !x.Part.decodedPlace() {
				if off, n, ok := x.RawRange(0, len(x.UTF8())); !ok || string(m.Raw()[off:off+n]) != x.UTF8() {
					t.Errorf("%s: %d, %d, %v is not the text's place", c.name, off, n, ok)
				}
			}
		}
		if !slices.Equal(outside, c.outside) {
			t.Errorf("%s: %q, want %q", c.name, outside, c.outside)
		}
		if got := hosts(m.URLs()); !slices.Equal(got, c.hosts) {
			t.Errorf("%s: hosts %q, want %q", c.name, got, c.hosts)
		}
		for _, u := range m.URLs() {
			if out := u.Flags&URLOutside != 0; out != (u.Host != "in.example") || u.Host == "in.example" && u.Count != strings.Count(c.body, part) {
				t.Errorf("%s: %+v", c.name, u)
			}
		}
		if len(m.Parts()) != c.parts {
			t.Errorf("%s: %d parts", c.name, len(m.Parts()))
		}
	}
}

// TestOutsideOfCut: what a limit cut off is no text.
func TestOutsideOfCut(t *testing.T) {
	body := strings.Repeat("--b\n\nhello\n", 9) + "--b--\n"
	m := Parse([]byte("Content-Type: multipart/mixed; boundary=b\n\n"+body), Envelope{}, Limits{Parts: 4})
	if n := len(m.AllTexts()) - len(m.Texts()); n != 0 {
		t.Errorf("%d texts outside", n)
	}
}

// TestHeaderOfFolds: a line that continues no field is a header without fields
// if an empty line follows.
func TestHeaderOfFolds(t *testing.T) {
	for body, want := range map[string]string{
		"--b\n name=\"x\"\n\n--b--\n":  "",
		"--b\nContent-Typ>\n\n--b--\n": "",
		"--b\n indented\n--b--\n":      " indented",
		"--b\nplain\n\n--b--\n":        "plain\n",
	} {
		m := Parse([]byte("Content-Type: multipart/mixed; boundary=b\n\n"+body), Envelope{}, Limits{})
		if got := string(m.Parts()[1].Body()); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}
