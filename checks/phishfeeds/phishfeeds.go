// Package phishfeeds looks the URLs of a message up in lists of known
// phishing pages: PhishTank's, which is asked by DNS, and feeds that the
// operator keeps as lists, such as OpenPhish's.
//
// PhishTank by DNS works as in Rspamd: BLAKE2b of host and path in Rspamd's
// base 32, cut to 32 characters, is looked up as TXT under a zone; with a query
// in the URL the digest of host, path and query is a second question. Links
// that show another target than they have are judged by checks/urls.
package phishfeeds

import (
	"context"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/internal/zbase32"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/symbols"
)

// DefaultZone is where PhishTank's list is published.
const DefaultZone = "phishtank.rspamd.com"

// MaxQueries bounds the questions about the URLs of one message.
const MaxQueries = 64

// Options says which feeds there are. The zero value is PhishTank alone.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Zone is the DNS zone of PhishTank's list; "" means DefaultZone, "-"
	// none.
	Zone string
	// OpenPhish is OpenPhish's feed, Generic any other; nil: none.
	OpenPhish, Generic *Feed `json:"-"`
	// Excluded are hosts whose URLs are looked up in no feed.
	Excluded []string
}

// The symbols.
var (
	phishTank = &symbols.Def{
		Name: "PHISHED_PHISHTANK", Groups: []string{"phishing"}, Weight: 7,
		Doc: "PhishTank knows a URL as a phishing page; one known without its query counts less",
	}
	openPhish = &symbols.Def{
		Name: "PHISHED_OPENPHISH", Groups: []string{"phishing"}, Weight: 7,
		Doc: "OpenPhish's feed has a URL; only its page, or only its host, counts less",
	}
	generic = &symbols.Def{
		Name: "PHISHED_GENERIC_SERVICE", Groups: []string{"phishing"},
		Doc: "the operator's own phishing feed has a URL; only its page, or only its host, counts less",
	}
	excluded = &symbols.Def{
		Name: "PHISHED_EXCLUDED", Groups: []string{"phishing"},
		Doc: "the host of a URL is excluded from the phishing feeds",
	}
)

// Factors of a match, as in Rspamd.
const (
	factorURL  = 1.0
	factorPage = 0.3 // host and path
	factorHost = 0.1 // of a link that shows another host
)

// family is the checks' configuration.
type family struct {
	zone     string
	feeds    []namedFeed
	excluded map[string]bool
}

// A namedFeed is a feed and what it raises.
type namedFeed struct {
	def  *symbols.Def
	feed *Feed
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("phishing_feeds")
	if o.Zone != "" && o.Zone != "-" {
		v.Domain("Zone", strings.Trim(o.Zone, "."))
	}
	v.Words("Excluded", o.Excluded)
	v.If(o.OpenPhish != nil && o.OpenPhish == o.Generic, "Generic", "the same feed as OpenPhish")
	v.If(!o.OpenPhish.valid(), "OpenPhish", "not a list of kind lines")
	v.If(!o.Generic.valid(), "Generic", "not a list of kind lines")
	return v.Err()
}

// config names the feeds by their lists. What a feed says is no configuration:
// each scan records it.
func (o Options) config() any {
	name := func(f *Feed) string {
		switch {
		case f == nil:
			return "none"
		case f.list == nil:
			return "file:"
		}
		return f.list.Key()
	}
	return struct {
		Options
		OpenPhish, Generic string
	}{o, name(o.OpenPhish), name(o.Generic)}
}

// New returns the family.
func New(o Options) *checks.Family {
	out := &checks.Family{Name: "phishing_feeds", Doc: "feeds of known phishing pages", Config: o.config(), Err: o.Validate()}
	if o.Off || out.Err != nil {
		return out
	}
	f := &family{zone: strings.Trim(o.Zone, "."), excluded: map[string]bool{}}
	if f.zone == "" {
		f.zone = DefaultZone
	}
	for _, h := range o.Excluded {
		f.excluded[mail.DomainKey(strings.Trim(h, ". "))] = true
	}
	feeds := &checks.Check{
		Name:    "phishing-feeds",
		Doc:     "URLs that the operator's phishing feeds have",
		Symbols: []*symbols.Def{openPhish, generic, excluded},
		Run:     f.runFeeds,
	}
	for _, n := range []namedFeed{{openPhish, o.OpenPhish}, {generic, o.Generic}} {
		if n.feed != nil {
			f.feeds = append(f.feeds, n)
		}
	}
	if len(f.feeds) > 0 {
		feeds.Start = f.start
	}
	out.Checks = []*checks.Check{{
		Name:    "phishtank",
		Doc:     "URLs that PhishTank knows, by DNS",
		Symbols: []*symbols.Def{phishTank},
		Needs:   checks.Needs{DNS: true, Queries: MaxQueries},
		Run:     f.runPhishTank,
	}, feeds}
	return out
}

// urls returns the message's URLs that are looked up: no images, and none of
// an excluded host.
func (f *family) urls(t *checks.Task) []*mail.URL {
	all := t.Message().URLs()
	urls := make([]*mail.URL, 0, len(all))
	for _, u := range all {
		if u.Flags&(mail.URLImage|mail.URLLoaded) == 0 && u.Host != "" && !f.excluded[u.Host] {
			urls = append(urls, u)
		}
	}
	return urls
}

// A query is one question about a URL and what a listing counts.
type query struct {
	url    *mail.URL
	factor float64
	asked  int // index of the question
}

func (f *family) runPhishTank(ctx context.Context, t *checks.Task) error {
	if f.zone == "-" || !t.Asks() {
		return nil
	}
	var questions []resolver.Question
	var queries []query
	index := map[string]int{} // digest → question
	ask := func(u *mail.URL, factor float64, parts ...string) {
		name := zbase32.Digest(parts...)[:32]
		i, known := index[name]
		if !known {
			if len(questions) == MaxQueries {
				return
			}
			i = len(questions)
			index[name] = i
			questions = append(questions, resolver.Question{Name: name + "." + f.zone, Type: resolver.TypeTXT})
		}
		queries = append(queries, query{u, factor, i})
	}
	urls, texts := f.urls(t), []searched(nil)
	if len(urls) > 0 {
		texts = searchIn(t.Message().Texts())
	}
	for n, u := range urls {
		if len(questions) == MaxQueries {
			break
		}
		if n == MaxQueries {
			texts = nil // later ones are not looked for
		}
		for _, p := range readings(t, u, texts) {
			switch {
			case p.path == "":
			case p.query == "":
				ask(u, factorURL, u.Unicode, p.path)
			default:
				ask(u, factorPage, u.Unicode, p.path)
				ask(u, factorURL, u.Unicode, p.path, p.query)
			}
		}
	}
	replies := resolver.LookupAll(ctx, t.Resolver(), questions...)
	for _, q := range queries {
		reply := replies[q.asked]
		if reply.Err != nil {
			continue
		}
		options := options(reply.Answer.Texts())
		ev := checks.URL(q.url)
		ev[0].Query, ev[0].Answer = questions[q.asked].String(), strings.Join(options, "; ")
		t.HitAt(symbols.Hit{Def: phishTank, Factor: q.factor, Options: options, Evidence: ev})
	}
	return nil
}

// Bounds of what an answer puts into a result.
const (
	maxTexts = 4
	maxText  = 128
)

// options makes options of an answer's texts.
func options(texts []string) []string {
	texts = slices.Clone(texts[:min(len(texts), maxTexts)])
	for i, s := range texts {
		texts[i] = strings.ToValidUTF8(s[:min(len(s), maxText)], "\uFFFD")
	}
	return texts
}
