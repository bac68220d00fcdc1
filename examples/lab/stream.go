package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
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
	line   int       // of the index
	date   time.Time // of the topmost Received, else of Date
}

// readIndex reads an index file: a header line that names the columns label,
// corpus and path, then these for each message, separated by tabs. Lines of the
// label other are left out, and so are unknown labels, with a warning.
func readIndex(name string, warnings io.Writer) ([]item, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var columns []int
	var list []item
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(b), "\ufeff")) {
		n++
		w := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		switch {
		case n == 1:
			if columns = columnsOf(w); columns == nil {
				return nil, fmt.Errorf("%s:1: %.80q is no header line of label, corpus and path, separated by tabs", name, line)
			}
			continue
		case len(w) == 1 && w[0] == "":
			continue
		case len(w) <= slices.Max(columns):
			return nil, fmt.Errorf("%s:%d: %d columns, want label, corpus and path separated by tabs", name, n, len(w))
		}
		it := item{corpus: w[columns[1]], path: w[columns[2]], line: n}
		if it.path == "" || it.corpus == "" {
			return nil, fmt.Errorf("%s:%d: no corpus or no path", name, n)
		}
		switch label := w[columns[0]]; label {
		case "ham", "spam":
			it.spam = label == "spam"
			list = append(list, it)
		case "other":
		default:
			fmt.Fprintf(warnings, "%s:%d: label %q is neither ham nor spam: left out\n", name, n, label)
		}
	}
	return list, nil
}

// columnsOf returns where the header line has its columns, nil if one is missing.
func columnsOf(header []string) []int {
	columns := []int{slices.Index(header, "label"), slices.Index(header, "corpus"), slices.Index(header, "path")}
	if slices.Min(columns) < 0 {
		return nil
	}
	return columns
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

// orders returns the orders in which messages are read: by date, and shuffles of
// that order.
func orders(items []item, shuffles int) [][]int {
	byDate := make([]int, len(items))
	for i := range byDate {
		byDate[i] = i
	}
	slices.SortStableFunc(byDate, func(a, b int) int { return cmp.Compare(items[a].date.Unix(), items[b].date.Unix()) })
	list := [][]int{byDate}
	for seed := range int64(shuffles) {
		o := slices.Clone(byDate)
		rand.New(rand.NewSource(seed+1)).Shuffle(len(o), func(i, j int) { o[i], o[j] = o[j], o[i] })
		list = append(list, o)
	}
	return list
}

// read returns the message's bytes. A path is taken from dir on, unless it is
// absolute.
func (it *item) read(dir string) ([]byte, error) {
	name := filepath.FromSlash(it.path)
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	return os.ReadFile(name)
}
