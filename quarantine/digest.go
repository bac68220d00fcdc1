package quarantine

import (
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/winnowmail/winnow/mail"
)

// A Digest is what a user is told about the mail that was kept from them.
type Digest struct {
	From, To string // addresses
	Since    time.Time
	Date     time.Time
	Items    []Item // newest first
}

// Digests returns a Digest for each recipient of the items, in the order of
// their addresses.
func Digests(items []Item, from string, since, date time.Time) []Digest {
	of := map[string][]Item{}
	for _, item := range items {
		for _, rcpt := range item.Rcpts {
			key := mail.AddressKey(rcpt)
			of[key] = append(of[key], item)
		}
	}
	var all []Digest
	for to, its := range of {
		all = append(all, Digest{From: from, To: to, Since: since, Date: date, Items: its})
	}
	slices.SortFunc(all, func(a, b Digest) int { return strings.Compare(a.To, b.To) })
	return all
}

// DigestText is the template of a digest's message (text/template), which
// WriteDigest uses by default. The function field makes a text one line of a
// header, encoded as RFC 2047 where it must be, and line one line of a body.
const DigestText = `From: {{.From}}
To: {{.To}}
Date: {{.Date.Format "Mon, 02 Jan 2006 15:04:05 -0700"}}
Subject: {{field (printf "%d messages were kept from you" (len .Items))}}
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Since {{.Since.Format "2006-01-02 15:04 MST"}} these messages to {{.To}} were taken for spam.
Ask your postmaster, with the first word of a line, for one that you want.
{{range .Items}}
{{.ID}}  {{.Time.Format "2006-01-02 15:04"}}  score {{printf "%.1f" .Score}}
    From: {{line .HeaderFrom}}
    Subject: {{line .Subject}}
{{end}}`

// ParseDigest reads a template of one's own.
func ParseDigest(text string) (*template.Template, error) {
	t, err := template.New("digest").Option("missingkey=error").Funcs(template.FuncMap{
		"field": func(s string) string { return mime.QEncoding.Encode("utf-8", line(s)) },
		"line":  line,
	}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	return t, nil
}

// line makes one line of a text that a sender wrote.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// Write writes the digest as a message with lines that end in CRLF. A nil
// template is DigestText.
func (d Digest) Write(w io.Writer, t *template.Template) error {
	if strings.ContainsAny(d.From+d.To, "\r\n") {
		return fmt.Errorf("quarantine: digest from %q to %q: a line end in an address", d.From, d.To)
	}
	if t == nil {
		var err error
		if t, err = ParseDigest(DigestText); err != nil {
			return err
		}
	}
	var b strings.Builder
	if err := t.Execute(&b, d); err != nil {
		return fmt.Errorf("quarantine: digest: %w", err)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\n", "\r\n")
	_, err := io.WriteString(w, text)
	return err
}
