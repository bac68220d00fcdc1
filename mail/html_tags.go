package mail

// tagFlags say how an element is read and shown.
type tagFlags uint16

const (
	tagEmpty   tagFlags = 1 << iota // has no content
	tagHead                         // content is not shown
	tagBlock                        // begins and ends a line
	tagRow                          // set apart by a blank
	tagHref                         // names a target
	tagRaw                          // content is not markup
	tagIgnored                      // the head as first thing of the document
	tagBreak                        // a line break
	tagVirtual                      // made up while reading
)

// knownTag returns the flags of an element and its name without a copy. The
// elements and their kinds are those of Rspamd 4.1.6; others are inline.
func knownTag(name []byte) (string, tagFlags) {
	switch string(name) {
	case "a":
		return "a", tagHref
	case "span":
		return "span", 0
	case "td":
		return "td", tagRow
	case "tr":
		return "tr", tagBlock
	case "div":
		return "div", tagBlock
	case "p":
		return "p", tagBlock
	case "br":
		return "br", tagEmpty | tagBreak
	case "img":
		return "img", tagEmpty
	case "table":
		return "table", tagBlock
	case "tbody":
		return "tbody", tagBlock
	case "b":
		return "b", 0
	case "i":
		return "i", 0
	case "u":
		return "u", 0
	case "em":
		return "em", 0
	case "li":
		return "li", 0
	case "font":
		return "font", 0
	case "strong":
		return "strong", 0
	case "html":
		return "html", 0
	case "head":
		return "head", 0
	case "body":
		return "body", 0
	}
	return otherTag(string(name))
}

func otherTag(name string) (string, tagFlags) {
	switch name {
	case "address", "blockquote", "caption", "center", "colgroup", "del", "dir", "dl", "fieldset",
		"h1", "h2", "h3", "h4", "h5", "h6", "ins", "listing", "menu", "noframes", "ol", "plaintext", "pre",
		"tfoot", "thead", "ul", "xmp":
		return name, tagBlock
	case "noscript":
		return name, tagBlock | tagRaw
	case "form":
		return name, tagBlock | tagHref
	case "area":
		return name, tagBlock | tagEmpty | tagHref
	case "hr":
		return name, tagBlock | tagEmpty | tagBreak
	case "col", "isindex":
		return name, tagBlock | tagEmpty
	case "th":
		return name, tagRow
	case "base", "meta", "nextid":
		return name, tagHead | tagEmpty
	case "object", "title":
		return name, tagHead
	case "script", "style":
		return name, tagHead | tagRaw
	case "basefont", "input", "param":
		return name, tagEmpty
	case "link", "frame":
		return name, tagEmpty | tagHref
	case "iframe", "map":
		return name, tagHref
	}
	return name, 0
}

// knownAttr returns the name of an attribute in lower case, without a copy
// for those that mail is full of.
func knownAttr(name string) string {
	switch name {
	case "href", "src", "style", "class", "id", "width", "height", "alt", "color", "bgcolor", "border",
		"align", "valign", "target", "cellpadding", "cellspacing", "title", "name", "content", "http-equiv", "rel", "action":
		return name
	}
	for i := range len(name) {
		if c := name[i]; c >= 'A' && c <= 'Z' || c == '&' {
			return lowerASCII(name)
		}
	}
	return name
}
