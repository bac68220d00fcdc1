package dnsclient

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

// An entry is a question and its reply as the cache keeps it:
//
//	when it came, 8 bytes   Unix time in nanoseconds
//	how long it holds       milliseconds
//	type, name
//	what it is              0: records, 1: authentic records, else an error's kind
//	detail of an error, or the number of records and the records
//
// Numbers are varints and strings stand behind their lengths, apart from the
// time.
type entry []byte

// kinds are the errors that are kept.
var kinds = [...]resolver.Kind{
	resolver.KindNXDomain, resolver.KindNoData, resolver.KindServFail, resolver.KindRefused,
	resolver.KindLame, resolver.KindMalformed, resolver.KindTruncated, resolver.KindLoop,
}

const firstKind = 2

// What a packed record has.
const (
	hasName = 1 << iota // not the question's
	hasType             // not the question's
	hasIP
	hasHost
	hasPreference
	hasStrings
	hasSOA
)

// packEntry reports whether the reply can be kept.
func packEntry(q resolver.Question, r resolver.Reply, now time.Time, ttl time.Duration) (entry, bool) {
	b := make([]byte, 0, 128)
	b = binary.LittleEndian.AppendUint64(b, uint64(now.UnixNano()))
	b = binary.AppendUvarint(b, uint64(max(ttl/time.Millisecond, 1)))
	b = binary.AppendUvarint(b, uint64(q.Type))
	b = appendString(b, q.Name)
	if r.Err != nil {
		e, ok := r.Err.(*resolver.Error)
		if !ok {
			return nil, false
		}
		kind := slices.Index(kinds[:], e.Kind)
		return appendString(append(b, byte(firstKind+kind)), e.Detail), kind >= 0
	}
	authentic := byte(0)
	if r.Answer.Authentic {
		authentic = 1
	}
	b = binary.AppendUvarint(append(b, authentic), uint64(len(r.Answer.Records)))
	for i := range r.Answer.Records {
		b = appendRecord(b, q, &r.Answer.Records[i])
	}
	return b, true
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendRecord(b []byte, q resolver.Question, r *resolver.Record) []byte {
	var has byte
	for _, f := range [...]struct {
		bit byte
		set bool
	}{
		{hasName, r.Name != q.Name}, {hasType, r.Type != q.Type}, {hasIP, r.IP.IsValid()}, {hasHost, r.Host != ""},
		{hasPreference, r.Preference != 0}, {hasStrings, r.Strings != nil}, {hasSOA, r.Type == resolver.TypeSOA},
	} {
		if f.set {
			has |= f.bit
		}
	}
	b = binary.AppendUvarint(append(b, has), uint64(r.TTL))
	if has&hasName != 0 {
		b = appendString(b, r.Name)
	}
	if has&hasType != 0 {
		b = binary.AppendUvarint(b, uint64(r.Type))
	}
	if has&hasIP != 0 {
		b = appendString(b, string(r.IP.AsSlice()))
	}
	if has&hasHost != 0 {
		b = appendString(b, r.Host)
	}
	if has&hasPreference != 0 {
		b = binary.AppendUvarint(b, uint64(r.Preference))
	}
	if has&hasStrings != 0 {
		b = binary.AppendUvarint(b, uint64(len(r.Strings)))
		for _, s := range r.Strings {
			b = appendString(b, s)
		}
	}
	if has&hasSOA != 0 {
		b = appendString(b, r.Mailbox)
		for _, v := range [...]uint32{r.Serial, r.Refresh, r.Retry, r.Expire, r.Minimum} {
			b = binary.AppendUvarint(b, uint64(v))
		}
	}
	return b
}

func (e entry) stored() time.Time { return time.Unix(0, int64(binary.LittleEndian.Uint64(e))) }

// over reports whether the reply does not hold any more.
func (e entry) over(now time.Time) bool {
	ttl, _ := binary.Uvarint(e[8:])
	return now.Sub(e.stored()) >= time.Duration(ttl)*time.Millisecond
}

// answers reports whether it is that question's entry.
func (e entry) answers(q resolver.Question) bool {
	r := reader{bytes: e[8:]}
	r.number()
	return r.number() == uint64(q.Type) && string(r.next()) == q.Name
}

// reply unpacks the reply to q, with what is left of its TTLs. Nobody else has
// a part in its memory.
func (e entry) reply(q resolver.Question, now time.Time) resolver.Reply {
	r := reader{bytes: e[8:]}
	r.number()
	r.number()
	r.next()
	what := r.number()
	if what >= firstKind {
		return resolver.Reply{Err: fail(q, kinds[what-firstKind], string(r.next()))}
	}
	a := resolver.Answer{Authentic: what == 1, Records: make([]resolver.Record, r.number())}
	r.text = string(r.bytes)
	age := uint32(min(max(0, now.Sub(e.stored())/time.Second), 1<<31))
	for i := range a.Records {
		r.record(q, &a.Records[i])
		a.Records[i].TTL -= min(a.Records[i].TTL, age)
	}
	return resolver.Reply{Answer: a}
}

// A reader reads an entry.
type reader struct {
	bytes []byte
	text  string // the end of the entry, of which bytes is the end: strings are parts of it
}

func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.bytes)
	r.bytes = r.bytes[n:]
	return v
}

// next reads a string.
func (r *reader) next() []byte {
	n := r.number()
	b := r.bytes[:n]
	r.bytes = r.bytes[n:]
	return b
}

// string reads a string as a part of text.
func (r *reader) string() string {
	n := len(r.next())
	end := len(r.text) - len(r.bytes)
	return r.text[end-n : end]
}

func (r *reader) record(q resolver.Question, rec *resolver.Record) {
	has := r.bytes[0]
	r.bytes = r.bytes[1:]
	rec.Name, rec.Type, rec.TTL = q.Name, q.Type, uint32(r.number())
	if has&hasName != 0 {
		rec.Name = r.string()
	}
	if has&hasType != 0 {
		rec.Type = uint16(r.number())
	}
	if has&hasIP != 0 {
		rec.IP, _ = netip.AddrFromSlice(r.next())
	}
	if has&hasHost != 0 {
		rec.Host = r.string()
	}
	if has&hasPreference != 0 {
		rec.Preference = uint16(r.number())
	}
	if has&hasStrings != 0 {
		rec.Strings = make([]string, r.number())
		for i := range rec.Strings {
			rec.Strings[i] = r.string()
		}
	}
	if has&hasSOA != 0 {
		rec.Mailbox = r.string()
		for _, v := range [...]*uint32{&rec.Serial, &rec.Refresh, &rec.Retry, &rec.Expire, &rec.Minimum} {
			*v = uint32(r.number())
		}
	}
}
