package mail

import "strings"

// query takes the URLs in the query of u and in theirs.
func (c *urlCollector) query(u *URL, depth int) {
	if u.Query == "" || depth == 0 || u.Scheme == "mailto" {
		return
	}
	u.findInQuery(func(q URL) bool {
		u.InQuery++
		q.Source, q.Part = u.Source, u.Part
		q.Flags |= URLQuery | u.Flags&(URLFromText|URLSubject|URLHTMLDisplayed)
		if own, fresh := c.add(&q); fresh {
			own.Offset, own.Length = u.Offset, u.Length
			c.query(own, depth-1)
		}
		return !c.cut
	})
}

// findInQuery calls f for each URL in the parameters of u, each parameter's
// value decoded on its own.
func (u *URL) findInQuery(f func(u URL) bool) {
	_, q, ok := strings.Cut(u.Raw, "?")
	if !ok {
		return
	}
	q, _, _ = strings.Cut(q, "#")
	for going := true; going && q != ""; {
		var v string
		if i := strings.IndexAny(q, "&;"); i >= 0 {
			v, q = q[:i], q[i+1:]
		} else {
			v, q = q, ""
		}
		if _, after, ok := strings.Cut(v, "="); ok {
			v = after
		}
		if len(v) < 4 {
			continue
		}
		finder{text: unescapeURL(v, true)}.find(func(in URL, _, _ int) bool {
			going = f(in)
			return going
		})
	}
}
