package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/mail"
)

// An item is one labelled message of a corpus.
type item struct {
	spam   bool
	corpus string
	path   string
	date   time.Time // of the topmost Received, else of Date
}

// readIndex reads an index file: a header line, then label, corpus and path
// separated by tabs. Lines whose label is neither ham nor spam are left out.
func readIndex(name string) ([]item, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []item
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimRight(sc.Text(), "\r")
		if n == 1 || line == "" {
			continue
		}
		w := strings.Split(line, "\t")
		if len(w) != 3 {
			return nil, fmt.Errorf("%s:%d: %d columns, want label, corpus and path", name, n, len(w))
		}
		if w[0] == "ham" || w[0] == "spam" {
			list = append(list, item{spam: w[0] == "spam", corpus: w[1], path: w[2]})
		}
	}
	return list, sc.Err()
}

// A condition removes from messages what was not written by their senders.
type condition struct {
	tag        *regexp.Regexp // of filters, in a Subject field
	recipients *regexp.Regexp // addresses that whole corpora were delivered to
}

func newCondition() *condition {
	return &condition{
		tag: regexp.MustCompile(`(?i)^(subject:\s*(?:re:\s*)?)(?:\[\**spam\**\]|\*+spam\*+)\s*`),
		recipients: regexp.MustCompile(`(?i)[a-z0-9._+-]+@(?:[a-z0-9-]+\.)*(?:taint\.org|netnoteinc\.com|csmining\.org|lists\.01\.org|lists\.linux\.dev` +
			`|vger\.kernel\.org|googlegroups\.com|lists\.ettus\.com)|username@domain\.com|phishing@pot`),
	}
}

// strip returns what is left of a message when nothing tells how it was
// delivered: fields of other hands are gone, the recipients that a corpus or a
// list gives all its mail are one neutral address, tags of filters are cut from
// the subject, lines end in LF.
func (c *condition) strip(raw []byte) []byte {
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	head, body, found := bytes.Cut(raw, []byte("\n\n"))
	var out bytes.Buffer
	out.Grow(len(raw))
	keep := false
	for line := range bytes.Lines(head) {
		if line[0] != ' ' && line[0] != '\t' {
			name, _, ok := bytes.Cut(line, []byte(":"))
			keep = ok && written(strings.ToLower(string(bytes.TrimSpace(name))))
			if keep && strings.EqualFold(string(name), "subject") {
				line = c.tag.ReplaceAll(line, []byte("$1"))
			}
		}
		if keep {
			out.Write(c.neutral(line))
		}
	}
	if b := out.Bytes(); len(b) > 0 && b[len(b)-1] != '\n' {
		out.WriteByte('\n')
	}
	if found {
		out.WriteByte('\n')
		out.Write(c.neutral(body))
	}
	return out.Bytes()
}

func (c *condition) neutral(b []byte) []byte {
	if bytes.IndexByte(b, '@') < 0 {
		return b
	}
	return c.recipients.ReplaceAll(b, []byte("me@here.example"))
}

// written reports whether condition S keeps a field.
func written(name string) bool {
	return strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "thread-") || slices.Contains(kept, name)
}

var kept = strings.Fields(`from to cc subject date message-id in-reply-to references reply-to mime-version x-mailer user-agent
	x-priority x-msmail-priority importance priority x-mimeole organization accept-language disposition-notification-to
	return-receipt-to feedback-id auto-submitted`)

// dated returns when a message was received, else when it was written.
func dated(m *mail.Message) time.Time {
	for _, r := range m.Received() {
		if !r.Time.IsZero() {
			return r.Time
		}
	}
	t, _ := m.Date()
	return t
}

// orders returns the four orders in which a corpus is read: by date, and three
// shuffles of that order.
func orders(n int, date func(i int) time.Time) [][]int {
	byDate := make([]int, n)
	for i := range byDate {
		byDate[i] = i
	}
	slices.SortStableFunc(byDate, func(a, b int) int { return cmp.Compare(date(a).Unix(), date(b).Unix()) })
	list := [][]int{byDate}
	for seed := range int64(3) {
		o := slices.Clone(byDate)
		rand.New(rand.NewSource(seed+1)).Shuffle(n, func(i, j int) { o[i], o[j] = o[j], o[i] })
		list = append(list, o)
	}
	return list
}

func (it *item) read(dir string) ([]byte, error) {
	return os.ReadFile(filepath.Join(dir, filepath.FromSlash(it.path)))
}
