package history

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/mail"
)

// A description says what the rows of a block have: hashes of their terms, and
// between which times they were scanned. Two terms with one hash cost a search some
// reading and nothing else.
type description struct {
	block    uint64
	from, to int64 // seconds since 1970
	hashes   []uint32
}

func newDescription(b uint64) *description {
	return &description{block: b, from: 1 << 62, to: -1 << 62}
}

func (d *description) add(r *Row) {
	d.from, d.to = min(d.from, int64(r.UnixTime)), max(d.to, int64(r.UnixTime))
	for _, t := range terms(r) {
		d.hashes = append(d.hashes, hashOf(t))
	}
}

func hashOf(term string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(term))
	return h.Sum32()
}

// descriptionVersion changes with what terms and marshal do.
const descriptionVersion = 1

func (d *description) marshal() []byte {
	slices.Sort(d.hashes)
	d.hashes = slices.Compact(d.hashes)
	b := binary.AppendUvarint([]byte{descriptionVersion}, d.block)
	b = binary.AppendVarint(binary.AppendVarint(b, d.from), d.to)
	last := uint32(0)
	for _, h := range d.hashes {
		b = binary.AppendUvarint(b, uint64(h-last))
		last = h
	}
	return b
}

// parseDescription reads what marshal wrote. Of anything else nothing is known.
func parseDescription(data []byte) (d description, ok bool) {
	if len(data) == 0 || data[0] != descriptionVersion {
		return d, false
	}
	data = data[1:]
	ok = true
	number := func(read func([]byte) (int64, int)) int64 {
		v, n := read(data)
		if n <= 0 {
			ok, data = false, nil
			return 0
		}
		data = data[n:]
		return v
	}
	unsigned := func(b []byte) (int64, int) {
		v, n := binary.Uvarint(b)
		return int64(v), n
	}
	d.block = uint64(number(unsigned))
	d.from, d.to = number(binary.Varint), number(binary.Varint)
	sum := int64(0)
	for ok && len(data) > 0 {
		v := number(unsigned)
		if sum += v; v < 0 || sum < 0 || sum > 1<<32-1 {
			return d, false
		}
		d.hashes = append(d.hashes, uint32(sum))
	}
	return d, ok
}

// may reports whether a row of the block may be one that is looked for.
func (d *description) may(f filter) bool {
	if !f.from.IsZero() && d.to < f.from.Unix() || !f.to.IsZero() && d.from > f.to.Unix() {
		return false
	}
	return !slices.ContainsFunc(f.terms, func(t string) bool {
		_, found := slices.BinarySearch(d.hashes, hashOf(t))
		return !found
	})
}

// A filter is what a shelf knows of a search: terms all of which a row has, and when
// it was scanned (zero: it does not matter). skip rows are left out from the start;
// it is 0 where anything else is set.
type filter struct {
	terms    []string
	from, to time.Time
	skip     int
}

func (f *filter) selects() bool { return len(f.terms) > 0 || !f.from.IsZero() || !f.to.IsZero() }

// Terms of each kind begin with a letter of their own.
func idTerm(id string) string         { return "i" + id }
func messageTerm(id string) string    { return "m" + id }
func addressTerm(a string) string     { return "a" + strings.ToLower(mail.AddressKey(a)) }
func symbolTerm(name string) string   { return "s" + name }
func actionTerm(action string) string { return "x" + action }

// terms are what a row can be found by.
func terms(r *Row) []string {
	list := []string{messageTerm(r.MessageID), actionTerm(r.Action)}
	for _, id := range []string{r.QueueID, r.Digest, r.Transcript} {
		if id != "" {
			list = append(list, idTerm(id))
		}
	}
	for _, a := range slices.Concat([]string{r.SenderSMTP, r.SenderMIME, r.User}, r.RcptSMTP, r.RcptMIME) {
		if a != "" && a != "unknown" {
			list = append(list, addressTerm(a))
		}
	}
	symbols := func(s Symbols) {
		for name := range s {
			list = append(list, symbolTerm(name))
		}
	}
	symbols(r.Symbols)
	for _, v := range r.Own {
		list = append(list, actionTerm(v.Action))
		symbols(v.Symbols)
	}
	return list
}
