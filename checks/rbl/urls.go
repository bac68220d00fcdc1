package rbl

import (
	"slices"

	"github.com/winnowmail/winnow/mail"
)

// chosenURLs are the URLs of a kind.
type chosenURLs struct {
	kind urlKind
	urls []*mail.URL
}

// urlKind is a choice among the URLs of a message.
type urlKind struct{ plain, images, content, numeric, noIP, every bool }

// chosen returns the URLs of a kind, one for each registrable domain unless
// every one is wanted. Where there are more than limit, those that show signs
// of hiding something come first.
func (s *subject) chosen(kind urlKind, limit int) []*mail.URL {
	var all []*mail.URL
	if i := slices.IndexFunc(s.urls, func(c chosenURLs) bool { return c.kind == kind }); i >= 0 {
		all = s.urls[i].urls
	} else {
		seen := domainSet{}
		take := func(urls []*mail.URL) {
			for _, u := range urls {
				if kind.has(u) && (kind.every || seen.add(u.TLD)) {
					all = append(all, u)
				}
			}
		}
		take(s.t.Message().URLs())
		if kind.content {
			take(s.t.Message().ContentURLs())
		}
		s.urls = append(s.urls, chosenURLs{kind, all})
	}
	if len(all) <= limit {
		return all
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *mail.URL) int { return priority(b) - priority(a) })
	return all[:limit]
}

func (k urlKind) any() bool { return k.plain || k.images || k.content || k.numeric }

func (k urlKind) has(u *mail.URL) bool {
	switch u.Scheme {
	case "http", "https", "ftp", "file":
	default:
		return false
	}
	image, numeric := u.Flags&mail.URLImage != 0, u.Flags&mail.URLNumeric != 0
	switch {
	case numeric && k.noIP, k.numeric && !numeric, image && !k.images:
		return false
	}
	return image || u.Flags&mail.URLContent != 0 || k.plain || k.numeric
}

// priority is higher the more suspicious a URL looks, as in Rspamd.
func priority(u *mail.URL) int {
	switch f := u.Flags; {
	case f&(mail.URLImage|mail.URLLoaded) != 0:
		return 0
	case f&mail.URLHTMLDisplayed != 0:
		return 0
	case f&mail.URLObscured != 0:
		return 3
	case f&(mail.URLHasUser|mail.URLHasPort|mail.URLSubject|mail.URLPhished) != 0:
		return 2
	}
	return 1
}

// addresses returns the mail addresses of the text, one for each registrable
// domain if only domains matter.
func (s *subject) addresses(domains bool, limit int) []*mail.URL {
	which := &s.mails[0]
	if domains {
		which = &s.mails[1]
	}
	if *which == nil {
		all, seen := s.t.Message().Emails(), domainSet{}
		if domains {
			all = slices.DeleteFunc(slices.Clone(all), func(u *mail.URL) bool { return !seen.add(u.TLD) })
		}
		*which = &all
	}
	all := **which
	return all[:min(len(all), limit)]
}

// A domainSet is a set of domains. While it is small it is searched one by one.
type domainSet struct {
	few  []string
	many map[string]bool
}

// add takes a domain in and reports whether it is new and not empty.
func (d *domainSet) add(domain string) bool {
	if domain == "" || d.many[domain] || slices.Contains(d.few, domain) {
		return false
	}
	if d.many == nil && len(d.few) < 16 {
		d.few = append(d.few, domain)
		return true
	}
	if d.many == nil {
		d.many = map[string]bool{}
	}
	d.many[domain] = true
	return true
}
