package mail

import "strings"

// others notes the URLs that an element names beside its target: what is shown
// in place of it, loaded for it, or gone to from it (HTML Standard, sections 4
// and 15; SVG 2, section 5; what Outlook takes of VML). Rspamd 4.1.6 knows
// none of them.
func (t *htmlTree) others(b *Block) {
	for i := range b.Attrs {
		a := &b.Attrs[i]
		if code, ok := scriptHref(a.Value); ok {
			t.script(b, code)
			continue
		}
		switch a.Name {
		case "style", "fill", "stroke", "filter", "mask", "clip-path", "cursor", "marker-start", "marker-mid", "marker-end":
			t.css(b, a.Value)
		case "src", "lowsrc", "dynsrc":
			if b.Tag != "img" || a.Name != "src" || b.image != nil && b.image.URL == nil {
				t.other(b, a.Value, loads(b.Tag))
			}
		case "srcset", "imagesrcset":
			t.candidates(b, a.Value)
		case "background", "poster":
			t.other(b, a.Value, URLLoaded)
		case "formaction", "action-xhr":
			t.other(b, a.Value, 0)
		case "xlink:href", "o:href":
			t.other(b, a.Value, loads(b.Tag))
		case "href":
			if namesTarget(b.Tag) || b.Tag == "area" && b.link == nil && t.depth == 0 || t.depth == 0 && dataHref(a.Value) {
				t.other(b, a.Value, loads(b.Tag))
			}
		case "data", "codebase", "classid":
			if b.Tag == "object" || b.Tag == "applet" {
				t.other(b, a.Value, 0)
			}
		case "ping":
			for _, u := range strings.Fields(a.Value) {
				t.other(b, u, URLLoaded)
			}
		case "cite", "longdesc", "manifest", "profile", "icon", "pluginspage", "pluginurl", "action":
			if namesMore(b.Tag, a.Name) {
				t.absolute(b, a.Value)
			}
		case "archive":
			t.archives(b, a.Value)
		case "content":
			if b.Tag == "meta" {
				t.refresh(b, a.Value)
			}
		case "srcdoc":
			t.inner(b, a.Value)
		case "value":
			if b.Tag == "param" {
				t.absolute(b, a.Value)
			}
		case "values", "from", "to", "by":
			t.animation(b, a.Value)
		default:
			if len(a.Name) > 2 && a.Name[:2] == "on" {
				t.script(b, a.Value)
			}
		}
	}
}

// namesTarget tells elements beside those of tagHref whose href leads somewhere:
// those of SVG, MathML and VML.
func namesTarget(tag string) bool {
	switch tag {
	case "image", "use", "feimage", "script", "textpath", "mpath", "tref", "pattern", "lineargradient", "radialgradient",
		"math", "mrow", "mtext", "mi", "mn", "mo", "mstyle", "maction":
		return true
	}
	return strings.HasPrefix(tag, "v:")
}

// dataHref tells a target that is a document itself.
func dataHref(s string) bool {
	return prefixFold(strings.TrimLeftFunc(s, func(r rune) bool { return r <= ' ' }), "data:")
}

// namesMore tells elements whose attribute names the source of a quotation, a
// description, or what a program may load or offer beside the page.
func namesMore(tag, attr string) bool {
	switch tag {
	case "blockquote", "q", "del", "ins":
		return attr == "cite"
	case "img", "iframe", "frame":
		return attr == "longdesc"
	case "html":
		return attr == "manifest"
	case "head":
		return attr == "profile"
	case "menuitem", "command":
		return attr == "icon"
	case "embed":
		return attr == "pluginspage" || attr == "pluginurl"
	}
	return tag == "isindex" && attr == "action"
}

// loads returns URLLoaded for elements that show or play what they name; 0 for
// those that take the reader to it or run it.
func loads(tag string) URLFlags {
	switch tag {
	case "img", "input", "source", "video", "audio", "track", "bgsound", "image", "use", "feimage",
		"v:fill", "v:image", "v:imagedata":
		return URLLoaded
	}
	return 0
}

