package phishfeeds

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/lists"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// A Feed is a list of phishing pages that may be replaced while it is in use.
// Its zero value is empty.
type Feed struct {
	list  *lists.List // nil: only Load fills it
	pages atomic.Pointer[pages]
}

// pages are the entries of a feed by host.
type pages map[string][]page

// A page is one entry.
type page struct {
	path, query string
	data        []string // what the feed tells beside the URL
}

// From makes a Feed of a list of kind Lines in the format of Load. While a Scanner
// runs, the feed has what the list has.
func From(l *lists.List) *Feed {
	f := &Feed{list: l}
	f.refresh()
	return f
}

// valid reports whether the feed's list, if it has one, is of lines.
func (f *Feed) valid() bool {
	return f == nil || f.list == nil || f.list.Definition().Kind == lists.Lines
}

// refresh takes over what the list holds.
func (f *Feed) refresh() {
	p := pages{}
	n := 0
	for _, line := range f.list.Snapshot().Lines() {
		if n == maxPages {
			break
		}
		if len(line) > maxLine {
			continue
		}
		if host, entry, ok := parseLine([]byte(line)); ok {
			p[host] = append(p[host], entry)
			n++
		}
	}
	f.pages.Store(&p)
}

// Bounds of a feed.
const (
	maxLine  = 8 << 10 // bytes of a line; longer ones are passed over
	maxPages = 1 << 20
)

// Load replaces the feed's contents by what r has: a URL a line (OpenPhish's
// and most others' form), or a JSON object a line with "url" and, optionally,
// "tld", "sector" and "brand" (OpenPhish's premium form). Empty lines, lines
// that begin with # and lines that are no URL are passed over. It returns how
// many entries there are; on an error of r the old contents stay.
func (f *Feed) Load(r io.Reader) (int, error) {
	p := pages{}
	n := 0
	in := bufio.NewReaderSize(r, maxLine)
	for n < maxPages {
		line, err := in.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			err = skipLine(in)
			line = nil
		}
		if host, entry, ok := parseLine(line); ok {
			p[host] = append(p[host], entry)
			n++
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, fmt.Errorf("phishing feed: %w", err)
		}
	}
	f.pages.Store(&p)
	return n, nil
}

// skipLine reads to the end of a line that is too long.
func skipLine(in *bufio.Reader) error {
	for {
		if _, err := in.ReadSlice('\n'); err != bufio.ErrBufferFull {
			return err
		}
	}
}

// parseLine reads one line of a feed.
func parseLine(line []byte) (host string, p page, ok bool) {
	s := strings.TrimSpace(string(line))
	if s == "" || s[0] == '#' {
		return "", p, false
	}
	if s[0] == '{' {
		var object struct {
			URL, TLD, Sector, Brand string
		}
		if json.Unmarshal([]byte(s), &object) != nil {
			return "", p, false
		}
		s = object.URL
		if object.TLD != "" || object.Sector != "" || object.Brand != "" {
			p.data = options([]string{object.TLD, object.Sector, object.Brand})
		}
	}
	u, ok := mail.ParseURL(s)
	if !ok || u.Host == "" || u.Scheme == "mailto" {
		return "", p, false
	}
	p.path, p.query = u.Path, u.Query
	return u.Host, p, true
}

// match returns what the feed has about a URL; the factor is 0 if it has
// nothing.
func (f *Feed) match(u *mail.URL) (factor float64, options []string) {
	p := f.pages.Load()
	if p == nil {
		return 0, nil
	}
	list := (*p)[u.Host]
	if len(list) == 0 {
		return 0, nil
	}
	options = []string{u.Host}
	for _, e := range list {
		if e.path != u.Path {
			continue
		}
		if e.query != "" && e.query != u.Query {
			if u.Path != "" {
				factor = max(factor, factorPage)
			}
			continue
		}
		factor = factorURL
		if e.data != nil {
			options = e.data
		}
		break
	}
	if factor == 0 && u.Phished != nil {
		factor = factorHost
	}
	return factor, options
}

// A found is a URL that a feed has; URL counts those that are looked up.
type found struct {
	URL     int      `json:"url"`
	Factor  float64  `json:"factor"`
	Options []string `json:"options"`
}

func (f *family) runFeeds(_ context.Context, t *checks.Task) error {
	f.raiseExcluded(t)
	if len(f.feeds) == 0 {
		return nil
	}
	urls := f.urls(t)
	for _, n := range f.feeds {
		list, _ := checks.Observe(t, n.def.Name, func() []found {
			var list []found
			for i, u := range urls {
				if factor, options := n.feed.match(u); factor > 0 {
					list = append(list, found{i, factor, options})
				}
			}
			return list
		})
		for _, m := range list {
			if m.URL < len(urls) {
				ev := checks.URL(urls[m.URL])
				t.HitAt(symbols.Hit{Def: n.def, Factor: m.Factor, Options: m.Options, Evidence: ev})
			}
		}
	}
	return nil
}

// raiseExcluded names the excluded hosts, each once.
func (f *family) raiseExcluded(t *checks.Task) {
	if len(f.excluded) == 0 {
		return
	}
	seen := map[string]bool{}
	for _, u := range t.Message().URLs() {
		if u.Flags&(mail.URLImage|mail.URLLoaded) == 0 && f.excluded[u.Host] && !seen[u.Host] {
			seen[u.Host] = true
			t.HitAt(symbols.Hit{Def: excluded, Factor: 1, Options: []string{u.Host}, Evidence: checks.URL(u)})
		}
	}
}

// start follows the lists of the feeds.
func (f *family) start(ctx context.Context, env *checks.Env) error {
	for _, n := range f.feeds {
		if n.feed.list == nil {
			continue
		}
		if st := n.feed.list.Status(); st.Err != nil {
			env.Log.Warn("phishing feed can't be read", "symbol", n.def.Name, "err", st.Err)
		}
		env.Go(n.def.Name, func() { lists.Follow(ctx, n.feed.refresh, n.feed.list) })
	}
	return nil
}
