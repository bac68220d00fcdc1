package mail

import "strings"

func isMailto(s string) bool { return prefixFold(s, "mailto:") }

// parseMailto reads a mailto link; parameters behind "?" are kept as query.
func parseMailto(s string) (URL, bool) {
	rest := strings.TrimLeft(s[len("mailto:"):], "/\\ ")
	addr, query, _ := strings.Cut(rest, "?")
	if addr == "" && len(query) > 3 && prefixFold(query, "to=") {
		addr, query, _ = strings.Cut(query[3:], "&")
	}
	if i := strings.IndexAny(addr, ",;"); i >= 0 {
		addr = addr[:i]
	}
	if strings.IndexByte(addr, '%') >= 0 {
		addr = unescapeURL(addr, false)
	}
	u, ok := mailAddress(strings.TrimSpace(addr))
	u.Raw, u.Query = s, unescapeURL(query, true)
	return u, ok
}

// mailAddress makes the URL of an e-mail address.
func mailAddress(addr string) (URL, bool) {
	i := strings.LastIndexByte(addr, '@')
	if i <= 0 || i > 64+192 || i+1 == len(addr) {
		return URL{}, false
	}
	p := urlParts{scheme: "mailto", host: addr[i+1:]}
	if n := hostLen(p.host, urlInText, &p.flags); n != len(p.host) || n > maxHost {
		return URL{}, false
	}
	u, ok := p.url(addr)
	if !ok || u.noSuffix {
		return URL{}, false
	}
	u.User = addr[:i]
	u.Text = "mailto://" + u.User + "@" + u.Host
	return u, true
}