// other takes one URL of an element. One that is not absolute counts if there
// is a base: without one it leads nowhere.
func (t *htmlTree) other(b *Block, href string, flags URLFlags) {
	target := strings.TrimFunc(href, func(r rune) bool { return r <= ' ' })
	if !absoluteHref(target) && !strings.HasPrefix(target, "//") && !bareScheme(target) {
		switch {
		case prefixFold(target, "data:"):
			t.data(b, target)
			return
		case t.h.Base == nil || target == "" || prefixFold(target, "cid:"):
			return
		}
		var ok bool
		if target, ok = t.join(target); !ok {
			return
		}
	}
	if u, ok := parseHref(target); ok {
		t.note(b, href, u, flags)
	}
}

func (t *htmlTree) note(b *Block, href string, u URL, flags URLFlags) {
	if len(t.h.Others) >= t.maxTags {
		t.h.Cut = true
		return
	}
	u.Source = SourceHTML
	u.Flags |= URLSpecial | flags
	t.h.Others = append(t.h.Others, &Link{Tag: b.Tag, Href: href, Block: b, URL: &u})
}

// bareScheme tells "https:example.org", which browsers take for an absolute URL.
func bareScheme(s string) bool { return prefixFold(s, "http:") || prefixFold(s, "https:") }

// candidates takes the URLs of a srcset: each up to a blank, its descriptor up
// to the next comma.
func (t *htmlTree) candidates(b *Block, set string) {
	for {
		set = strings.TrimLeft(set, ", \t\r\n\f")
		i := strings.IndexAny(set, " \t\r\n\f")
		if i < 0 {
			i = len(set)
		}
		if i == 0 || t.h.Cut {
			return
		}
		u := set[:i]
		set = set[i:]
		if strings.HasSuffix(u, ",") {
			u = strings.TrimRight(u, ",")
		} else if j := strings.IndexByte(set, ','); j >= 0 {
			set = set[j:]
		} else {
			set = ""
		}
		t.other(b, u, URLLoaded)
	}
}

// refresh takes the URL of a <meta http-equiv=refresh>: seconds, a semicolon,
// perhaps "url=" and quotes (HTML Standard, section 4.2.5.3).
func (t *htmlTree) refresh(b *Block, content string) {
	if v, _ := b.Attr("http-equiv"); !strings.EqualFold(strings.TrimSpace(v), "refresh") {
		return
	}
	s := strings.TrimLeft(content, " \t\r\n\f0123456789.")
	s = strings.TrimLeft(s, ";, \t\r\n\f")
	if prefixFold(s, "url") {
		if rest := strings.TrimLeft(s[len("url"):], " \t\r\n\f"); strings.HasPrefix(rest, "=") {
			s = strings.TrimLeft(rest[1:], " \t\r\n\f")
		}
	}
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		q := s[0]
		s = s[1:]
		if i := strings.IndexByte(s, q); i >= 0 {
			s = s[:i]
		}
	}
	t.other(b, s, 0)
}

// absolute takes a value that may be anything if it is an absolute URL.
func (t *htmlTree) absolute(b *Block, value string) {
	if value = strings.TrimSpace(value); absoluteHref(value) || strings.HasPrefix(value, "//") || bareScheme(value) {
		t.other(b, value, 0)
	}
}

// archives takes the archives of an object, which blanks separate, and of an applet,
// which commas do (HTML 4.01 sections 13.3 and 13.4).
func (t *htmlTree) archives(b *Block, list string) {
	if b.Tag != "object" && b.Tag != "applet" {
		return
	}
	for u := range strings.FieldsFuncSeq(list, func(r rune) bool { return r <= ' ' || r == ',' }) {
		if t.h.Cut {
			return
		}
		t.absolute(b, u)
	}
}

// animation takes what an animation of SVG makes a target of (SVG 2 section 19,
// attributes values, from, to and by).
func (t *htmlTree) animation(b *Block, values string) {
	if b.Tag != "animate" && b.Tag != "set" {
		return
	}
	for v := range strings.SplitSeq(values, ";") {
		if t.h.Cut {
			return
		}
		t.absolute(b, v)
	}
}
