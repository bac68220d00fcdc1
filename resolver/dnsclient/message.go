package dnsclient

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
)

// Layout of a message (RFC 1035 section 4.1, RFC 6891 section 6.1).
const (
	headerLen = 12
	optLen    = 11
	// maxQuery is the longest query: header, name, type, class, OPT.
	maxQuery = headerLen + 255 + 4 + optLen
	// maxJumps is how many pieces a name may have: as many as labels.
	maxJumps = 127
	// announced is the size of replies over UDP that are asked for.
	announced = 1232
)

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// A response is what a reply says about a question.
type response struct {
	rcode     int // with the bits of EDNS
	truncated bool
	authentic bool
	records   []resolver.Record // the CNAMEs from the question on, then the asked
	hops      int               // CNAMEs among records on the way
	next      string            // where the chain leads when its end is not there
	kind      resolver.Kind     // "", or why there are no records
	ttl       time.Duration     // of all of that
	kept      bool              // it is from the cache
}

var errMalformed = errors.New("malformed")

// parse reads a reply to the question (name as unpackName spells it) that ends
// at start. Its work is bounded by the reply's length, at most 64 KiB.
func parse(msg []byte, name string, qtype uint16, start int) (response, error) {
	r := response{rcode: int(msg[3] & 15), truncated: msg[2]&2 != 0, authentic: msg[3]&0x20 != 0}
	if r.truncated || len(msg) < start {
		return r, nil
	}
	counts := [3]int{}
	for i := range counts {
		counts[i] = int(binary.BigEndian.Uint16(msg[6+2*i:]))
	}
	s := sections{msg: msg, qname: name, qtype: qtype}
	off := start
	var err error
	for section, n := range counts {
		for range n {
			if off, err = s.read(section, off); err != nil {
				return r, err
			}
		}
	}
	r.rcode |= s.rcode << 4
	if r.rcode != dns.RcodeSuccess && r.rcode != dns.RcodeNameError {
		return r, nil
	}
	r.chain(&s)
	return r, nil
}

// sections are the records of a reply as far as they count.
type sections struct {
	msg   []byte
	qname string
	qtype uint16

	answers []resolver.Record
	soa     bool
	soaTTL  uint32 // how long "no" holds (RFC 2308 section 5)
	ns      bool
	rcode   int // the upper bits
}

// read reads a record of a section (0 answer, 1 authority, 2 additional) and
// returns the offset behind it.
func (s *sections) read(section, off int) (int, error) {
	owner := off
	off, err := skipName(s.msg, off)
	if err != nil || off+10 > len(s.msg) {
		return 0, errMalformed
	}
	head := s.msg[off:]
	rtype, class := binary.BigEndian.Uint16(head), binary.BigEndian.Uint16(head[2:])
	ttl := binary.BigEndian.Uint32(head[4:])
	data := off + 10
	end := data + int(binary.BigEndian.Uint16(head[8:]))
	if end > len(s.msg) {
		return 0, errMalformed
	}
	if ttl > 1<<31-1 { // RFC 2181 section 8
		ttl = 0
	}
	switch {
	case section == 2 && rtype == dns.TypeOPT:
		s.rcode = int(head[4])
	case class != dns.ClassINET:
	case section == 0 && (rtype == s.qtype || rtype == dns.TypeCNAME):
		r := resolver.Record{Type: rtype, TTL: ttl}
		if r.Name, err = s.name(owner); err != nil {
			return 0, err
		}
		if err := s.data(&r, data, end); err != nil {
			return 0, err
		}
		s.answers = append(s.answers, r)
	case section == 1 && rtype == dns.TypeSOA && !s.soa:
		r := resolver.Record{Type: rtype}
		if err := s.data(&r, data, end); err != nil {
			return 0, err
		}
		s.soa, s.soaTTL = true, min(ttl, r.Minimum)
	case section == 1 && rtype == dns.TypeNS:
		s.ns = true
	}
	return end, nil
}

// name reads the name at off; most owners point to the question.
func (s *sections) name(off int) (string, error) {
	if s.msg[off] == 0xc0 && s.msg[off+1] == headerLen {
		return s.qname, nil
	}
	name, _, err := unpackName(s.msg, off)
	return name, err
}

