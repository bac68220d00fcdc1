package quarantine

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"strconv"
	"strings"
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

// DigestText is the text of a digest's message that Write uses by default. In a
// header ${to}, ${from}, ${date} and ${count} stand for what they say, encoded as
// RFC 2047 where they must be; a body has ${since} too. The lines between "%items"
// and "%end" are repeated for each message, with ${id}, ${time}, ${score},
// ${sender} and ${subject}.
const DigestText = `From: ${from}
To: ${to}
Date: ${date}
Subject: ${count} messages were kept from you
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Since ${since} these messages to ${to} were taken for spam.
Ask your postmaster, with the first word of a line, for one that you want.

%items
${id}  ${time}  score ${score}
    From: ${sender}
    Subject: ${subject}
%end
`

// A DigestTemplate is a text with places for what a digest says.
type DigestTemplate struct{ header, before, item, after string }

// ParseDigest reads a text such as DigestText. A place that is not known, and
// "%items" without "%end", are errors.
func ParseDigest(text string) (*DigestTemplate, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	header, body, ok := strings.Cut(text, "\n\n")
	if !ok {
		return nil, errors.New("quarantine: digest: no empty line ends the header")
	}
	t := &DigestTemplate{header: header + "\n\n", before: body}
	if before, rest, ok := strings.Cut(body, "%items\n"); ok {
		item, after, ok := strings.Cut(rest, "%end\n")
		if !ok {
			return nil, errors.New("quarantine: digest: %items has no %end")
		}
		t.before, t.item, t.after = before, item, after
	}
	var d Digest
	for _, part := range []string{d.expand(t.header, line), d.expand(t.before, line), d.expand(t.after, line), Item{}.expand(t.item)} {
		if _, rest, ok := strings.Cut(part, "${"); ok {
			return nil, fmt.Errorf("quarantine: digest: ${%.20q is not known here", rest)
		}
	}
	return t, nil
}

const minutes = "2006-01-02 15:04"

func (d Digest) expand(text string, encode func(string) string) string {
	return strings.NewReplacer(
		"${to}", encode(d.To), "${from}", encode(d.From), "${count}", strconv.Itoa(len(d.Items)),
		"${date}", d.Date.Format("Mon, 02 Jan 2006 15:04:05 -0700"), "${since}", d.Since.Format(minutes+" MST"),
	).Replace(text)
}

func (i Item) expand(text string) string {
	return strings.NewReplacer(
		"${id}", i.ID, "${time}", i.Time.Format(minutes), "${score}", strconv.FormatFloat(i.Score, 'f', 1, 64),
		"${sender}", line(i.HeaderFrom), "${subject}", line(i.Subject),
	).Replace(text)
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
// template is that of DigestText.
func (d Digest) Write(w io.Writer, t *DigestTemplate) error {
	if t == nil {
		var err error
		if t, err = ParseDigest(DigestText); err != nil {
			return err
		}
	}
	var b strings.Builder
	b.WriteString(d.expand(t.header, func(s string) string { return mime.QEncoding.Encode("utf-8", line(s)) }))
	b.WriteString(d.expand(t.before, line))
	for _, item := range d.Items {
		b.WriteString(item.expand(t.item))
	}
	b.WriteString(d.expand(t.after, line))
	_, err := io.WriteString(w, strings.ReplaceAll(b.String(), "\n", "\r\n"))
	return err
}
