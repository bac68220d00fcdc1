package winnow

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/emersion/go-message/textproto"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/header"
)

// Apply makes the header changes of a verdict and returns the message with
// them. It changes neither raw nor the bytes of the body; where there is
// nothing to change it returns raw itself.
//
// The fields are those that package mail sees, so an edit finds what a check
// found. Every Index counts the fields as they were received, whatever other
// edits do (see actions.HeaderEdit). The removal of all fields of a name also
// takes those that earlier edits added. Lines that are no field stay where they
// are, unless a more lenient reader would take one for a field of a name that
// the edits are about ("X-Sp am: No").
//
// What is added is folded, and its lines end as those of the header do: with LF
// where the header has no CRLF, else with CRLF. White space before the header
// is removed, an mbox "From " line stays on top, and an empty line ends the
// header where package mail saw it end. A message without any field is all body
// and gets a header. One that would be left without a field gets an empty
// Comments field (RFC 5322 section 3.6.5), since its body could otherwise be
// read as a header.
//
// An error tells of an edit that cannot be made: a name that is no field name,
// a NUL byte, or a line end that is no fold. It never depends on raw.
func Apply(raw []byte, edits []actions.HeaderEdit) ([]byte, error) {
	plan, err := planEdits(edits)
	if err != nil {
		return nil, err
	}
	h := findHeader(raw)
	h.each(func(lines []byte) {
		if name := fieldName(lines); name != nil {
			plan.count(name)
		}
	})
	plan.settle()
	if plan.fields == 0 {
		h.makeBody(plan)
	}
	out := h.edit(plan)
	if !plan.changed {
		return raw, nil
	}
	return slices.Concat(out, h.body), nil
}

// ApplyHeader makes the same changes to a header of go-message; fields that are
// added are folded with CRLF. An error leaves the header as it is. It is either
// one of Apply's or tells of a field that the header cannot write.
func ApplyHeader(h *textproto.Header, edits []actions.HeaderEdit) error {
	plan, err := planEdits(edits)
	if err != nil {
		return err
	}
	var fields [][]byte
	for it := h.Fields(); it.Next(); {
		raw, err := it.Raw()
		if err != nil {
			return fmt.Errorf("winnow: header field %.40q: %w", it.Key(), err)
		}
		fields = append(fields, raw)
		if name := fieldName(raw); name != nil {
			plan.count(name)
		}
	}
	plan.settle()
	var kept [][]byte
	add := func(field string) { kept = append(kept, []byte(field)) }
	n := 0
	for _, raw := range fields {
		switch name := fieldName(raw); {
		case name == nil:
			if plan.disguised(raw) {
				continue
			}
		default:
			n++
			plan.before(n, "\r\n", add)
			if plan.removes(name, raw) {
				continue
			}
		}
		kept = append(kept, raw)
	}
	plan.before(plan.fields+1, "\r\n", add)
	if !plan.changed {
		return nil
	}
	var out textproto.Header
	for i := len(kept) - 1; i >= 0; i-- { // AddRaw puts a field on top
		out.AddRaw(kept[i])
	}
	*h = out
	return nil
}

// A rawHeader is a message cut where its header is edited.
type rawHeader struct {
	mbox  []byte
	block []byte // of lines, without the empty one
	body  []byte
	rest  []byte // everything behind the mbox line
	eol   string
}

func findHeader(raw []byte) *rawHeader {
	start, mbox, behind := header.Begin(raw)
	h := &rawHeader{mbox: raw[mbox:behind], rest: raw[behind:]}
	b := raw[start:]
	end, body, ok := header.End(b)
	if !ok && header.LooksLike(b) {
		end, body = len(b), len(b)
	}
	h.block, h.body = b[:end], b[body:]
	h.eol = lineEndOf(b[:body])
	return h
}

// lineEndOf returns the line end of new fields. CRLF is the choice wherever
// the header has one: an odd line end elsewhere must not hide what is added
// from readers that know only CRLF.
func lineEndOf(block []byte) string {
	if bytes.IndexByte(block, '\n') >= 0 && !bytes.Contains(block, []byte("\r\n")) {
		return "\n"
	}
	return "\r\n"
}

// makeBody treats a message without a field as all body; an empty line that it
// begins with ends the header that it does not have (RFC 5322 section 2.1). A
// header is made where some reader would find in it what the edits are about.
func (h *rawHeader) makeBody(p *headerPlan) {
	if len(h.block) == 0 {
		h.block = h.body
	}
	h.each(func(lines []byte) { p.disguised(lines) })
	n := header.LineEnd(h.rest, 0)
	h.block, h.body = nil, h.rest[n:]
	h.eol = lineEndOf(h.rest[:header.LineAfter(h.rest, 0)])
}

// each calls f with every line of the header block and the lines that are
// folded to it.
func (h *rawHeader) each(f func(lines []byte)) {
	for b := h.block; len(b) > 0; {
		n := header.FoldEnd(b, header.LineAfter(b, 0))
		f(b[:n])
		b = b[n:]
	}
}

// edit writes everything up to the body.
func (h *rawHeader) edit(p *headerPlan) []byte {
	size := len(h.mbox) + len(h.block) + 64
	for i := range p.adds {
		size += len(p.adds[i].name) + len(p.adds[i].value) + 8
	}
	out := append(make([]byte, 0, size), h.mbox...)
	top := len(out)
	add := func(field string) { out = append(h.endLine(out, top), field...) }
	n := 0
	p.before(1, h.eol, add)
	h.each(func(lines []byte) {
		name := fieldName(lines)
		switch {
		case name != nil:
			if n++; n > 1 {
				p.before(n, h.eol, add)
			}
			if !p.removes(name, lines) {
				out = append(out, lines...)
			}
			if n == p.fields {
				p.before(n+1, h.eol, add)
			}
		case p.disguised(lines) || len(out) == top && beginsBadly(lines):
		default:
			out = append(out, lines...)
		}
	})
	if len(out) == top {
		out = append(out, "Comments:"+h.eol...)
	}
	return append(h.endLine(out, top), h.eol...)
}

// endLine ends the last line where it has no end. A bare CR becomes CRLF: an LF
// that follows would become a part of it, and to many readers it is no end.
func (h *rawHeader) endLine(out []byte, top int) []byte {
	switch {
	case len(out) == top || out[len(out)-1] == '\n':
		return out
	case out[len(out)-1] == '\r':
		return append(out, '\n')
	}
	return append(out, h.eol...)
}

// beginsBadly reports whether lines that are no field would be passed over as
// what stands before a header, once they are its first, and more with them.
func beginsBadly(lines []byte) bool {
	start, _, _ := header.Begin(lines)
	return start > 0 || header.Mbox(lines)
}
