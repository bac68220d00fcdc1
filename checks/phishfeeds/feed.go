package phishfeeds

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// A Feed is a list of phishing pages that may be replaced while it is in use.
// Its zero value is empty.
type Feed struct {
	path  string // "": only Load and Store fill it
	pages atomic.Pointer[pages]
}

// pages are the entries of a feed by host.
type pages map[string][]page

// A page is one entry.
type page struct {
	path, query string
	data        []string // what the feed tells beside the URL
}

// File makes a Feed of a file in the format of Load. The check reads it when
// the Scanner starts, and again, within a minute, when it changes. A file that
// can't be read is reported in the log of the Scanner's start; the feed then
// stays as it is.
func File(path string) *Feed { return &Feed{path: path} }

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
				ev := []symbols.Evidence{place(urls[m.URL])}
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
			t.HitAt(symbols.Hit{Def: excluded, Factor: 1, Options: []string{u.Host}, Evidence: []symbols.Evidence{place(u)}})
		}
	}
}

// pollEvery is how often a feed's file is looked at.
const pollEvery = time.Minute

// start reads the feeds' files and watches them for changes.
func (f *family) start(ctx context.Context, env *checks.Env) error {
	for _, n := range f.feeds {
		if n.feed.path == "" {
			continue
		}
		stamp, err := n.feed.read(fileStamp{})
		if err != nil {
			env.Log.Warn("phishing feed can't be read", "symbol", n.def.Name, "err", err)
		}
		env.Go(n.def.Name, func() {
			tick := time.NewTicker(pollEvery)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
					if stamp, err = n.feed.read(stamp); err != nil {
						env.Log.Debug("phishing feed can't be read", "symbol", n.def.Name, "err", err)
					}
				}
			}
		})
	}
	return nil
}

// A fileStamp tells versions of a file apart; its zero value is no file.
type fileStamp struct {
	size int64
	mod  time.Time
}

// read reads the file unless it is the version that was read before, and
// returns the version that is in use.
func (f *Feed) read(before fileStamp) (fileStamp, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return before, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return before, err
	}
	stamp := fileStamp{info.Size(), info.ModTime()}
	if stamp == before {
		return before, nil
	}
	if _, err := f.Load(file); err != nil {
		return before, err
	}
	return stamp, nil
}
