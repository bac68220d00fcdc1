package selector

import (
	"slices"
	"strconv"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// links makes the extractors of URLs and addresses in the text.
func (p *parser) links(c call) (extraction, typ, error) {
	t := typ{of: urls(), list: true}
	switch c.name {
	case "urls":
		if err := p.count(c, 0, 1); err != nil {
			return nil, typ{}, err
		}
		return p.withMethod(c, func(t *checks.Task) []item { return urlItems(filtered(t.Message().URLs(), 0, mail.URLImage)) }, t)
	case "emails":
		if err := p.count(c, 0, 1); err != nil {
			return nil, typ{}, err
		}
		return p.withMethod(c, func(t *checks.Task) []item { return urlItems(t.Message().Emails()) }, t)
	case "urls_filtered":
		var masks [2]mail.URLFlags
		if len(c.args) > 2 {
			return nil, typ{}, p.errorf(c.at, "urls_filtered has %d arguments, wants up to 2", len(c.args))
		}
		for i, a := range c.args {
			var err error
			if masks[i], err = p.flags(a); err != nil {
				return nil, typ{}, err
			}
		}
		return func(t *checks.Task) []item { return urlItems(filtered(t.Message().URLs(), masks[0], masks[1])) }, t, nil
	case "specific_urls":
		want, err := p.specific(c, 0)
		return func(t *checks.Task) []item { return urlItems(want.of(t.Message())) }, t, err
	case "specific_urls_filter_map":
		if len(c.args) == 0 || c.args[0].text == "" {
			return nil, typ{}, p.errorf(c.at, "specific_urls_filter_map wants the name of a map")
		}
		m, err := p.aMap(c)
		if err != nil {
			return nil, typ{}, err
		}
		want, err := p.specific(c, 1)
		return func(t *checks.Task) []item {
			return urlItems(slices.DeleteFunc(want.of(t.Message()), func(u *mail.URL) bool {
				_, ok := m.Get(u.Text)
				return !ok
			}))
		}, t, err
	}
	return nil, typ{}, nil
}

// filtered returns the URLs that have one of the flags include, if there are
// any, and none of exclude.
func filtered(list []*mail.URL, include, exclude mail.URLFlags) []*mail.URL {
	var out []*mail.URL
	for _, u := range list {
		if (include == 0 || u.Flags&include != 0) && u.Flags&exclude == 0 {
			out = append(out, u)
		}
	}
	return out
}

// flags reads a list of Rspamd's names of flags. Those of states that URLs do
// not get into here match none.
func (p *parser) flags(a arg) (mail.URLFlags, error) {
	known := map[string]mail.URLFlags{
		"phished": mail.URLPhished, "numeric": mail.URLNumeric, "obscured": mail.URLObscured, "subject": mail.URLSubject, "schemeless": mail.URLSchemeless,
		"unnormalised": mail.URLBackslash, "zw_spaces": mail.URLZeroWidth, "image": mail.URLImage, "query": mail.URLQuery, "content": mail.URLContent,
		"no_tld": mail.URLNoTLD, "invisible": mail.URLInvisible, "special": mail.URLSpecial, "html_displayed": mail.URLHTMLDisplayed, "text": mail.URLFromText,
		"display_url": mail.URLShows, "url_displayed": mail.URLHTMLDisplayed,
	}
	names := a.list
	if a.text != "" {
		names = []string{a.text}
	}
	var mask mail.URLFlags
	for _, n := range names {
		f, ok := known[n]
		if !ok {
			return 0, p.unknown(a.at, "flag of URLs", n, func(yield func(string) bool) {
				for k := range known {
					if !yield(k) {
						return
					}
				}
			})
		}
		mask |= f
	}
	return mask, nil
}

// A wish says which URLs specific_urls gives.
type wish struct {
	limit, perESLD          int
	emails, images, content bool
	prefix                  string // only names the answer in Rspamd's cache
	include, exclude        mail.URLFlags
}

// specific reads the table of arguments that stands at i.
func (p *parser) specific(c call, i int) (wish, error) {
	w := wish{content: true}
	if len(c.args) <= i {
		return w, p.errorf(c.at, "%s wants a table with limit", c.name)
	}
	a := c.args[i]
	if len(c.args) > i+1 || a.table["limit"].text == "" {
		return w, p.errorf(a.at, "%s wants one table with limit", c.name)
	}
	for name, v := range a.table {
		var err error
		switch name {
		case "limit":
			w.limit, err = strconv.Atoi(v.text)
		case "esld_limit":
			w.perESLD, err = strconv.Atoi(v.text)
		case "need_emails":
			w.emails, err = strconv.ParseBool(v.text)
		case "need_images":
			w.images, err = strconv.ParseBool(v.text)
		case "need_content":
			w.content, err = strconv.ParseBool(v.text)
		case "ignore_redirected":
			_, err = strconv.ParseBool(v.text)
		case "prefix":
			w.prefix = v.text
		case "flags":
			w.include, err = p.flags(v)
		case "exclude_flags":
			w.exclude, err = p.flags(v)
		case "flags_mode":
			if v.text != "explicit" {
				err = p.errorf(v.at, "flags_mode can only be explicit")
			}
		default:
			return w, p.unknown(a.at, "argument of "+c.name, name, slices.Values([]string{
				"limit", "esld_limit", "need_emails", "need_images", "need_content", "ignore_redirected", "prefix", "flags", "exclude_flags", "flags_mode",
			}))
		}
		if err != nil {
			if _, own := err.(*SyntaxError); own {
				return w, err
			}
			return w, p.errorf(v.at, "%s of %s: %q is not understood", name, c.name, v.text)
		}
	}
	return w, nil
}

// of picks the URLs in the order of the message.
func (w wish) of(m *mail.Message) []*mail.URL {
	list := slices.Clone(m.URLs())
	if w.content {
		list = append(list, m.ContentURLs()...)
	}
	if w.emails {
		list = append(list, m.Emails()...)
	}
	exclude := w.exclude
	if !w.images {
		exclude |= mail.URLImage
	}
	perESLD := map[string]int{}
	var out []*mail.URL
	for _, u := range filtered(list, w.include, exclude) {
		if len(out) == w.limit {
			break
		}
		if perESLD[u.TLD]++; w.perESLD == 0 || perESLD[u.TLD] <= w.perESLD {
			out = append(out, u)
		}
	}
	return out
}