// data reads a record's data, msg[off:end].
func (s *sections) data(r *resolver.Record, off, end int) (err error) {
	msg := s.msg[:end]
	data := msg[off:]
	switch r.Type {
	case dns.TypeA:
		if len(data) == 4 {
			r.IP = netip.AddrFrom4([4]byte(data))
			return nil
		}
	case dns.TypeAAAA:
		if len(data) == 16 {
			r.IP = netip.AddrFrom16([16]byte(data))
			return nil
		}
	case dns.TypeMX:
		if len(data) > 2 {
			r.Preference = binary.BigEndian.Uint16(data)
			r.Host, off, err = unpackName(msg, off+2)
			return exactly(off, end, err)
		}
	case dns.TypeCNAME, dns.TypeNS, dns.TypePTR:
		r.Host, off, err = unpackName(msg, off)
		return exactly(off, end, err)
	case dns.TypeTXT:
		for len(data) > 0 {
			n := 1 + int(data[0])
			if n > len(data) {
				return errMalformed
			}
			r.Strings = append(r.Strings, string(data[1:n]))
			data = data[n:]
		}
		if len(r.Strings) > 0 {
			return nil
		}
	case dns.TypeSOA:
		if r.Host, off, err = unpackName(msg, off); err != nil {
			return err
		}
		if r.Mailbox, off, err = unpackName(msg, off); err != nil || off+20 != end {
			return errMalformed
		}
		for i, v := range []*uint32{&r.Serial, &r.Refresh, &r.Retry, &r.Expire, &r.Minimum} {
			*v = binary.BigEndian.Uint32(msg[off+4*i:])
		}
		return nil
	}
	return errMalformed
}

func exactly(off, end int, err error) error {
	if err == nil && off != end {
		err = errMalformed
	}
	return err
}

// supported reports whether records of the type can be read.
func supported(qtype uint16) bool {
	switch qtype {
	case dns.TypeA, dns.TypeAAAA, dns.TypeMX, dns.TypeCNAME, dns.TypeNS, dns.TypePTR, dns.TypeTXT, dns.TypeSOA:
		return true
	}
	return false
}

// skipName returns the offset behind a name.
func skipName(msg []byte, off int) (int, error) {
	for off < len(msg) {
		switch n := int(msg[off]); {
		case n == 0:
			return off + 1, nil
		case n >= 0xc0:
			if off+2 > len(msg) {
				return 0, errMalformed
			}
			return off + 2, nil
		case n > 63:
			return 0, errMalformed
		default:
			off += 1 + n
		}
	}
	return 0, errMalformed
}

// unpackName reads a name and returns it in the form of resolver.Canonical,
// with the offset behind it. A name may be in pieces (RFC 1035 section 4.1.4),
// each before the last; it is 255 bytes long at most.
func unpackName(msg []byte, off int) (string, int, error) {
	var room [128]byte
	b := room[:0]
	end, before, jumps := 0, off, 0
	for length := 1; ; {
		if off >= len(msg) {
			return "", 0, errMalformed
		}
		n := int(msg[off])
		off++
		switch {
		case n == 0:
			if end == 0 {
				end = off
			}
			if len(b) == 0 {
				return ".", end, nil
			}
			return string(b[:len(b)-1]), end, nil
		case n >= 0xc0:
			if off >= len(msg) {
				return "", 0, errMalformed
			}
			if end == 0 {
				end = off + 1
			}
			off = (n&0x3f)<<8 | int(msg[off])
			if jumps++; off >= before || jumps > maxJumps {
				return "", 0, errMalformed
			}
			before = off
		case n > 63 || off+n > len(msg) || length+n+1 > 255:
			return "", 0, errMalformed
		default:
			length += n + 1
			for _, c := range msg[off : off+n] {
				b = appendEscaped(b, lower(c))
			}
			b = append(b, '.')
			off += n
		}
	}
}

// appendEscaped writes a byte of a label as resolver.Canonical does.
func appendEscaped(b []byte, c byte) []byte {
	switch {
	case c == '.' || c == '\\':
		return append(b, '\\', c)
	case c <= ' ' || c >= 0x7f || c == '"' || c == ';' || c == '#':
		return append(b, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
	}
	return append(b, c)
}
