// Package pdf finds the links of PDF documents. It does not read documents as
// a viewer does: it goes over the bytes once, object by object, and takes what
// stands behind the key URI of any dictionary (ISO 32000-1 section 12.6.4.7),
// also inside packed object streams (section 7.5.7). Broken cross-reference
// tables, wrong lengths and missing ends don't hide links.
package pdf

import (
	"strings"

	"github.com/winnowmail/winnow/internal/steps"
)

// Bounds of one document. What lies beyond is not looked at.
const (
	MaxObjects  = 10_000    // objects, as Rspamd 4.1.6
	MaxURIs     = 1024      // links returned
	MaxStream   = 512 << 10 // unpacked bytes of one object stream, as Rspamd 4.1.6
	MaxUnpacked = 8 << 20   // unpacked bytes of all object streams
	minUnpacked = 512       // bytes that the smallest one counts as
	MaxURI      = 8 << 10   // bytes of one link
	maxFilters  = 2         // times that one stream may be packed
	maxTrailer  = 8 << 10   // bytes of the trailer
)

// URIs returns the links of a document in the order of the file, as written
// there, with duplicates. An encrypted document has none that could be read.
// The bytes that are looked at, unpacked ones included, are taken off budget,
// and of a document no more than a number for each of its bytes; with nothing
// left, nothing is looked at. cut tells that something was not looked at for one
// of the bounds.
func URIs(doc []byte, budget *int) (links []string, cut bool) {
	d := open(doc, budget)
	d.walk(d.file)
	*budget -= d.most - d.unpacked
	if d.trailer > 0 {
		d.readTrailer(d.file[d.trailer:min(len(d.file), d.trailer+maxTrailer)])
	}
	if d.encrypted {
		return nil, d.cut
	}
	return d.resolve(), d.cut
}

// open takes what is looked at of a document off the budget, but for what is
// unpacked: so much it may be.
func open(doc []byte, budget *int) *document {
	file := doc[:min(len(doc), max(*budget, 0))]
	*budget -= len(file)
	own := steps.For(len(file))
	most := min(MaxUnpacked, max(*budget, 0), own.Left())
	return &document{file: file, objects: MaxObjects, unpacked: most, most: most, cut: len(file) < len(doc)}
}

// A document holds what is known of a document so far.
type document struct {
	file              []byte
	objects, unpacked int // left
	most              int // bytes that may be unpacked
	inflater          inflater
	links             []link
	strings           map[int]string // objects that are strings, for links by reference
	encrypted         bool
	trailer           int // where the last one begins, 0 if there is none
	cut               bool
}

// A link is a URI or the number of the object that is one.
type link struct {
	text string
	ref  int
}

func (d *document) resolve() (all []string) {
	for _, l := range d.links {
		if l.text == "" {
			l.text = d.strings[l.ref]
		}
		if l.text != "" {
			all = append(all, l.text)
		}
	}
	return all
}

func (d *document) add(l link) {
	if len(d.links) == MaxURIs {
		d.cut = true
		return
	}
	d.links = append(d.links, l)
}

// keep remembers an object that is a string.
func (d *document) keep(number int, s string) {
	if d.strings == nil {
		d.strings = map[int]string{}
	}
	if len(d.strings) < MaxObjects {
		d.strings[number] = s
	}
}

// A dict holds the entries of an object's outermost dictionary that matter
// here.
type dict struct {
	kind          string // value of Type
	filters       int    // how often it is packed
	foreign       bool   // packed in a way that is not read here
	encrypt       bool
	length, first int // -1: not there
}

func newDict() dict { return dict{length: -1, first: -1} }

// walk goes over a file.
func (d *document) walk(file []byte) {
	r := reader{b: file}
	var last [2]token
	for {
		t := r.next()
		if t.kind == end {
			return
		}
		if t.kind == word {
			switch {
			case string(t.text) == "obj" && last[0].kind == number && last[1].kind == number:
				if d.objects--; d.objects < 0 {
					d.cut = true
					return
				}
				d.object(&r, last[0].n)
			case string(t.text) == "trailer":
				d.trailer = r.pos
			}
		}
		last[0], last[1] = last[1], t
	}
}

