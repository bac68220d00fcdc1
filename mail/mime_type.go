package mail

import (
	"strings"
)

// chooseType takes the first readable Content-Type, but rather a multipart one
// when there are several, as Rspamd.
func chooseType(h *Header) ContentType {
	var sel ContentType
	for _, f := range h.All("Content-Type") {
		c, ok := parseContentType(f.folded(), guesses(int(f.guesses)))
		if ok && (sel.Type == "" || c.Type == "multipart") {
			sel = c
		}
	}
	return mendType(sel)
}

// mendType fills in a missing subtype and corrects usual mistakes as Rspamd.
func mendType(c ContentType) ContentType {
	switch {
	case c.Subtype == "" && c.Type == "text":
		c.Subtype, c.Broken = "plain", true
	case c.Subtype == "" && c.Type == "html":
		c.Type, c.Subtype, c.Broken = "text", "html", true
	case c.Subtype == "" && c.Type == "application":
		c.Subtype, c.Broken = "octet-stream", true
	case c.Subtype == "alternate" && c.Type == "multipart":
		c.Subtype, c.Broken = "alternative", true
	case c.Subtype == "" && c.Type != "":
		c.Broken = true
	}
	return c
}

// turnType corrects what programs write for the two types of text, in the wrong
// order, without the first half, in quotes or with another slash. Rspamd 4.1.6
// takes these for unknown types, whose content it does not read.
func turnType(c ContentType) ContentType {
	typ, subtype := strings.Trim(c.Type, "'\""), strings.Trim(c.Subtype, "'\"")
	if subtype == "" {
		typ, subtype, _ = strings.Cut(typ, "\\")
	}
	if (typ == "plain" || typ == "html") && (subtype == "" || subtype == "text") {
		typ, subtype = "text", typ
	}
	if typ == "text" && (subtype == "plain" || subtype == "html") && (typ != c.Type || subtype != c.Subtype) {
		c.Type, c.Subtype, c.Broken = typ, subtype, true
	}
	return c
}

// cleanEncoding strips what software puts around the encoding's name.
func cleanEncoding(v string) string {
	v, _, _ = strings.Cut(v, ";")
	if i := strings.IndexByte(v, '('); i >= 0 {
		_, behind, _ := strings.Cut(v[i:], ")")
		if v = v[:i]; strings.TrimSpace(v) == "" { // the comment comes first
			v, _, _ = strings.Cut(behind, "(")
		}
	}
	return strings.ToLower(strings.Trim(v, " \t;,.+-#!`~'\""))
}