// object reads one object to its end.
func (d *document) object(r *reader, id int) {
	r.inside, r.limit = true, r.endOfObject()
	defer func() { r.inside = false }()
	o := newDict()
	c := content{d: d, of: &o, id: id}
	for {
		t := r.next()
		switch {
		case t.kind == end, t.kind == word && string(t.text) == endObject:
		case t.kind == word && string(t.text) == "obj" && c.last[1].kind == number && c.last[2].kind == number:
			// The end of this object is missing: the next one begins with the
			// numbers just read.
			r.pos = c.last[1].at
		case t.kind == word && string(t.text) == "stream" && c.last[2].kind == dictEnd:
			d.stream(r, &o)
		default:
			c.take(t)
			continue
		}
		break
	}
	d.encrypted = d.encrypted || o.encrypt && o.kind == "XRef"
}

// readTrailer reads the dictionary behind the word trailer.
func (d *document) readTrailer(b []byte) {
	r := reader{b: b, inside: true, limit: len(b)}
	o := newDict()
	c := content{d: &document{}, of: &o, id: -1}
	for t := r.next(); t.kind != end && string(t.text) != "startxref"; t = r.next() {
		c.take(t)
	}
	d.encrypted = d.encrypted || o.encrypt
}

// stream goes past the stream of an object and reads it if it holds objects.
func (d *document) stream(r *reader, o *dict) {
	data := r.stream(o.length)
	if o.kind != "ObjStm" || o.foreign || o.first < 0 {
		return
	}
	for range o.filters {
		data = d.inflate(data)
	}
	if o.first >= len(data) {
		return
	}
	d.packed(data, o.first)
}

// packed reads an object stream: pairs of object number and offset, and from
// first on the objects.
func (d *document) packed(data []byte, first int) {
	ids := map[int]int{} // by place in data
	head := reader{b: data[:first]}
	for len(ids) < MaxObjects {
		id, offset := head.next(), head.next()
		if id.kind != number || offset.kind != number {
			break
		}
		ids[first+offset.n] = id.n
	}
	r := reader{b: data, pos: first, inside: true, limit: len(data)}
	o := newDict()
	c := content{d: d, of: &o, ids: ids}
	for t := r.next(); t.kind != end; t = r.next() {
		c.take(t)
	}
}

// A content follows the tokens of objects.
type content struct {
	d     *document
	of    *dict
	id    int         // the object's number, -1 without
	ids   map[int]int // several objects' numbers by place
	depth int         // of dictionaries
	last  [3]token    // before the current one, the newest last
	array bool        // within the array of Filter
}

// object returns the number of the object that is the token t and nothing
// else.
func (c *content) object(t token) (id int, ok bool) {
	if c.ids != nil {
		id, ok = c.ids[t.at]
		return id, ok && c.depth == 0
	}
	return c.id, c.id >= 0 && c.last[2].kind == end
}

// take looks at one token.
func (c *content) take(t token) {
	key := c.last[2]
	switch t.kind {
	case dictStart:
		if c.depth == 1 && key.is("Encrypt") {
			c.of.encrypt = true
		}
		c.depth++
	case dictEnd:
		c.depth = max(c.depth-1, 0)
	case text:
		c.text(t, key)
	case word:
		if string(t.text) == "R" && c.last[0].is("URI") && c.last[1].kind == number && key.kind == number {
			c.d.add(link{ref: c.last[1].n})
		}
	}
	if t.kind == number && t.n > 1 && key.is("Predictor") {
		c.of.foreign = true
	}
	if c.depth == 1 {
		c.entry(t, key)
	}
	c.last[0], c.last[1], c.last[2] = c.last[1], key, t
}

func (c *content) text(t, key token) {
	if id, ok := c.object(t); ok {
		c.d.keep(id, t.string())
	}
	if key.is("URI") {
		if s := strings.TrimSpace(t.string()); s != "" {
			c.d.add(link{text: s})
		}
	}
}

// entry looks at a token of the outermost dictionary.
func (c *content) entry(t, key token) {
	switch {
	case c.array && t.kind == arrayEnd:
		c.array = false
	case t.kind == arrayStart && key.is("Filter"):
		c.array = true
	case t.kind == name && (c.array || key.is("Filter")):
		c.of.filters++
		if !t.is("FlateDecode") || c.of.filters > maxFilters {
			c.of.foreign = true
		}
	case t.kind == name && key.is("Type"):
		c.of.kind = t.name()
	case t.kind == number && key.is("Length"):
		c.of.length = t.n
	case t.kind == number && key.is("First"):
		c.of.first = t.n
	case t.kind == number && key.is("Encrypt"):
		c.of.encrypt = true
	}
}
